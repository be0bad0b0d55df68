"""Auto Scaling groups: what they are to launch, who is in them, and what their load balancer says of those."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

IN_SERVICE = "InService"
#: One version of a launch template: its id (or name, where only that was given) and its version.
Template = tuple[str, str]
_INSTANCES_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Member:
    """One instance of a group.

    Attributes:
        instance_id: EC2's id.
        image_id: The AMI that it was launched from.
        architecture: `x86_64` or `arm64`.
        zone: Its availability zone.
        state: `InService`, `Pending:Wait`, `Terminating`, …
    """

    instance_id: str
    image_id: str
    architecture: str
    zone: str
    state: str


@dataclass(frozen=True, slots=True)
class Group:
    """An Auto Scaling group at one moment.

    Attributes:
        name: Its name.
        desired: How many instances it wants.
        templates: What it launches: more than one with several architectures.
        target_groups: The ARNs of the target groups in which its instances are.
        members: Its instances, those included that come or go.
    """

    name: str
    desired: int
    templates: frozenset[Template]
    target_groups: tuple[str, ...]
    members: tuple[Member, ...]

    @property
    def in_service(self) -> tuple[Member, ...]:
        """The members that are to serve."""
        return tuple(member for member in self.members if member.state == IN_SERVICE)

    def images(self) -> dict[str, str]:
        """Tell which image runs on each architecture: the one that most members in service have."""
        found: dict[str, str] = {}
        for architecture in {member.architecture for member in self.in_service}:
            running = [member.image_id for member in self.in_service if member.architecture == architecture]
            found[architecture] = max(sorted(set(running)), key=running.count)
        return found


def templates_of(configuration: Mapping[str, Any]) -> frozenset[Template]:
    """Read which launch templates, and versions, a group or the desired configuration of a refresh names."""
    return frozenset(_templates_of(configuration))


class Groups:
    """Looks at Auto Scaling groups.

    IAM: autoscaling:DescribeAutoScalingGroups, ec2:DescribeInstances, DescribeLaunchTemplates and
    elasticloadbalancing:DescribeTargetHealth.
    """

    def __init__(
        self, autoscaling: AutoScalingClient, ec2: EC2Client, elbv2: ElasticLoadBalancingv2Client
    ) -> None:
        self._autoscaling = autoscaling
        self._ec2 = ec2
        self._elbv2 = elbv2

    def read(self, name: str) -> Group | None:
        """Look at a group; None where there is none of this name."""
        found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        if not found["AutoScalingGroups"]:
            return None
        told = found["AutoScalingGroups"][0]
        states = {
            instance["InstanceId"]: str(instance["LifecycleState"]) for instance in told.get("Instances", [])
        }
        return Group(
            name=name,
            desired=told["DesiredCapacity"],
            templates=templates_of(told),
            target_groups=tuple(told.get("TargetGroupARNs", [])),
            members=tuple(self._members(states)),
        )

    def next_configuration(self, name: str) -> dict[str, Any]:
        """Make the desired configuration of a refresh: what a group launches, in the newest versions of its templates.

        Raises:
            KeyError: There is no such group.
        """
        found = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        if not found["AutoScalingGroups"]:
            raise KeyError(name)
        told: Mapping[str, Any] = found["AutoScalingGroups"][0]
        configuration = {
            kind: copy.deepcopy(told[kind])
            for kind in ("LaunchTemplate", "MixedInstancesPolicy")
            if told.get(kind)
        }
        specifications = list(_specifications_of(configuration))
        ids = sorted({specification["LaunchTemplateId"] for specification in specifications})
        described = self._ec2.describe_launch_templates(LaunchTemplateIds=ids)["LaunchTemplates"]
        newest = {one["LaunchTemplateId"]: str(one["LatestVersionNumber"]) for one in described}
        for specification in specifications:
            specification["Version"] = newest[specification["LaunchTemplateId"]]
            # An answer names a template by its id and its name, and a request by one of them.
            specification.pop("LaunchTemplateName", None)
        return configuration

    def health(self, target_group: str) -> dict[str, str]:
        """Tell the health of each target, by the id of the instance: `healthy`, `initial`, `draining`, …."""
        told = self._elbv2.describe_target_health(TargetGroupArn=target_group)
        return {
            description["Target"]["Id"]: str(description["TargetHealth"]["State"])
            for description in told["TargetHealthDescriptions"]
        }

    def _members(self, states: Mapping[str, str]) -> Iterator[Member]:
        wanted = list(states)
        for start in range(0, len(wanted), _INSTANCES_AT_ONCE):
            # By a filter: an instance that is gone already is left out, where its id would be an error.
            pages = self._ec2.get_paginator("describe_instances").paginate(
                Filters=[{"Name": "instance-id", "Values": wanted[start : start + _INSTANCES_AT_ONCE]}]
            )
            for page in pages:
                for reservation in page["Reservations"]:
                    for instance in reservation["Instances"]:
                        yield Member(
                            instance_id=instance["InstanceId"],
                            image_id=instance["ImageId"],
                            architecture=str(instance["Architecture"]),
                            zone=instance["Placement"].get("AvailabilityZone", ""),
                            state=states[instance["InstanceId"]],
                        )


def _templates_of(configuration: Mapping[str, Any]) -> Iterator[Template]:
    for told in _specifications_of(configuration):
        # "$Default" is what EC2 Auto Scaling takes where no version is given.
        yield (
            str(told.get("LaunchTemplateId") or told.get("LaunchTemplateName")),
            str(told.get("Version", "$Default")),
        )


def _specifications_of(configuration: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if plain := configuration.get("LaunchTemplate"):
        yield plain
    policy = (configuration.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    if specification := policy.get("LaunchTemplateSpecification"):
        yield specification
    for override in policy.get("Overrides") or ():
        if specification := override.get("LaunchTemplateSpecification"):
            yield specification
