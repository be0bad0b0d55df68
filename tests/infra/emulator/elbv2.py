"""Elastic Load Balancing: targets that get healthy, drain, and are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.elbv2 import models
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup
from tests.infra.emulator.gaps import reads, replace, require_lacking

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from tests.infra.emulator.autoscaling.instances import SimulatedInstance

_REASONS = {
    "initial": ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    "unhealthy": ("Target.FailedHealthChecks", "Health checks failed"),
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}


class SimulatedTargetGroup(FakeTargetGroup):
    """moto's target group, where an instance of a group is as healthy as its simulation says."""

    def health_for(self, target: dict[str, Any], ec2_backend: EC2Backend) -> FakeHealthStatus:
        """Tell the health of one target."""
        status = super().health_for(target, ec2_backend)
        instance = ec2_backend.get_instance_by_id(target["Id"])
        member = _member_of(instance)
        if member is None:
            return status
        if target["Id"] in self.targets:
            status.status = member.target_state
        elif member.is_draining(self.arn):
            status.status = "draining"
        status.reason, status.description = _REASONS.get(status.status, (status.reason, status.description))
        return status


def extend() -> None:
    """Put the simulated targets in the place of moto's."""
    require_lacking("let a target fail", lacking=not reads(FakeTargetGroup.health_for, "initial"))
    require_lacking(
        "list draining targets", lacking=not reads(ELBv2Backend.describe_target_health, "draining")
    )
    replace(models, "FakeTargetGroup", SimulatedTargetGroup)
    stock = replace(ELBv2Backend, "describe_target_health", None)

    def describe_target_health(backend: Any, target_group_arn: str, targets: list[dict[str, Any]]) -> Any:
        found = stock(backend, target_group_arn, targets)
        if targets:
            return found
        target_group = backend.target_groups[target_group_arn]
        others = [
            target_group.health_for(target, backend.ec2_backend)
            for target in [
                *target_group.deregistered_targets.values(),
                *target_group.terminated_targets.values(),
            ]
        ]
        return [*found, *(status for status in others if status.status == "draining")]

    ELBv2Backend.describe_target_health = describe_target_health


def _member_of(instance: Any) -> SimulatedInstance | None:
    group = getattr(instance, "autoscaling_group", None)
    if group is None:
        return None
    return next((member for member in group.instance_states if member.instance is instance), None)
