"""What somebody may change behind Terraform's back, each a change of one attribute that matters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.infra.applied_stack import templates_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infra.applied_stack import Stack


@dataclass(frozen=True)
class Drift:
    """One change.

    Attributes:
        change: Makes it.
        address: What the address of the resource must contain that shows it.
    """

    change: Callable[[Stack], None]
    address: str


def _disable_policy(stack: Stack) -> None:
    policies = stack.autoscaling.describe_policies(AutoScalingGroupName=f"{stack.name}-blue")[
        "ScalingPolicies"
    ]
    (policy,) = (one for one in policies if one["PolicyName"] == "cpu")
    stack.autoscaling.put_scaling_policy(
        AutoScalingGroupName=policy["AutoScalingGroupName"],
        PolicyName=policy["PolicyName"],
        PolicyType=policy["PolicyType"],
        TargetTrackingConfiguration=policy["TargetTrackingConfiguration"],
        Enabled=False,
    )


def _unpin_version(stack: Stack) -> None:
    group = stack.group("blue")
    for template in templates_in(group):
        template["Version"] = "$Latest"
        template.pop("LaunchTemplateName", None)
    kinds = ("LaunchTemplate", "MixedInstancesPolicy")
    stack.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group["AutoScalingGroupName"],
        **{kind: group[kind] for kind in kinds if kind in group},
    )


def _shorten_hook(stack: Stack) -> None:
    stack.autoscaling.put_lifecycle_hook(
        AutoScalingGroupName=f"{stack.name}-blue", LifecycleHookName="drain", HeartbeatTimeout=30
    )


def _lengthen_life(stack: Stack) -> None:
    stack.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=f"{stack.name}-green", MaxInstanceLifetime=365 * 24 * 3600
    )


def _widen_rule(stack: Stack) -> None:
    (instance,) = stack.instances("blue")[:1]
    group = instance["SecurityGroups"][0]["GroupId"]
    rules = stack.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    rule = next(one for one in rules["SecurityGroupRules"] if not one["IsEgress"])
    stack.ec2.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 1,
                    "ToPort": 65535,
                    "ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"],
                    "Description": rule.get("Description", ""),
                },
            }
        ],
    )


def _lift_public_access_block(stack: Stack) -> None:
    stack.aws.client("s3").put_public_access_block(
        Bucket=_files_bucket(stack),
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
        ),
    )


def _suspend_versioning(stack: Stack) -> None:
    stack.aws.client("s3").put_bucket_versioning(
        Bucket=_files_bucket(stack), VersioningConfiguration={"Status": "Suspended"}
    )


def _open_bucket_to_plain_http(stack: Stack) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{_files_bucket(stack)}/*",
            }
        ],
    }
    stack.aws.client("s3").put_bucket_policy(Bucket=_files_bucket(stack), Policy=json.dumps(policy))


def _expire_old_versions_at_once(stack: Stack) -> None:
    s3 = stack.aws.client("s3")
    rules = s3.get_bucket_lifecycle_configuration(Bucket=_files_bucket(stack))["Rules"]
    for rule in rules:
        if "NoncurrentVersionExpiration" in rule:
            rule["NoncurrentVersionExpiration"]["NoncurrentDays"] = 1
    s3.put_bucket_lifecycle_configuration(
        Bucket=_files_bucket(stack), LifecycleConfiguration={"Rules": rules}
    )


def _stop_point_in_time_recovery(stack: Stack) -> None:
    stack.aws.client("dynamodb").update_continuous_backups(
        TableName=_setting(stack, "FILES_API_KEYS_TABLE"),
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )


def _keep_logs_for_ever(stack: Stack) -> None:
    stack.aws.client("logs").delete_retention_policy(logGroupName=f"/files-api/{stack.environment}/service")


def _raise_threshold(stack: Stack) -> None:
    cloudwatch = stack.aws.client("cloudwatch")
    alarm = cloudwatch.describe_alarms(AlarmNamePrefix=stack.name)["MetricAlarms"][0]
    given = cloudwatch.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    cloudwatch.put_metric_alarm(**{name: alarm[name] for name in given if name in alarm} | {"Threshold": 1e9})


def _allow_everything(stack: Stack) -> None:
    iam = stack.aws.client("iam")
    role = f"{stack.name}-instance"
    name = iam.list_role_policies(RoleName=role)["PolicyNames"][0]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(allow))


def _weaken_tls(stack: Stack) -> None:
    (balancer,) = stack.elb.describe_load_balancers(Names=[stack.name])["LoadBalancers"]
    for listener in stack.elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
        stack.elb.modify_listener(
            ListenerArn=listener["ListenerArn"], SslPolicy="ELBSecurityPolicy-TLS13-1-0-2021-06"
        )


def _keep_invalid_headers(stack: Stack) -> None:
    (balancer,) = stack.elb.describe_load_balancers(Names=[stack.name])["LoadBalancers"]
    stack.elb.modify_load_balancer_attributes(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Attributes=[{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "false"}],
    )


def _check_something_else(stack: Stack) -> None:
    stack.elb.modify_target_group(
        TargetGroupArn=stack.group("blue")["TargetGroupARNs"][0], HealthCheckPath="/"
    )


def _change_setting(stack: Stack) -> None:
    stack.ssm.put_parameter(
        Name=f"/files-api/{stack.environment}/settings/FILES_API_ACCESS",
        Value="open",
        Type="String",
        Overwrite=True,
    )


def _take_firewall_away(stack: Stack) -> None:
    (balancer,) = stack.elb.describe_load_balancers(Names=[stack.name])["LoadBalancers"]
    stack.aws.client("wafv2").disassociate_web_acl(ResourceArn=balancer["LoadBalancerArn"])


def _setting(stack: Stack, name: str) -> str:
    found = stack.ssm.get_parameter(Name=f"/files-api/{stack.environment}/settings/{name}")
    value: str = found["Parameter"]["Value"]
    return value


def _files_bucket(stack: Stack) -> str:
    return _setting(stack, "FILES_API_BUCKET")


DRIFTS = {
    "a scaling policy is disabled": Drift(_disable_policy, "aws_autoscaling_policy"),
    "the version of the launch template is pinned no more": Drift(_unpin_version, "aws_autoscaling_group"),
    "instances get no time to drain": Drift(_shorten_hook, "aws_autoscaling_lifecycle_hook"),
    "instances live for a year": Drift(_lengthen_life, "aws_autoscaling_group"),
    "a rule of a security group is widened": Drift(_widen_rule, "aws_vpc_security_group_ingress_rule"),
    "the block of public access is lifted": Drift(
        _lift_public_access_block, "aws_s3_bucket_public_access_block"
    ),
    "versioning is suspended": Drift(_suspend_versioning, "aws_s3_bucket_versioning"),
    "the bucket takes plain HTTP": Drift(_open_bucket_to_plain_http, "aws_s3_bucket_policy"),
    "old versions are gone in a day": Drift(
        _expire_old_versions_at_once, "aws_s3_bucket_lifecycle_configuration"
    ),
    "the keys cannot be restored": Drift(_stop_point_in_time_recovery, "aws_dynamodb_table"),
    "logs are kept for ever": Drift(_keep_logs_for_ever, "aws_cloudwatch_log_group"),
    "an alarm never rings": Drift(_raise_threshold, "aws_cloudwatch_metric_alarm"),
    "the instances may do everything": Drift(_allow_everything, "aws_iam_role_policy"),
    "old TLS is spoken": Drift(_weaken_tls, "aws_lb_listener"),
    "invalid headers get through": Drift(_keep_invalid_headers, "aws_lb.this"),
    "the health check asks for something else": Drift(_check_something_else, "aws_lb_target_group"),
    "a setting lets everybody in": Drift(_change_setting, "aws_ssm_parameter"),
    "the firewall is taken away": Drift(_take_firewall_away, "aws_wafv2_web_acl_association"),
}
