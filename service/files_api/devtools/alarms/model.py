"""What an alarm is. The same values are rendered for CloudWatch and evaluated by the tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: What stands in dimensions and names until Terraform puts in what is really there (docs/observability.md).
LOAD_BALANCER, TARGET_GROUP = "LOAD_BALANCER", "TARGET_GROUP"
AUTO_SCALING_GROUP, ENVIRONMENT = "AUTO_SCALING_GROUP", "ENVIRONMENT"
TOKENS = (LOAD_BALANCER, TARGET_GROUP, AUTO_SCALING_GROUP, ENVIRONMENT)

RUNBOOK = "docs/runbook.md"


class Severity(StrEnum):
    """Who is told."""

    #: Somebody is woken.
    PAGE = "page"
    #: Somebody looks at it on the next working day.
    TICKET = "ticket"
    #: Nobody: it is a part of a composite alarm.
    PART = "part"


class Comparison(StrEnum):
    """When a data point is bad: CloudWatch's names."""

    ABOVE = "GreaterThanThreshold"
    BELOW = "LessThanThreshold"


class Missing(StrEnum):
    """What a data point means that is not there: CloudWatch's names."""

    GOOD = "notBreaching"
    BAD = "breaching"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of CloudWatch, under the name that expressions call it by.

    `statistic` is one of CloudWatch's: Sum, Minimum, Maximum, SampleCount, or a percentile such as p50.
    """

    id: str
    namespace: str
    name: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """Metric math (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html)."""

    id: str
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """An alarm on metrics: its last expression is what is compared.

    It goes off when `bad_periods` of the last `periods` data points are `comparison` `threshold`.
    """

    name: str
    severity: Severity
    summary: str
    metrics: tuple[Metric, ...]
    expressions: tuple[Expression, ...]
    period_seconds: int
    threshold: float
    periods: int = 1
    bad_periods: int = 1
    comparison: Comparison = Comparison.ABOVE
    missing: Missing = Missing.GOOD
    #: The section of the runbook, where it is another alarm's.
    section: str | None = None

    @property
    def description(self) -> str:
        """What the alarm says, with the section of the runbook at its end."""
        return _described(self.summary, self.section or self.name)


@dataclass(frozen=True, slots=True)
class CompositeAlarm:
    """An alarm on other alarms: all of them have to be in alarm.

    While `quiet_during` is in alarm, and `quiet_after_seconds` afterwards, nobody is told.
    """

    name: str
    severity: Severity
    summary: str
    all_of: tuple[str, ...]
    quiet_during: str | None = None
    quiet_after_seconds: int = 0

    @property
    def description(self) -> str:
        """What the alarm says, with the section of the runbook at its end."""
        return _described(self.summary, self.name)


@dataclass(frozen=True, slots=True)
class LogMetric:
    """A metric that CloudWatch Logs counts: the lines of a log group that match a pattern.

    Patterns: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """

    name: str
    log_group: str
    pattern: str


Alarm = MetricAlarm | CompositeAlarm


def _described(summary: str, section: str) -> str:
    return f"{summary} {RUNBOOK}#{section}"
