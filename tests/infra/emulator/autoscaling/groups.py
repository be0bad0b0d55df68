"""A group whose instances stay what they were launched as, until they are replaced.

Stock moto has each instance tell the group's present launch template, so that an update of the group looks like a
replacement of all its instances. Here a change of the group changes nothing but what is launched from then on.
"""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup
from tests.infra.emulator.autoscaling.clock import Clock
from tests.infra.emulator.autoscaling.configurations import Choice, Configuration
from tests.infra.emulator.autoscaling.instances import SimulatedInstance

if TYPE_CHECKING:
    from tests.infra.emulator.autoscaling.hooks import Hook
    from tests.infra.emulator.autoscaling.refreshes import Refresh

#: What stock moto does not keep, as the request calls it, and what it is called on the group.
KEPT = {
    "DefaultInstanceWarmup": "default_instance_warmup",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "TerminationPolicies": "termination_policies",
    "CapacityRebalance": "capacity_rebalance",
    "DefaultCooldown": "default_cooldown",
    "AvailabilityZoneDistribution": "availability_zone_distribution",
    "AvailabilityZoneImpairmentPolicy": "availability_zone_impairment_policy",
    "CapacityReservationSpecification": "capacity_reservation_specification",
    "DesiredCapacityType": "desired_capacity_type",
    "DeletionProtection": "deletion_protection",
}


