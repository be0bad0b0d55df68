"""Lifecycle hooks that tell back what they were given; stock moto tells a role and a queue of its own invention."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html
_USUAL_HEARTBEAT_SECONDS = 3600
_MOST_HEARTBEATS = 100
_MOST_SECONDS = 172_800


@dataclass
class Hook:
    """A hook, with the names by which moto's describe looks for its fields."""

    name: str
    auto_scaling_group_name: str
    lifecycle_transition: str
    heartbeat_timeout: int = _USUAL_HEARTBEAT_SECONDS
    default_result: str = "ABANDON"
    role_arn: str | None = None
    notification_target_arn: str | None = None
    notification_metadata: str | None = None
    global_timeout: int = field(init=False)

    def __post_init__(self) -> None:
        self.global_timeout = min(_MOST_SECONDS, _MOST_HEARTBEATS * self.heartbeat_timeout)

    @property
    def lifecycle_hook_name(self) -> str:
        return self.name


def hook_from(parameters: dict[str, Any], previous: Hook | None) -> Hook:
    """Make the hook that PutLifecycleHook asks for: what it does not name stays as it was."""
    names = {
        "LifecycleTransition": "lifecycle_transition",
        "HeartbeatTimeout": "heartbeat_timeout",
        "DefaultResult": "default_result",
        "RoleARN": "role_arn",
        "NotificationTargetARN": "notification_target_arn",
        "NotificationMetadata": "notification_metadata",
    }
    kept = (
        {} if previous is None else {attribute: getattr(previous, attribute) for attribute in names.values()}
    )
    given = {attribute: parameters[name] for name, attribute in names.items() if name in parameters}
    return Hook(parameters["LifecycleHookName"], parameters["AutoScalingGroupName"], **{**kept, **given})
