"""Availability: how fast its error budget may burn, and the alarms that tell.

The method is chapter 5 of Google's SRE workbook, "Alerting on SLOs" (https://sre.google/workbook/alerting-on-slos/):
a long window tells that something costs much of the budget, a short one that it still goes on.

The counts are the load balancer's, so that what a dead instance does not answer counts, too.
"""

from __future__ import annotations

from dataclasses import dataclass

from files_api.devtools.alarms.model import (
    LOAD_BALANCER,
    CompositeAlarm,
    Expression,
    Metric,
    MetricAlarm,
    Severity,
)

#: The share of requests that are answered, and not with 5xx, over BUDGET_DAYS.
OBJECTIVE = 0.999
BUDGET_DAYS = 30

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

#: So few failures never go off: of three requests in a night one may fail, and nobody gets up for that. It is failures
#: that are counted and not requests, so that half of a hundred requests are seen as well as a thousandth of a million.
MIN_FAILED_LONG = 10
#: In a short window. One that strays in after the trouble is over must not bring the alarm back.
MIN_FAILED_SHORT = 2


@dataclass(frozen=True, slots=True)
class BurnRate:
    """A pace at which the error budget is used: 1 uses all of it in exactly BUDGET_DAYS."""

    name: str
    severity: Severity
    rate: float
    long_seconds: int
    short_seconds: int
    quiet_during: str | None = None

    @property
    def share(self) -> float:
        """The share of failed requests that is this pace."""
        return round(self.rate * (1 - OBJECTIVE), 6)

    @property
    def budget_used(self) -> float:
        """The share of the whole budget that is gone when this pace was held for the long window."""
        return self.rate * self.long_seconds / (BUDGET_DAYS * _DAY)

    def minutes_until_alarm(self, failed_share: float) -> float | None:
        """How long it takes to notice, on steady traffic that was well before.

        Args:
            failed_share: Of all requests, from now on.

        Returns:
            Minutes; None for what is never noticed.
        """
        if failed_share <= self.share:
            return None
        return self.long_seconds / 60 * self.share / failed_share


FAST = BurnRate("availability-burning-fast", Severity.PAGE, 14.4, _HOUR, 5 * _MINUTE)
# Whoever was woken by the faster one need not be woken again while the long windows empty.
STEADY = BurnRate("availability-burning", Severity.PAGE, 6, 6 * _HOUR, 30 * _MINUTE, quiet_during=FAST.name)
# CloudWatch takes any multiple of a minute as a period, up to 7 days, and looks at those of more than a day each hour.
SLOW = BurnRate("availability-burning-slowly", Severity.TICKET, 1, 3 * _DAY, 6 * _HOUR)
BURN_RATES = (FAST, STEADY, SLOW)


def load_balancer_counts() -> tuple[Metric, ...]:
    """The load balancer's counts: requests, and 5xx from instances and from itself.

    All have the load balancer as their only dimension: 5xx of its own belong to no target group
    (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html).
    """
    return (
        _count("requests", "RequestCount"),
        _count("target_5xx", "HTTPCode_Target_5XX_Count"),
        _count("elb_5xx", "HTTPCode_ELB_5XX_Count"),
    )


def share_of_failures(failed: str, all_of_them: str, minimum: int) -> str:
    """Write the metric math of a share, 0 below a minimum of failures.

    What fails may be more than what is counted: RequestCount has only requests for which there was an instance, and
    counts them when they come, not when they end. One more is added so that nothing is ever divided by zero: CloudWatch
    makes no data point of that, and an alarm without its latest one looks at older ones.

    Args:
        failed: The id of what failed.
        all_of_them: The metric math for all of them.
        minimum: So many failures at least.
    """
    return f"IF({failed} >= {minimum}, {failed} / (MAX([{all_of_them}, {failed}]) + 1), 0)"


def alarms_of(burn: BurnRate) -> tuple[MetricAlarm | CompositeAlarm, ...]:
    """Make the alarms of a pace: one on each window, and the one on both that tells somebody."""
    long = _on_window(burn, burn.long_seconds, MIN_FAILED_LONG)
    short = _on_window(burn, burn.short_seconds, MIN_FAILED_SHORT)
    both = CompositeAlarm(
        burn.name,
        burn.severity,
        f"Over {span(burn.long_seconds)}, and still in the last {span(burn.short_seconds)}, more than "
        f"{burn.share:.2%} of requests fail: the error budget burns at {burn.rate:g}x.",
        all_of=(long.name, short.name),
        quiet_during=burn.quiet_during,
        quiet_after_seconds=burn.short_seconds if burn.quiet_during else 0,
    )
    return long, short, both


def span(seconds: int) -> str:
    """Write a span of time in short: 5m, 6h, 3d."""
    for unit, letter in ((_DAY, "d"), (_HOUR, "h")):
        if seconds % unit == 0:
            return f"{seconds // unit}{letter}"
    return f"{seconds // _MINUTE}m"


def _on_window(burn: BurnRate, seconds: int, minimum: int) -> MetricAlarm:
    return MetricAlarm(
        f"{burn.name}-{span(seconds)}",
        Severity.PART,
        f"More than {burn.share:.2%} of the requests of {span(seconds)} failed.",
        metrics=load_balancer_counts(),
        expressions=(
            Expression("failed", "FILL(target_5xx, 0) + FILL(elb_5xx, 0)", "Requests that failed"),
            Expression("share", share_of_failures("failed", "FILL(requests, 0)", minimum), "Share of failed"),
        ),
        period_seconds=seconds,
        threshold=burn.share,
        section=burn.name,
    )


def _count(name: str, metric: str) -> Metric:
    return Metric(name, "AWS/ApplicationELB", metric, "Sum", (("LoadBalancer", LOAD_BALANCER),))