class SimulatedGroup(FakeAutoScalingGroup):
    """moto's group, with instances that are launched, live and end."""

    def __init__(self, **arguments: Any) -> None:
        self.clock = Clock()
        self.refreshes: list[Refresh] = []
        self._turns = itertools.count()
        super().__init__(**arguments)

    @property
    def configuration(self) -> Configuration:
        return Configuration(self.launch_template, self.mixed_instances_policy)

    @configuration.setter
    def configuration(self, wanted: Configuration) -> None:
        self.mixed_instances_policy = _by_id(wanted.mixed_instances_policy)
        self._set_launch_configuration(
            "", _by_id_alone(wanted.launch_template or {}), self.mixed_instances_policy
        )

    @property
    def launch_template(self) -> dict[str, Any] | None:
        # A group with a mixed instances policy names no launch template of its own.
        return None if self.mixed_instances_policy else super().launch_template

    @property
    def members(self) -> list[SimulatedInstance]:
        """Those that are here to stay."""
        return [member for member in self.instance_states if not member.is_leaving]

    @property
    def refresh(self) -> Refresh | None:
        """The refresh that is at work."""
        return next((refresh for refresh in self.refreshes if refresh.is_active), None)

    def keep(self, parameters: dict[str, Any]) -> None:
        """Keep what stock moto drops of a request."""
        for name, attribute in KEPT.items():
            if name in parameters:
                setattr(self, attribute, parameters[name])
        # AWS takes this for «no longer».
        for name in ("default_instance_warmup", "max_instance_lifetime"):
            if getattr(self, name, None) in {-1, 0}:
                setattr(self, name, None)

    def update(self, **arguments: Any) -> None:
        """Change the group; stock moto forgets a mixed instances policy that an update does not repeat."""
        if not arguments.get("mixed_instances_policy") and not arguments.get("launch_template"):
            arguments["mixed_instances_policy"] = _by_id(self.mixed_instances_policy)
        super().update(**arguments)

    def hook(self, transition: str) -> Hook | None:
        """Find the hook of a transition."""
        hooks = self.autoscaling_backend.describe_lifecycle_hooks(self.name)
        return next((hook for hook in hooks if hook.lifecycle_transition == transition), None)

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Take the number of instances; a refresh that is at work brings it about by itself."""
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        if self.refresh is None:
            self._settle()

    def step(self) -> None:
        """Do what time does: to the instances, and then to a refresh or else to their number."""
        self.clock.advance()
        for member in list(self.instance_states):
            member.step()
        if self.refresh is not None:
            self.refresh.step()
        else:
            self._settle()

    def launch(self, configuration: Configuration) -> SimulatedInstance:
        """Launch one more instance: the next of the configuration's choices, in the next subnet."""
        turn = next(self._turns)
        choices = configuration.choices(self.ec2_backend)
        choice = choices[turn % len(choices)]
        member = SimulatedInstance(self._run(choice, turn), self, choice)
        self.instance_states.append(member)
        return member

    def forget(self, member: SimulatedInstance) -> None:
        """Terminate an instance that has come to its end."""
        self.instance_states.remove(member)
        self.ec2_backend.terminate_instances([member.instance.id])

    def register(self, target_group_arn: str, instance_id: str) -> None:
        """Make an instance a target, unless the target group is gone."""
        target_group = self.elbv2_groups.get(target_group_arn)
        if target_group is not None:
            target_group.register([{"Id": instance_id, "Port": target_group.port}])

    def deregister(self, target_group_arn: str, instance_id: str) -> bool:
        """Make an instance a target no more; False when it was none."""
        target_group = self.elbv2_groups.get(target_group_arn)
        if target_group is None or instance_id not in target_group.targets:
            return False
        target_group.deregister([{"Id": instance_id}])
        return True

    def deregistration_delay(self, target_group_arn: str) -> float:
        """Tell how long a target drains, in seconds."""
        target_group = self.elbv2_groups.get(target_group_arn)
        if target_group is None:
            return 0.0
        return float(target_group.attributes["deregistration_delay.timeout_seconds"])

    @property
    def elbv2_groups(self) -> dict[str, Any]:
        target_groups: dict[str, Any] = self.autoscaling_backend.elbv2_backend.target_groups
        return target_groups

    def retire(self, count: int) -> None:
        """Scale in: first what is unhealthy, then what is not what the group launches now, then the oldest."""
        present = self.configuration.choices(self.ec2_backend)
        unprotected = [member for member in self.members if not member.protected_from_scale_in]
        unprotected.sort(key=lambda member: (member.is_healthy, member.choice in present))
        for member in unprotected[:count]:
            member.leave()

    def _settle(self) -> None:
        surplus = len(self.members) - (self.desired_capacity or 0)
        for _ in range(-surplus):
            self.launch(self.configuration)
        if surplus > 0:
            self.retire(surplus)

    def _run(self, choice: Choice, turn: int) -> Any:
        template = choice.template(self.ec2_backend)
        subnet_ids = (self.vpc_zone_identifier or "").split(",")
        subnet = self.ec2_backend.get_subnet(subnet_ids[turn % len(subnet_ids)])
        interfaces = template.data.get("NetworkInterfaces") or [{}]
        reservation = self.ec2_backend.run_instances(
            template.image_id,
            1,
            template.user_data,
            [],
            instance_type=choice.instance_type or template.instance_type,
            is_instance_type_default=False,
            security_group_ids=interfaces[0].get("Groups") or template.data.get("SecurityGroupIds", []),
            tags={
                "instance": {**template.instance_tags, **self.get_propagated_tags(), ASG_NAME_TAG: self.name}
            },
            placement=subnet.availability_zone,
            subnet_id=subnet.id,
            launch_template={"LaunchTemplateId": choice.template_id, "Version": choice.version},
            region_name=self.region,
        )
        return reservation.instances[0]


def _by_id(policy: dict[str, Any] | None) -> dict[str, Any] | None:
    """Name the policy's launch template by its id alone, as a request must: moto has added its name."""
    if policy is None:
        return None
    policy = copy.deepcopy(policy)
    template = policy["LaunchTemplate"]
    template["LaunchTemplateSpecification"] = _by_id_alone(template["LaunchTemplateSpecification"])
    return policy


def _by_id_alone(specification: dict[str, Any]) -> dict[str, Any]:
    if "LaunchTemplateId" not in specification:
        return specification
    return {name: value for name, value in specification.items() if name != "LaunchTemplateName"}
