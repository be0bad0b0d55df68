"""Everything that is added to moto, one module for each service."""

from __future__ import annotations

from tests.infra.emulator import (
    autoscaling,
    awslambda,
    budgets,
    cloudwatch,
    cognitoidp,
    ec2,
    elbv2,
    logs,
    s3,
    sns,
    xray,
)
from tests.infra.emulator.gaps import require_known_moto

_MODULES = (autoscaling, awslambda, budgets, cloudwatch, cognitoidp, ec2, elbv2, logs, s3, sns, xray)


def extend() -> None:
    """Add all of it, in this process.

    Raises:
        MotoHasLearntError: moto has something of it already, or is another version.
    """
    require_known_moto()
    for module in _MODULES:
        module.extend()
