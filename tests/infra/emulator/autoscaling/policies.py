"""Scaling policies that may be switched off; stock moto has no `enabled`."""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeScalingPolicy


class SwitchablePolicy(FakeScalingPolicy):
    """moto's policy, with what it drops."""

    enabled = True

    def keep(self, parameters: dict[str, Any]) -> None:
        """Keep what stock moto drops of a request."""
        self.enabled = parameters.get("Enabled", True)
        # An empty one is none; moto tells it all the same.
        self.predictive_scaling_configuration = parameters.get("PredictiveScalingConfiguration")
