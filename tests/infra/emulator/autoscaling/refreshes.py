"""An instance refresh that really replaces instances, a batch at a time.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-overview.html and, for the way back,
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html: the group keeps its configuration
until the refresh has succeeded, and a rollback goes to that one. Whoever updates the group first, and only then
starts a refresh, as hashicorp/aws does, has nothing to go back to (its issue 34189): so it is here, too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

if TYPE_CHECKING:
    from datetime import datetime

    from tests.infra.emulator.autoscaling.configurations import Configuration
    from tests.infra.emulator.autoscaling.groups import SimulatedGroup
    from tests.infra.emulator.autoscaling.instances import SimulatedInstance
    from tests.infra.emulator.autoscaling.preferences import Preferences

#: Simulated seconds without an instance getting healthy after which AWS gives up.
_PATIENCE_SECONDS = 3600.0
_ACTIVE = {"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"}


class Refresh:
    """One refresh; its public attributes are what DescribeInstanceRefreshes tells, in moto's spelling.

    Args:
        group: The group.
        wanted: The DesiredConfiguration as it was given, or None.
        configuration: What that means; the group's own without one.
        preferences: What to mind.
    """

    def __init__(
        self,
        group: SimulatedGroup,
        wanted: dict[str, Any] | None,
        configuration: Configuration,
        preferences: Preferences,
    ) -> None:
        self._group = group
        self._preferences = preferences
        self._target = configuration
        self._previous = group.configuration
        self.instance_refresh_id = str(mock_random.uuid4())
        self.auto_scaling_group_name = group.name
        self.strategy = "Rolling"
        self.status = "Pending"
        self.status_reason: str | None = None
        self.start_time = utcnow()
        self.end_time: datetime | None = None
        self.desired_configuration = wanted
        self.preferences = preferences.given
        self.rollback_details: dict[str, Any] | None = None
        self._outgoing: list[SimulatedInstance] = []
        self._total = 0
        self._needed = 0
        self._incoming: list[SimulatedInstance] = []
        self._checkpoints: list[int] = []
        self._wait_until = 0.0
        self._progress_at = 0.0
        self._cancelled = False

    @property
    def is_active(self) -> bool:
        return self.status in _ACTIVE

    @property
    def percentage_complete(self) -> int:
        return 100 if self._total == 0 else math.floor(100 * self._replaced / self._total)

    @property
    def instances_to_update(self) -> int:
        return self._total - self._replaced

    def cancel(self) -> None:
        """Stop after what is under way."""
        self.status = "Cancelling"

    def roll_back(self, reason: str) -> None:
        """Turn round: everything that has come goes again, for the group's own configuration."""
        self.rollback_details = {
            "RollbackReason": reason,
            "RollbackStartTime": utcnow(),
            "PercentageCompleteOnRollback": self.percentage_complete,
            "InstancesToUpdateOnRollback": self.instances_to_update,
        }
        self.status = "RollbackInProgress"
        self.status_reason = reason
        self._target = self._previous
        self._begin(self._incoming, checkpoints=())

    def step(self) -> None:
        """Do what time does to it."""
        match self.status:
            case "Pending":
                self._start()
            case "Cancelling":
                self._finish("Cancelled", "Cancelled by user request.")
            case "InProgress" | "Baking" if self._sounding:
                self._fail(f"Alarm {self._sounding} is in ALARM state.")
            case "InProgress" | "RollbackInProgress":
                self._replace()
            case "Baking" if self._group.clock.now >= self._wait_until:
                self._succeed()

    def _start(self) -> None:
        choices = self._target.choices(self._group.ec2_backend)
        outgoing = [
            member
            for member in self._group.members
            if not (self._preferences.skip_matching and member.choice in choices)
        ]
        self.status = "InProgress"
        self._begin(outgoing, self._preferences.checkpoints)

    def _begin(self, outgoing: list[SimulatedInstance], checkpoints: tuple[int, ...]) -> None:
        self._outgoing = [member for member in outgoing if not member.is_leaving]
        self._total = len(self._outgoing)
        self._incoming = []
        # A rollback finds some that never went.
        staying = len(self._group.members) - self._total
        self._needed = max(0, min(self._total, (self._group.desired_capacity or 0) - staying))
        self._checkpoints = list(checkpoints)
        self._wait_until = 0.0
        self._progress_at = self._group.clock.now
        if self._total == 0:
            self._settle()

    @property
    def _sounding(self) -> str | None:
        """The first of the specified alarms that is in ALARM state."""
        alarms = cloudwatch_backends[self._group.account_id][self._group.region].alarms
        for name in self._preferences.alarms:
            if name in alarms and alarms[name].state_value == "ALARM":
                return name
        return None

    @property
    def _replaced(self) -> int:
        """Outgoing instances whose successors are ready."""
        staying = sum(not member.is_leaving for member in self._outgoing)
        return min(self._total - staying, self._ready + self._total - self._needed)

    @property
    def _ready(self) -> int:
        return sum(self._is_ready(member) for member in self._incoming)

    def _is_ready(self, member: SimulatedInstance) -> bool:
        return (
            not member.is_leaving
            and member.is_healthy
            and member.in_service_seconds >= self._preferences.warmup_seconds
        )

    def _replace(self) -> None:
        now = self._group.clock.now
        if now < self._wait_until:
            return
        before = self._replaced
        self._incoming = [member for member in self._incoming if not member.is_leaving]
        quota = self._quota()
        if self._checkpoints and self._replaced >= quota:
            reached = self._checkpoints.pop(0)
            if reached < 100:
                self._wait_until = now + self._preferences.checkpoint_seconds
                self.status_reason = f"Waiting at the checkpoint of {reached}%."
                self._progress_at = self._wait_until
                return
            quota = self._quota()
        self.status_reason = None if self.rollback_details is None else self.status_reason
        self._terminate(quota)
        self._launch(quota)
        if self._replaced > before or self._ready > before:
            self._progress_at = now
        if self._replaced == self._total:
            self._settle()
        elif now - self._progress_at > _PATIENCE_SECONDS:
            self._fail("The instances of the refresh did not become healthy within an hour.")

    def _quota(self) -> int:
        """Count how many may be replaced before the next checkpoint."""
        return math.ceil(self._total * self._checkpoints[0] / 100) if self._checkpoints else self._total

    def _terminate(self, quota: int) -> None:
        desired = self._group.desired_capacity or 0
        healthy = [
            member for member in self._group.members if member in self._outgoing or self._is_ready(member)
        ]
        spare = sum(member.is_healthy for member in healthy) - self._preferences.least_healthy(desired)
        staying = [member for member in self._outgoing if not member.is_leaving]
        gone = self._total - len(staying)
        # The sick ones first, which nobody misses.
        for member in sorted(staying, key=lambda one: one.is_healthy)[: max(0, quota - gone)]:
            if member.is_healthy:
                if spare <= 0:
                    return
                spare -= 1
            member.leave()

    def _launch(self, quota: int) -> None:
        desired = self._group.desired_capacity or 0
        # Whoever is still draining counts as running no more.
        room = self._preferences.most_running(desired) - len(self._group.members)
        for _ in range(min(room, quota - (self._total - self._needed) - len(self._incoming))):
            self._incoming.append(self._group.launch(self._target))

    def _settle(self) -> None:
        if self.rollback_details is not None:
            self._finish("RollbackSuccessful", self.status_reason)
        elif self._preferences.bake_seconds:
            self.status = "Baking"
            self._wait_until = self._group.clock.now + self._preferences.bake_seconds
        else:
            self._succeed()

    def _succeed(self) -> None:
        # Only now is the group what the refresh was for.
        self._group.configuration = self._target
        self._finish("Successful", None)

    def _fail(self, reason: str) -> None:
        if self.rollback_details is not None:
            self._finish("RollbackFailed", reason)
        elif self._preferences.auto_rollback:
            self.roll_back(reason)
        else:
            self._finish("Failed", reason)

    def _finish(self, status: str, reason: str | None) -> None:
        self.status = status
        self.status_reason = reason
        self.end_time = utcnow()
