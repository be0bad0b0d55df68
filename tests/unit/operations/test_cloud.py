"""What AWS is asked, against moto inside of this process: no socket is opened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws
from tests.unit.operations.clocks import StandingClock

from files_api.operations.cloud import Cloud
from files_api.operations.cloud.images import Images
from files_api.operations.cloud.parameters import Parameters
from files_api.operations.errors import OperationError
from files_api.operations.image_building import publish
from files_api.operations.log_tail import follow, read_events
from files_api.operations.naming import Environment
from files_api.operations.pruning import images_in_use, prune

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.thorough

GROUP = "/files-api/dev/service"
SECRET = "/files-api/dev/secrets/openai-api-key"
DEV = Environment("dev")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield Cloud()


def _image(cloud: Cloud, name: str, *, ours: bool = True) -> str:
    # A copy of one of moto's: what is registered has no architecture there.
    source = cloud.ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]
    image_id = cloud.ec2.copy_image(Name=name, SourceImageId=source["ImageId"], SourceRegion="eu-central-1")[
        "ImageId"
    ]
    if ours:
        cloud.ec2.create_tags(Resources=[image_id], Tags=[{"Key": "Project", "Value": "files-api"}])
    return image_id


def test_a_parameter_is_made_and_then_changed(cloud: Cloud) -> None:
    parameters = Parameters(cloud.ssm)

    parameters.write("/a", "1", "first")
    parameters.write("/a", "2", "second")

    assert parameters.read("/a") == "2"
    assert [(one.number, one.value, one.description) for one in parameters.history("/a")] == [
        (1, "1", "first"),
        (2, "2", "second"),
    ]


def test_a_parameter_that_is_not_there_has_neither_value_nor_history(cloud: Cloud) -> None:
    parameters = Parameters(cloud.ssm)

    assert parameters.read("/a") is None
    assert parameters.history("/a") == []


def test_a_secret_keeps_its_encryption_key(cloud: Cloud) -> None:
    cloud.ssm.put_parameter(Name=SECRET, Value="-", Type="SecureString", KeyId="alias/files-api-dev-data")

    assert Parameters(cloud.ssm).replace_secret(SECRET, "sk-new")

    (described,) = cloud.ssm.describe_parameters()["Parameters"]
    assert described["KeyId"] == "alias/files-api-dev-data"
    assert cloud.ssm.get_parameter(Name=SECRET, WithDecryption=True)["Parameter"]["Value"] == "sk-new"


def test_a_secret_is_never_put_where_everybody_can_read_it(cloud: Cloud) -> None:
    cloud.ssm.put_parameter(Name=SECRET, Value="-", Type="String")

    assert not Parameters(cloud.ssm).replace_secret(SECRET, "sk-new")
    assert cloud.ssm.get_parameter(Name=SECRET)["Parameter"]["Value"] == "-"


def test_a_secret_is_not_made_where_terraform_has_made_none(cloud: Cloud) -> None:
    assert not Parameters(cloud.ssm).replace_secret(SECRET, "sk-new")


def test_a_built_image_is_written_for_each_fleet(cloud: Cloud) -> None:
    image_id = _image(cloud, "files-api-1")

    publish(DEV, Images(cloud.ec2), Parameters(cloud.ssm), [image_id], lambda _line: None)

    for fleet in ("blue", "green"):
        assert Parameters(cloud.ssm).read(f"/files-api/dev/ami/{fleet}/x86_64") == image_id


def test_an_image_that_is_not_there_is_not_written(cloud: Cloud) -> None:
    with pytest.raises(OperationError, match="ami-0123456789abcdef0 is not there"):
        publish(DEV, Images(cloud.ec2), Parameters(cloud.ssm), ["ami-0123456789abcdef0"], lambda _line: None)


def test_an_image_that_an_instance_runs_is_in_use(cloud: Cloud) -> None:
    image_id = _image(cloud, "running")
    cloud.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1)

    assert image_id in images_in_use(cloud.ec2, cloud.autoscaling, Parameters(cloud.ssm))


def test_an_image_of_a_version_that_a_group_names_is_in_use(cloud: Cloud) -> None:
    named, newest = _image(cloud, "named"), _image(cloud, "newest")
    cloud.ec2.create_launch_template(LaunchTemplateName="files-api", LaunchTemplateData={"ImageId": named})
    cloud.ec2.create_launch_template_version(
        LaunchTemplateName="files-api", LaunchTemplateData={"ImageId": newest}
    )
    cloud.ec2.modify_launch_template(LaunchTemplateName="files-api", DefaultVersion="2")
    cloud.autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="files-api-dev-blue",
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=0,
        AvailabilityZones=["eu-central-1a"],
        LaunchTemplate={"LaunchTemplateName": "files-api", "Version": "1"},
    )

    assert {named, newest} <= images_in_use(cloud.ec2, cloud.autoscaling, Parameters(cloud.ssm))


def test_an_image_that_may_be_gone_back_to_is_in_use(cloud: Cloud) -> None:
    parameters = Parameters(cloud.ssm)
    for image_id in ("ami-before", "ami-now"):
        parameters.write(DEV.ami_parameter("blue", "x86_64"), image_id, "")

    assert {"ami-before", "ami-now"} <= images_in_use(cloud.ec2, cloud.autoscaling, parameters)


def test_other_parameters_name_no_images(cloud: Cloud) -> None:
    Parameters(cloud.ssm).write("/files-api/dev/settings/FILES_API_BUCKET", "files", "")

    used = images_in_use(cloud.ec2, cloud.autoscaling, Parameters(cloud.ssm))

    assert "files" not in used


def test_pruning_removes_our_old_images_with_their_snapshots_and_no_others(cloud: Cloud) -> None:
    foreign = _image(cloud, "foreign", ours=False)
    images = [_image(cloud, f"files-api-{number}") for number in range(3)]
    lines: list[str] = []
    newest, *old = [image.image_id for image in Images(cloud.ec2).ours()]
    snapshots = {
        one for image in Images(cloud.ec2).ours() if image.image_id in old for one in image.snapshots
    }
    assert snapshots

    prune(Images(cloud.ec2), set(), 1, lines.append, dry_run=False)

    left = {image["ImageId"] for image in cloud.ec2.describe_images(Owners=["self"])["Images"]}
    assert left & {*images, foreign} == {newest, foreign}
    described = cloud.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    assert not snapshots & {snapshot["SnapshotId"] for snapshot in described}
    assert len(lines) == 2


def test_a_dry_run_removes_nothing(cloud: Cloud) -> None:
    lines: list[str] = []
    for number in range(2):
        _image(cloud, f"files-api-{number}")

    prune(Images(cloud.ec2), set(), 1, lines.append, dry_run=True)

    assert len(Images(cloud.ec2).ours()) == 2
    assert lines[0].startswith("would remove ami-")


def _log(cloud: Cloud, moment: datetime, *messages: str) -> None:
    cloud.logs.put_log_events(
        logGroupName=GROUP,
        logStreamName="i-1",
        logEvents=[{"timestamp": int(moment.timestamp() * 1000), "message": message} for message in messages],
    )


@pytest.fixture
def log_group(cloud: Cloud) -> None:
    cloud.logs.create_log_group(logGroupName=GROUP)
    cloud.logs.create_log_stream(logGroupName=GROUP, logStreamName="i-1")


@pytest.mark.usefixtures("log_group")
def test_lines_of_a_log_have_their_time(cloud: Cloud) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    _log(cloud, moment, '{"event": "request"}\n')

    ((_, line),) = read_events(cloud.logs, GROUP, moment - timedelta(seconds=1), "")

    assert line == f'{moment:%Y-%m-%dT%H:%M:%S}.000Z {{"event": "request"}}'


@pytest.mark.usefixtures("log_group")
def test_older_lines_are_left_out(cloud: Cloud) -> None:
    now = datetime.now(UTC)
    _log(cloud, now - timedelta(minutes=2), "old")
    _log(cloud, now, "new")

    lines = [line for _, line in read_events(cloud.logs, GROUP, now - timedelta(minutes=1), "")]

    assert [line.rpartition(" ")[2] for line in lines] == ["new"]


@pytest.mark.usefixtures("log_group")
def test_a_log_that_is_followed_shows_each_line_once_and_those_that_come(cloud: Cloud) -> None:
    class WritingClock(StandingClock):
        def now(self) -> datetime:
            return datetime.now(UTC)

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            _log(cloud, self.now(), f"after-{len(self.slept)}")

    now = datetime.now(UTC)
    _log(cloud, now, "first")

    lines = islice(follow(cloud.logs, GROUP, now - timedelta(seconds=1), "", WritingClock()), 3)

    assert [line.rpartition(" ")[2] for line in lines] == ["first", "after-1", "after-2"]


def test_the_region_is_found_as_terraform_finds_it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cloud.region == "eu-central-1"

    monkeypatch.setenv("AWS_REGION", "eu-west-1")

    assert Cloud().region == "eu-west-1"
    assert Cloud().ec2.meta.region_name == "eu-west-1"
