"""What is left of an environment in an account: asked of each service, since no single one knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.infra.applied_stack import Stack


@dataclass(frozen=True)
class _Look:
    """One question.

    Attributes:
        service: Whom it is for.
        call: What is asked.
        answers: Where the answer has its list.
        identity: What names one of it; nothing where the list is of names already.
        arguments: What is asked with.
        gone: By attribute, the values with which something is still shown, but is gone.
        named: Only those whose identity has the environment's name in it: the account has others from the start.
    """

    service: str
    call: str
    answers: str
    identity: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    gone: Mapping[str, Any] = field(default_factory=dict)
    named: bool = False

    def ask(self, stack: Stack) -> Iterator[str]:
        for one in getattr(stack.aws.client(self.service), self.call)(**self.arguments).get(self.answers, []):
            identity = one[self.identity] if self.identity else one
            if any(one[name] == value for name, value in self.gone.items()):
                continue
            if not self.named or stack.name in identity or f"files-api/{stack.environment}" in identity:
                yield identity


_LOOKS = (
    _Look("ec2", "describe_vpcs", "Vpcs", "VpcId", gone={"IsDefault": True}),
    _Look("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", gone={"State": "deleted"}),
    _Look("ec2", "describe_addresses", "Addresses", "AllocationId"),
    _Look("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", gone={"State": "deleted"}),
    _Look("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    _Look("ec2", "describe_volumes", "Volumes", "VolumeId"),
    _Look("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    _Look("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScalingGroupARN"),
    _Look("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    _Look("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    _Look("wafv2", "list_web_acls", "WebACLs", "ARN", {"Scope": "REGIONAL"}),
    _Look("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    _Look("dynamodb", "list_tables", "TableNames"),
    _Look("kms", "list_aliases", "Aliases", "AliasName", named=True),
    _Look("cognito-idp", "list_user_pools", "UserPools", "Id", {"MaxResults": 60}),
    _Look("lambda", "list_functions", "Functions", "FunctionArn"),
    _Look("logs", "describe_log_groups", "logGroups", "logGroupName", named=True),
    _Look("logs", "describe_query_definitions", "queryDefinitions", "name"),
    _Look("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmArn", {"AlarmTypes": ["MetricAlarm"]}),
    _Look("cloudwatch", "describe_alarms", "CompositeAlarms", "AlarmArn", {"AlarmTypes": ["CompositeAlarm"]}),
    _Look("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    _Look("sns", "list_topics", "Topics", "TopicArn"),
    _Look("events", "list_rules", "Rules", "Arn"),
    _Look("xray", "get_groups", "Groups", "GroupARN"),
    _Look("iam", "list_roles", "Roles", "Arn", named=True),
    _Look("iam", "list_policies", "Policies", "Arn", {"Scope": "Local"}, named=True),
    _Look("iam", "list_instance_profiles", "InstanceProfiles", "Arn", named=True),
)


def remains_of(stack: Stack) -> list[str]:
    """List all that belongs to an environment, but for what was there before it: images, their parameters, zones."""
    # What bounds its roles is the bootstrap's, and stays.
    boundary = f":policy/{stack.name}-boundary"
    found = [one for look in _LOOKS for one in look.ask(stack) if not one.endswith(boundary)]
    found += [
        *_tagged(stack),
        *_running(stack),
        *_buckets(stack),
        *_parameters(stack),
        *_records(stack),
        *_rules(stack),
    ]
    return sorted(set(found))


def _tagged(stack: Stack) -> Iterator[str]:
    pages = stack.aws.client("resourcegroupstaggingapi").get_paginator("get_resources")
    for page in pages.paginate(TagFilters=[{"Key": "Environment", "Values": [stack.environment]}]):
        for resource in page["ResourceTagMappingList"]:
            # A key is gone after its waiting time, and what has ended shows for an hour: the looks above know better.
            if not any(kind in resource["ResourceARN"] for kind in (":key/", ":instance/", ":natgateway/")):
                yield resource["ResourceARN"]


def _running(stack: Stack) -> Iterator[str]:
    for reservation in stack.ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                yield instance["InstanceId"]


def _buckets(stack: Stack) -> Iterator[str]:
    state_bucket = stack.bootstrap.outputs()["state_bucket"]
    for bucket in stack.aws.client("s3").list_buckets()["Buckets"]:
        if bucket["Name"] != state_bucket:
            yield bucket["Name"]


def _parameters(stack: Stack) -> Iterator[str]:
    pages = stack.ssm.get_paginator("get_parameters_by_path")
    for page in pages.paginate(Path=f"/files-api/{stack.environment}", Recursive=True):
        for parameter in page["Parameters"]:
            # `make deploy` has written those of the images.
            if "/ami/" not in parameter["Name"]:
                yield parameter["Name"]


def _records(stack: Stack) -> Iterator[str]:
    route53 = stack.aws.client("route53")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Type"] not in {"NS", "SOA"}:
                yield f"{record['Type']} {record['Name']}"


def _rules(stack: Stack) -> Iterator[str]:
    for record in stack.aws.client("xray").get_sampling_rules()["SamplingRuleRecords"]:
        yield record["SamplingRule"]["RuleARN"]
