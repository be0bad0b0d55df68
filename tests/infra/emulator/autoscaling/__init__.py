"""EC2 Auto Scaling: groups whose instances are really launched, replaced and drained."""

from __future__ import annotations

from typing import Any

from moto.autoscaling import models, responses
from moto.autoscaling.models import AutoScalingBackend, FakeScalingPolicy, InstanceState, LifecycleHook
from moto.autoscaling.responses import AutoScalingResponse
from tests.infra.emulator.autoscaling.calls import SimulatedAutoScaling
from tests.infra.emulator.autoscaling.groups import SimulatedGroup
from tests.infra.emulator.autoscaling.policies import SwitchablePolicy
from tests.infra.emulator.gaps import reads, replace, require_lacking, require_no_methods, takes


def extend() -> None:
    """Put the simulation in the place of moto's own groups."""
    require_no_methods(
        AutoScalingResponse,
        "start_instance_refresh",
        "describe_instance_refreshes",
        "cancel_instance_refresh",
        "rollback_instance_refresh",
        "complete_lifecycle_action",
        "record_lifecycle_action_heartbeat",
        "put_notification_configuration",
        "describe_notification_configurations",
        "delete_notification_configuration",
        "disable_metrics_collection",
    )
    require_lacking(
        "keep the rest of a group's fields",
        lacking=not takes(AutoScalingBackend.create_auto_scaling_group, "default_instance_warmup")
        and not takes(AutoScalingBackend.update_auto_scaling_group, "termination_policies"),
    )
    require_lacking(
        "leave an instance its launch template",
        lacking=reads(InstanceState.launch_template.fget, "auto_scaling_group.ec2_launch_template"),
    )
    require_lacking(
        "know two policies of one name",
        lacking=reads(AutoScalingBackend.put_scaling_policy, "self.policies[name] = policy"),
    )
    require_lacking("know disabled policies", lacking=not takes(FakeScalingPolicy.__init__, "enabled"))
    require_lacking(
        "keep a hook's metadata", lacking=not takes(LifecycleHook.__init__, "notification_metadata")
    )
    replace(models, "FakeAutoScalingGroup", SimulatedGroup)
    replace(models, "FakeScalingPolicy", SwitchablePolicy)
    replace(AutoScalingBackend, "update_attached_target_groups", _register_those_in_service)
    replace(responses, "AutoScalingResponse", SimulatedAutoScaling)


def _register_those_in_service(backend: Any, group_name: str) -> None:
    """Stock moto registers every instance as soon as it is launched; AWS those that are in service."""
    group: SimulatedGroup = backend.autoscaling_groups[group_name]
    for arn in group.target_group_arns:
        for member in group.members:
            if member.lifecycle_state == "InService":
                group.register(arn, member.instance.id)
