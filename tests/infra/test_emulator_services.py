"""What the extension adds to moto beside instance refreshes, and that it refuses a moto that has learnt it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import moto
import pytest
from botocore.exceptions import ClientError
from tests.infra.emulated_aws import ROOT, own_environment
from tests.infra.emulator import gaps, journal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infra.emulated_aws import EmulatedAws


@pytest.fixture
def topic(empty_aws: EmulatedAws) -> str:
    arn: str = empty_aws.client("sns").create_topic(Name="topic")["TopicArn"]
    return arn


def _metric_alarm(cloudwatch: Any, name: str) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="tests",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )


def test_a_composite_alarm_tells_its_rule_and_follows_it(empty_aws: EmulatedAws, topic: str) -> None:
    cloudwatch = empty_aws.client("cloudwatch")
    for name in ("one", "two"):
        _metric_alarm(cloudwatch, name)
    cloudwatch.put_composite_alarm(
        AlarmName="both",
        AlarmDescription="Both of them.",
        AlarmRule='ALARM("one") AND (ALARM(two) OR FALSE)',
        AlarmActions=[topic],
        ActionsSuppressor="one",
        ActionsSuppressorWaitPeriod=60,
        ActionsSuppressorExtensionPeriod=120,
    )

    def described() -> Any:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=["both"], AlarmTypes=["CompositeAlarm"])[
            "CompositeAlarms"
        ]
        return alarm

    assert described()["AlarmDescription"] == "Both of them."
    assert described()["AlarmActions"] == [topic]
    assert described()["ActionsSuppressorExtensionPeriod"] == 120
    states = []
    for name in ("one", "two"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="tests")
        states.append(described()["StateValue"])
    assert states == ["OK", "ALARM"]
    # By hand, until its rule says something else.
    cloudwatch.set_alarm_state(AlarmName="both", StateValue="OK", StateReason="tests")
    assert described()["StateValue"] == "OK"
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(AlarmName="one", StateValue=state, StateReason="tests")
        assert described()["StateValue"] == state
    assert "CompositeAlarms" not in cloudwatch.describe_alarms(AlarmNames=["both"])
    cloudwatch.delete_alarms(AlarmNames=["both", "one", "two"])


def test_saved_queries_are_kept_until_they_are_deleted(empty_aws: EmulatedAws) -> None:
    logs = empty_aws.client("logs")
    made = logs.put_query_definition(name="files/slow", queryString="fields @message", logGroupNames=["a"])

    (found,) = logs.describe_query_definitions(queryDefinitionNamePrefix="files/")["queryDefinitions"]

    assert (found["queryDefinitionId"], found["queryString"]) == (
        made["queryDefinitionId"],
        "fields @message",
    )
    assert logs.delete_query_definition(queryDefinitionId=made["queryDefinitionId"])["success"]
    assert not logs.describe_query_definitions()["queryDefinitions"]


def test_a_rule_of_a_security_group_keeps_its_description_and_can_be_changed(empty_aws: EmulatedAws) -> None:
    ec2 = empty_aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    first, second = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("a", "b")
    )
    made = ec2.authorize_security_group_ingress(
        GroupId=first,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 8000,
                "ToPort": 8000,
                "UserIdGroupPairs": [{"GroupId": second, "Description": "from b"}],
            }
        ],
    )
    rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def described() -> Any:
        return ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"][0]

    assert described()["Description"] == "from b"
    ec2.modify_security_group_rules(
        GroupId=first,
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rule,
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 1,
                    "ToPort": 2,
                    "ReferencedGroupId": first,
                    "Description": "itself",
                },
            }
        ],
    )
    assert (described()["Description"], described()["FromPort"]) == ("itself", 1)
    assert described()["ReferencedGroupInfo"]["GroupId"] == first


def test_a_lifecycle_comes_back_whole(empty_aws: EmulatedAws) -> None:
    s3 = empty_aws.client("s3")
    s3.create_bucket(Bucket="lifecycle", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    rules = [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {
                "And": {"Prefix": "a/", "ObjectSizeGreaterThan": 131072, "Tags": [{"Key": "k", "Value": "v"}]}
            },
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 5},
            "Transitions": [{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}],
        },
        {
            "ID": "parts",
            "Status": "Enabled",
            "Filter": {},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    ]

    s3.put_bucket_lifecycle_configuration(Bucket="lifecycle", LifecycleConfiguration={"Rules": rules})

    assert s3.get_bucket_lifecycle_configuration(Bucket="lifecycle")["Rules"] == rules


def test_a_policy_for_tls_alone_denies_nothing_on_the_loopback_interface(empty_aws: EmulatedAws) -> None:
    s3 = empty_aws.client("s3")
    s3.create_bucket(Bucket="tls", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    deny = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Principal": "*",'
        ' "Resource": "arn:aws:s3:::tls/*"%s}]}'
    )

    s3.put_bucket_policy(
        Bucket="tls", Policy=deny % ', "Condition": {"Bool": {"aws:SecureTransport": "false"}}'
    )
    s3.put_object(Bucket="tls", Key="k", Body=b"x")

    # An unconditional one still does.
    s3.put_bucket_policy(Bucket="tls", Policy=deny % "")
    with pytest.raises(ClientError, match="403"):
        s3.put_object(Bucket="tls", Key="k", Body=b"x")


def test_a_version_of_a_launch_template_has_what_its_source_has(empty_aws: EmulatedAws) -> None:
    ec2 = empty_aws.client("ec2")
    made = ec2.create_launch_template(
        LaunchTemplateName="versions",
        LaunchTemplateData={"InstanceType": "t3.small", "UserData": "eA==", "ImageId": "ami-12345678"},
        TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "k", "Value": "v"}]}],
    )["LaunchTemplate"]
    assert made["Tags"] == [{"Key": "k", "Value": "v"}]

    for data in ({}, {"UserData": "eQ=="}):
        ec2.create_launch_template_version(
            LaunchTemplateName="versions",
            SourceVersion="1",
            LaunchTemplateData={"ImageId": "ami-87654321", **data},
        )

    versions = ec2.describe_launch_template_versions(LaunchTemplateName="versions")["LaunchTemplateVersions"]
    seen = {one["VersionNumber"]: one["LaunchTemplateData"] for one in versions}
    assert seen[2] == {"InstanceType": "t3.small", "UserData": "eA==", "ImageId": "ami-87654321"}
    assert seen[3]["UserData"] == "eQ=="


def test_a_bucket_is_emptied_of_deleted_files(empty_aws: EmulatedAws) -> None:
    s3 = empty_aws.client("s3")
    s3.create_bucket(Bucket="deleted", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket="deleted", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="deleted", Key="k", Body=b"x")
    s3.delete_object(Bucket="deleted", Key="k")
    listed = s3.list_object_versions(Bucket="deleted")
    versions = [*listed["Versions"], *listed["DeleteMarkers"]]

    s3.delete_objects(
        Bucket="deleted",
        Delete={"Objects": [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in versions]},
    )

    s3.delete_bucket(Bucket="deleted")


def test_sampling_rules_and_groups_of_xray_can_be_made_and_changed(empty_aws: EmulatedAws) -> None:
    xray = empty_aws.client("xray")
    rule = {
        "RuleName": "files",
        "Priority": 10,
        "FixedRate": 0.1,
        "ReservoirSize": 1,
        "Version": 1,
        "ServiceName": "*",
        "ServiceType": "*",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
        "ResourceARN": "*",
    }
    xray.create_sampling_rule(SamplingRule=rule, Tags=[{"Key": "k", "Value": "v"}])
    xray.update_sampling_rule(SamplingRuleUpdate={"RuleName": "files", "FixedRate": 0.5})
    (record,) = xray.get_sampling_rules()["SamplingRuleRecords"]
    assert record["SamplingRule"]["FixedRate"] == 0.5
    tags = xray.list_tags_for_resource(ResourceARN=record["SamplingRule"]["RuleARN"])["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]
    xray.delete_sampling_rule(RuleName="files")
    assert not xray.get_sampling_rules()["SamplingRuleRecords"]

    group = xray.create_group(GroupName="errors", FilterExpression="error")["Group"]
    xray.update_group(GroupARN=group["GroupARN"], FilterExpression="fault")
    assert xray.get_group(GroupName="errors")["Group"]["FilterExpression"] == "fault"
    xray.delete_group(GroupARN=group["GroupARN"])
    assert not xray.get_groups()["Groups"]


def test_every_request_stands_in_the_journal_and_a_failed_one_says_why(tmp_path: Path) -> None:
    def stumbles(_environ: Any, _start_response: Any) -> Any:
        raise NotImplementedError("this call")

    path = tmp_path / "journal.jsonl"
    answer: list[str] = []
    application = journal.Journal(stumbles, path)
    body = application(
        {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "HTTP_X_AMZ_TARGET": "Logs.PutThis"},
        lambda status, _headers, _error=None: answer.append(status),  # type: ignore[arg-type]
    )

    (record,) = journal.records(path)
    assert answer == ["500 Internal Server Error"]
    assert (record["status"], record["action"]) == (500, "PutThis")
    assert "NotImplementedError: this call" in record["answer"]
    assert b"NotImplementedError" in b"".join(body)


def test_a_moto_that_has_learnt_something_is_refused() -> None:
    class Learnt:
        def start_instance_refresh(self) -> None: ...

    with pytest.raises(gaps.MotoHasLearntError, match=r"Learnt\.start_instance_refresh"):
        gaps.require_no_methods(Learnt, "start_instance_refresh")


def test_another_moto_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moto, "__version__", "5.3.0")
    with pytest.raises(gaps.MotoHasLearntError, match=r"5\.2\.5.*5\.3\.0"):
        gaps.require_known_moto()


def test_an_extended_moto_is_not_extended_twice() -> None:
    """Every module looks before it mends: where all is mended, the first one says so."""
    script = "from tests.infra.emulator.extension import extend; extend(); extend()"
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=own_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode != 0
    assert "MotoHasLearntError" in ended.stderr
