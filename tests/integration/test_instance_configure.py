"""`files-api-instance configure` as a process: from SSM, metadata and user data to the service's environment."""

from __future__ import annotations

import grp
import os
import socket
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.instance_aws import REGION
from tests.integration.instance_host import COMMAND, Instance, launched_instance
from tests.integration.log_schema import problems_of
from tests.integration.stack import Log

from files_api.environment_file import read_environment_file
from files_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.thorough

GROUP = grp.getgrgid(os.getgid()).gr_name
SETTINGS = {"FILES_API_BUCKET": "files", "FILES_API_ACCESS": "keys", "FILES_API_KEYS_TABLE": 'k"e$y`s\\'}


@pytest.fixture
def instance() -> Iterator[Instance]:
    with launched_instance() as launched:
        yield launched


@dataclass
class Disk:
    """What is under /etc/files-api."""

    folder: Path

    @property
    def instance(self) -> Path:
        return self.folder / "instance"

    @property
    def environment(self) -> Path:
        return self.folder / "environment"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    made = Disk(tmp_path)
    made.instance.write_text(
        f"ENVIRONMENT=tests\nAWS_REGION={REGION}\nPARAMETERS=/files-api/tests\n", encoding="utf-8"
    )
    return made


@pytest.fixture
def put_settings(instance: Instance) -> Iterator[Callable[..., None]]:
    """Writes parameters, as Terraform does; they are gone after the test, since moto has one Parameter Store."""
    ssm = instance.aws.client("ssm")
    names: set[str] = set()

    def put(kind: str = "String", **settings: str) -> None:
        for name, value in settings.items():
            path = f"/files-api/tests/settings/{name}"
            names.add(path)
            ssm.put_parameter(Name=path, Value=value, Type=kind, Overwrite=True)

    yield put
    for name in names:
        ssm.delete_parameter(Name=name)


def configure(
    instance: Instance, disk: Disk, group: str = GROUP, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(*COMMAND, "configure", "--instance-file", str(disk.instance)),
            *("--settings-file", str(disk.environment), "--group", group),
        ],
        env={**instance.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def told_by(ended: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """The lines that a program wrote, each as the schema of the log wants it."""
    log = Log()
    log.read_from(ended.stderr.splitlines())
    assert [problem for line in log.lines for problem in problems_of(line)] == []
    return log.records()


def test_the_settings_of_ssm_become_the_services_environment(
    instance: Instance, disk: Disk, put_settings: Callable[..., None]
) -> None:
    # More than a page of ten, which is the most that SSM gives at a time.
    more = {f"FILES_API_S3_ATTEMPTS_{number}": str(number) for number in range(12)}
    put_settings(**SETTINGS, **more)

    ended = configure(instance, disk)

    assert ended.returncode == 0, ended.stderr
    written = read_environment_file(disk.environment)
    assert written == {**SETTINGS, **more, "AWS_REGION": REGION, "FILES_API_ENVIRONMENT": "tests"}
    assert Settings.from_env(written).keys_table == SETTINGS["FILES_API_KEYS_TABLE"]
    told = told_by(ended)
    assert told[-1]["event"] == "instance_configured"
    assert [line["setting"] for line in told[:-1]] == sorted(more), "what this image does not know is told"


def test_the_file_is_for_root_and_the_service_and_nothing_else_is_left(
    instance: Instance, disk: Disk, put_settings: Callable[..., None]
) -> None:
    put_settings(**SETTINGS)

    configure(instance, disk)

    status = disk.environment.stat()
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())
    assert sorted(entry.name for entry in disk.folder.iterdir()) == ["environment", "instance"]


def refused_for(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    (line,) = told_by(ended)
    assert line["event"] == "instance_not_configured"
    cause: str = line["cause"]
    return cause


def test_settings_that_the_service_would_refuse_leave_what_was_there(
    instance: Instance, disk: Disk, put_settings: Callable[..., None]
) -> None:
    put_settings(**SETTINGS)
    configure(instance, disk)
    before = disk.environment.read_bytes()
    put_settings(FILES_API_ACCESS="everybody")

    assert refused_for(configure(instance, disk)).startswith("FILES_API_ACCESS must be")
    assert disk.environment.read_bytes() == before


def test_no_parameters_are_refused(instance: Instance, disk: Disk) -> None:
    assert (
        refused_for(configure(instance, disk)) == "There are no parameters under /files-api/tests/settings."
    )


def test_a_secret_is_refused(instance: Instance, disk: Disk, put_settings: Callable[..., None]) -> None:
    put_settings(kind="SecureString", FILES_API_BUCKET="files")

    assert "is a SecureString" in refused_for(configure(instance, disk))
    assert not disk.environment.exists()


def test_no_instance_file_is_refused(instance: Instance, disk: Disk) -> None:
    disk.instance.unlink()

    assert "cannot be read: No such file or directory" in refused_for(configure(instance, disk))


def test_a_group_that_is_not_there_is_refused(
    instance: Instance, disk: Disk, put_settings: Callable[..., None]
) -> None:
    put_settings(**SETTINGS)

    assert refused_for(configure(instance, disk, group="nobody-there")) == "There is no group 'nobody-there'."


def test_metadata_that_is_silent_is_refused(
    instance: Instance, disk: Disk, put_settings: Callable[..., None]
) -> None:
    put_settings(**SETTINGS)
    instance.metadata.silence()

    assert refused_for(configure(instance, disk)).startswith("The instance metadata service does not tell")


def test_a_region_that_does_not_answer_is_refused(instance: Instance, disk: Disk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    ended = configure(instance, disk, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")

    assert refused_for(ended).startswith("GetParametersByPath failed: EndpointConnectionError")


def test_an_endpoint_that_is_none_is_wrong_usage(instance: Instance, disk: Disk) -> None:
    ended = configure(instance, disk, AWS_EC2_METADATA_SERVICE_ENDPOINT="imds")

    assert ended.returncode == 2
    assert "'imds' is not an http URL" in ended.stderr
