"""Calls with which an instance's role is tried: what must be refused, and what programs ask that cannot run here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.infra import role_terraform as names
from tests.infra.role_policies import Demand
from tests.infra.role_terraform import arn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Deeds that are not the service's, each as a call with the role's clients, given the outputs of the module storage.
ELSEWHERE: dict[str, Callable[[Callable[[str], Any], Mapping[str, str]], Any]] = {
    "read from another bucket": lambda aws, _: aws("s3").get_object(Bucket="another", Key="a"),
    "look at a file in another bucket": lambda aws, _: aws("s3").head_object(Bucket="another", Key="a"),
    "list another bucket": lambda aws, _: aws("s3").list_objects_v2(Bucket="another"),
    "write to another bucket": lambda aws, _: aws("s3").put_object(Bucket="another", Key="a", Body=b""),
    "begin an upload to another bucket": lambda aws, _: aws("s3").create_multipart_upload(
        Bucket="another", Key="a"
    ),
    "delete from another bucket": lambda aws, _: aws("s3").delete_object(Bucket="another", Key="a"),
    "write access logs": lambda aws, made: aws("s3").put_object(
        Bucket=made["logs_bucket"], Key="a", Body=b""
    ),
    "remove a version for good": lambda aws, made: aws("s3").delete_object(
        Bucket=made["files_bucket"], Key="a", VersionId="1"
    ),
    "read an old version": lambda aws, made: aws("s3").get_object(
        Bucket=made["files_bucket"], Key="a", VersionId="1"
    ),
    "list versions": lambda aws, made: aws("s3").list_object_versions(Bucket=made["files_bucket"]),
    "change the bucket's policy": lambda aws, made: aws("s3").put_bucket_policy(
        Bucket=made["files_bucket"], Policy="{}"
    ),
    "delete the bucket": lambda aws, made: aws("s3").delete_bucket(Bucket=made["files_bucket"]),
    "read another table": lambda aws, _: aws("dynamodb").get_item(
        TableName="another", Key={"pk": {"S": "a"}}
    ),
    "write to another table": lambda aws, _: aws("dynamodb").put_item(
        TableName="another", Item={"pk": {"S": "a"}}
    ),
    "write to another table in a transaction": lambda aws, _: aws("dynamodb").transact_write_items(
        TransactItems=[{"Put": {"TableName": "another", "Item": {"pk": {"S": "a"}}}}]
    ),
    "read all of the state": lambda aws, made: aws("dynamodb").scan(TableName=made["state_table"]),
    "query the keys": lambda aws, made: aws("dynamodb").query(
        TableName=made["keys_table"],
        KeyConditionExpression="pk = :a",
        ExpressionAttributeValues={":a": {"S": "a"}},
    ),
    "delete a table": lambda aws, made: aws("dynamodb").delete_table(TableName=made["keys_table"]),
    "read another environment's secret": lambda aws, _: aws("ssm").get_parameter(
        Name="/files-api/prod/secrets/openai-api-key", WithDecryption=True
    ),
    "read another secret of this environment": lambda aws, _: aws("ssm").get_parameter(
        Name="/files-api/tests/secrets/canary-key", WithDecryption=True
    ),
    "read which image is next": lambda aws, _: aws("ssm").get_parameter(
        Name="/files-api/tests/ami/blue/x86_64"
    ),
    "read all parameters of the environment": lambda aws, _: aws("ssm").get_parameters_by_path(
        Path="/files-api/tests", Recursive=True
    ),
    "read another environment's settings": lambda aws, _: aws("ssm").get_parameters_by_path(
        Path="/files-api/prod/settings"
    ),
    "write the secret": lambda aws, _: aws("ssm").put_parameter(
        Name="/files-api/tests/secrets/openai-api-key", Value="a", Overwrite=True
    ),
    "write to another log group": lambda aws, _: aws("logs").create_log_stream(
        logGroupName="/files-api/prod/audit", logStreamName="a"
    ),
    "read the audit log": lambda aws, _: aws("logs").get_log_events(
        logGroupName="/files-api/tests/audit", logStreamName="a"
    ),
    "delete the audit log": lambda aws, _: aws("logs").delete_log_group(
        logGroupName="/files-api/tests/audit"
    ),
    "make a log group": lambda aws, _: aws("logs").create_log_group(logGroupName="/files-api/tests/other"),
}

_STREAM = "log-stream:i-0123456789abcdef0"
_SESSION_KEY = {"kms:ResourceAliases": ["alias/files-api-sessions"]}
_GROUP_ARN = arn("autoscaling", f"autoScalingGroup:0123:autoScalingGroupName/{names.NAME}-blue")
#: What the other programs on an instance ask for: files-api-instance (service/files_api/instance), the CloudWatch agent
#: (docs/observability.md), the SSM agent (https://docs.aws.amazon.com/systems-manager/latest/userguide/
#: getting-started-create-iam-instance-profile.html).
OF_THE_HOST = [
    Demand("ssm:GetParametersByPath", arn("ssm", f"parameter/files-api/{names.ENVIRONMENT}/settings")),
    Demand("ssm:GetParametersByPath", arn("ssm", f"parameter/files-api/{names.ENVIRONMENT}/settings/PORT")),
    Demand("autoscaling:CompleteLifecycleAction", _GROUP_ARN),
    Demand("autoscaling:RecordLifecycleActionHeartbeat", _GROUP_ARN),
    Demand("elasticloadbalancing:DeregisterTargets", names.TARGET_GROUP_ARN),
    Demand("elasticloadbalancing:DescribeTargetHealth", "*"),
    Demand("logs:CreateLogStream", arn("logs", f"log-group:{names.SERVICE_LOG_GROUP}")),
    Demand("logs:DescribeLogStreams", arn("logs", f"log-group:{names.SERVICE_LOG_GROUP}")),
    Demand("logs:PutLogEvents", arn("logs", f"log-group:{names.SERVICE_LOG_GROUP}:{_STREAM}")),
    Demand("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": ["FilesApi"]}),
    Demand("xray:PutTraceSegments", "*"),
    Demand("xray:PutTelemetryRecords", "*"),
    Demand("ec2:DescribeTags", "*"),
    Demand("ssm:UpdateInstanceInformation", arn("ec2", "instance/i-0123456789abcdef0")),
    Demand("ssmmessages:CreateControlChannel", "*"),
    Demand("ssmmessages:CreateDataChannel", "*"),
    Demand("ssmmessages:OpenControlChannel", "*"),
    Demand("ssmmessages:OpenDataChannel", "*"),
    Demand("kms:Decrypt", arn("kms", "key/11111111-2222-3333-4444-555555555555"), _SESSION_KEY),
    Demand("logs:DescribeLogGroups", arn("logs", "log-group::log-stream:")),
    Demand("logs:CreateLogStream", arn("logs", f"log-group:{names.SESSION_LOG_GROUP}")),
    Demand("logs:DescribeLogStreams", arn("logs", f"log-group:{names.SESSION_LOG_GROUP}")),
    Demand("logs:PutLogEvents", arn("logs", f"log-group:{names.SESSION_LOG_GROUP}:log-stream:operator-0123")),
]
#: What none of them may.
NOT_OF_THE_HOST = [
    Demand("autoscaling:CompleteLifecycleAction", _GROUP_ARN.replace("-blue", "-red")),
    Demand("autoscaling:SetDesiredCapacity", _GROUP_ARN),
    Demand("elasticloadbalancing:DeregisterTargets", names.TARGET_GROUP_ARN.replace("-blue", "-red")),
    Demand("elasticloadbalancing:RegisterTargets", names.TARGET_GROUP_ARN),
    Demand("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": ["AWS/EC2"]}),
    Demand("cloudwatch:PutMetricData", "*"),
    Demand("logs:PutLogEvents", arn("logs", f"log-group:/files-api/prod/service:{_STREAM}")),
    Demand("kms:Decrypt", arn("kms", "key/11111111-2222-3333-4444-555555555555")),
    Demand("ssm:SendCommand", arn("ec2", "instance/i-0123456789abcdef0")),
    Demand("ssm:GetParameters", arn("ssm", f"parameter/files-api/{names.ENVIRONMENT}/settings/PORT")),
    Demand("iam:PassRole", f"arn:aws:iam::{names.ACCOUNT}:role/{names.NAME}-instance"),
    Demand("sts:AssumeRole", f"arn:aws:iam::{names.ACCOUNT}:role/files-api-github-prod"),
    Demand("ec2:DescribeInstances", "*"),
]
