"""What a refresh was told to mind. https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RefreshPreferences.html"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

from moto.autoscaling.exceptions import ValidationError


@dataclass(frozen=True)
class Preferences:
    """The preferences of one refresh.

    Attributes:
        given: As they were given, for the description.
        min_healthy: Percent of the desired capacity that must stay healthy.
        max_healthy: Percent of it that may run at once.
        warmup_seconds: How long an instance must have been in service to count.
        checkpoints: Percentages at which to wait.
        checkpoint_seconds: For how long.
        bake_seconds: How long to watch at the end.
        skip_matching: Whether instances that are as wanted already stay.
        auto_rollback: Whether to go back after a failure.
        alarms: Names of the alarms that fail it.
    """

    given: dict[str, Any]
    min_healthy: int
    max_healthy: int
    warmup_seconds: float
    checkpoints: tuple[int, ...]
    checkpoint_seconds: float
    bake_seconds: float
    skip_matching: bool
    auto_rollback: bool
    alarms: tuple[str, ...]

    @classmethod
    def from_request(cls, given: dict[str, Any], *, usual_warmup_seconds: float) -> Self:
        """Read them, and refuse what the API refuses."""
        preferences = cls(
            given=given,
            min_healthy=given.get("MinHealthyPercentage", 90),
            max_healthy=given.get("MaxHealthyPercentage", 100),
            warmup_seconds=given.get("InstanceWarmup", usual_warmup_seconds),
            checkpoints=tuple(given.get("CheckpointPercentages") or ()),
            checkpoint_seconds=given.get("CheckpointDelay", 3600),
            bake_seconds=given.get("BakeTime", 0),
            skip_matching=given.get("SkipMatching", False),
            auto_rollback=given.get("AutoRollback", False),
            alarms=tuple((given.get("AlarmSpecification") or {}).get("Alarms") or ()),
        )
        if not 100 <= preferences.max_healthy <= 200:
            raise ValidationError("MaxHealthyPercentage must be from 100 to 200.")
        if (
            "MaxHealthyPercentage" in given
            and not 0 < preferences.max_healthy - preferences.min_healthy <= 100
        ):
            raise ValidationError("MinHealthyPercentage and MaxHealthyPercentage must differ by 1 to 100.")
        if list(preferences.checkpoints) != sorted(set(preferences.checkpoints)):
            raise ValidationError("CheckpointPercentages must rise.")
        return preferences

    def least_healthy(self, desired: int) -> int:
        """Count the healthy instances below which nothing may be terminated."""
        return math.ceil(desired * self.min_healthy / 100)

    def most_running(self, desired: int) -> int:
        """Count the instances above which nothing may be launched."""
        most = math.floor(desired * self.max_healthy / 100)
        # The API lets one go beyond where neither would leave room for a single step.
        return most if most > self.least_healthy(desired) else self.least_healthy(desired) + 1
