"""Instance refreshes: the replacement of all instances of a group, a few at a time.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-instance-refresh.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from files_api.operations.cloud.groups import templates_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_autoscaling import AutoScalingClient

    from files_api.operations.cloud.groups import Template

SUCCESSFUL = "Successful"
FAILED = "Failed"
CANCELLED = "Cancelled"
ROLLING_BACK = "RollbackInProgress"
ROLLED_BACK = "RollbackSuccessful"
ROLLBACK_FAILED = "RollbackFailed"
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceRefresh.html, Status
_ENDED = {SUCCESSFUL, FAILED, CANCELLED, ROLLED_BACK, ROLLBACK_FAILED}


@dataclass(frozen=True, slots=True)
class Refresh:
    """An instance refresh at one moment.

    Attributes:
        refresh_id: AWS's id.
        status: One of AWS's statuses.
        reason: What AWS says about the status; empty when it says nothing.
        percentage: How much of it is done.
        remaining: How many instances are still to be replaced.
        checkpoints: Percentages at which it waits.
        checkpoint_seconds: For how long.
        templates: What it brings; empty where it was started without a desired configuration.
    """

    refresh_id: str
    status: str
    reason: str = ""
    percentage: int = 0
    remaining: int = 0
    checkpoints: tuple[int, ...] = ()
    checkpoint_seconds: int = 0
    templates: frozenset[Template] = frozenset()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in _ENDED

    def describe(self) -> str:
        """Say in a line how it stands."""
        parts = [f"{self.status}, {self.percentage} %"]
        if self.remaining:
            parts.append(f"{self.remaining} instance{'s' if self.remaining > 1 else ''} to go")
        if self.status == "InProgress" and self.percentage in self.checkpoints and self.remaining:
            parts.append(f"at a checkpoint for {self.checkpoint_seconds} s")
        if self.reason:
            parts.append(self.reason.rstrip("."))
        return "; ".join(parts)


class Refreshes:
    """Starts the instance refreshes of groups, and looks at them.

    IAM: autoscaling:StartInstanceRefresh, DescribeInstanceRefreshes.
    """

    def __init__(self, autoscaling: AutoScalingClient) -> None:
        self._autoscaling = autoscaling

    def newest(self, group: str) -> Refresh | None:
        """Look at the refresh that was started last; None where there never was one (AWS forgets after six weeks)."""
        # The newest come first.
        told = self._autoscaling.describe_instance_refreshes(AutoScalingGroupName=group, MaxRecords=1)
        found = told["InstanceRefreshes"]
        return _refresh(found[0]) if found else None

    def read(self, group: str, refresh_id: str) -> Refresh | None:
        """Look at a refresh; None where it is not known."""
        told = self._autoscaling.describe_instance_refreshes(
            AutoScalingGroupName=group, InstanceRefreshIds=[refresh_id]
        )
        found = told["InstanceRefreshes"]
        return _refresh(found[0]) if found else None

    def start(self, group: str, configuration: Mapping[str, Any], preferences: Mapping[str, Any]) -> str:
        """Start a refresh towards a configuration that the group gets when all went well; its id.

        Args:
            group: The group's name.
            configuration: LaunchTemplate or MixedInstancesPolicy, as the API takes them.
            preferences: RefreshPreferences, as the API takes them.
        """
        wanted = dict(preferences)
        # AWS refuses a specification without an alarm.
        if not (wanted.get("AlarmSpecification") or {}).get("Alarms"):
            wanted.pop("AlarmSpecification", None)
        desired: Any = dict(configuration)
        how: Any = wanted
        told = self._autoscaling.start_instance_refresh(
            AutoScalingGroupName=group, DesiredConfiguration=desired, Preferences=how
        )
        return told["InstanceRefreshId"]


def _refresh(told: Mapping[str, Any]) -> Refresh:
    preferences = told.get("Preferences") or {}
    return Refresh(
        refresh_id=told["InstanceRefreshId"],
        status=told["Status"],
        reason=told.get("StatusReason") or "",
        percentage=told.get("PercentageComplete") or 0,
        remaining=told.get("InstancesToUpdate") or 0,
        checkpoints=tuple(preferences.get("CheckpointPercentages") or ()),
        checkpoint_seconds=preferences.get("CheckpointDelay") or 0,
        templates=templates_of(told.get("DesiredConfiguration") or {}),
    )
