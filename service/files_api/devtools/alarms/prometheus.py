"""Writes the same levels as alerting rules of Prometheus, for the local stack.

There is no load balancer there: the service counts for itself, and a dead one counts nothing. Alarms on what only AWS
has are left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from files_api.devtools.alarms import catalogue
from files_api.devtools.alarms.burn_rates import BURN_RATES, MIN_FAILED_LONG, MIN_FAILED_SHORT, span
from files_api.devtools.alarms.log_metrics import SLOW_READ_MS

if TYPE_CHECKING:
    from files_api.devtools.alarms.burn_rates import BurnRate
    from files_api.devtools.alarms.model import Alarm

_REQUESTS = "http_server_request_duration_seconds"
# The load balancer does not count its health checks either.
_SERVED = 'http_route!~"/health/.*"'
_FAILED = f'{_SERVED},http_response_status_class="5xx"'
# With large downloads, since a histogram does not know sizes: on a laptop that is good enough.
_READS = 'http_route="/v1/files/{file_path}",http_request_method="GET",http_response_status_class="2xx"'


@dataclass(frozen=True, slots=True)
class Rule:
    """An alerting rule: the alarm whose name it has, its PromQL, and how long that has to hold."""

    alarm: Alarm
    expression: str
    holds: str = "0m"


def rules() -> tuple[Rule, ...]:
    """Make the rules."""
    by_name = {alarm.name: alarm for alarm in catalogue.ALARMS}
    return (
        *(Rule(by_name[burn.name], _burning(burn)) for burn in BURN_RATES),
        Rule(catalogue.SMALL_READS_SLOW, _slow_reads()),
        Rule(catalogue.UNHANDLED_EXCEPTIONS, f"{_increase('unhandled_exceptions_total', '', '5m')} > 0"),
        Rule(catalogue.GENERATIONS_FAILING, _failing_generations()),
        Rule(catalogue.S3_THROTTLED, _s3("throttled"), "10m"),
        Rule(catalogue.S3_UNREACHABLE, _s3("unreachable"), "10m"),
        Rule(catalogue.LIMITS_UNAVAILABLE, f"{_increase('limits_unavailable_total', '', '5m')} > 0", "5m"),
    )


def render() -> str:
    """Write the file. Sentences are quoted as JSON does, which YAML reads."""
    lines = [
        "# Written by python -m files_api.devtools.alarms: change it there.",
        "groups:",
        "  - name: files-api",
        "    rules:",
    ]
    for rule in rules():
        lines += [
            f"      - alert: {rule.alarm.name}",
            # PromQL is full of double quotes, and of single ones it has none here.
            f"        expr: '{rule.expression}'",
            f"        for: {rule.holds}",
            "        labels:",
            f"          severity: {rule.alarm.severity.value}",
            "        annotations:",
            f"          summary: {json.dumps(rule.alarm.summary)}",
            f"          runbook: {json.dumps(rule.alarm.description.rpartition(' ')[2])}",
        ]
    return "\n".join(lines) + "\n"


def _increase(metric: str, labels: str, window: str) -> str:
    selector = f"{metric}{{{labels}}}" if labels else metric
    return f"sum(increase({selector}[{window}]))"


def _burning(burn: BurnRate) -> str:
    def on(seconds: int, minimum: int) -> str:
        failed = _increase(f"{_REQUESTS}_count", _FAILED, span(seconds))
        served = _increase(f"{_REQUESTS}_count", _SERVED, span(seconds))
        return f"({failed} >= {minimum} and {failed} / {served} > {burn.share:g})"

    return f"{on(burn.long_seconds, MIN_FAILED_LONG)} and {on(burn.short_seconds, MIN_FAILED_SHORT)}"


def _slow_reads() -> str:
    reads = _increase(f"{_REQUESTS}_count", _READS, "30m")
    quick = _increase(f"{_REQUESTS}_bucket", f'{_READS},le="{SLOW_READ_MS / 1000:g}"', "30m")
    return f"{reads} - {quick} >= 10 and 1 - {quick} / {reads} > 0.01"


def _failing_generations() -> str:
    metric = "generation_duration_seconds_count"
    failures = 'generation_outcome=~"generator_.*|generation_not_configured"'
    asked = 'generation_outcome=~"ok|generator_.*|generation_not_configured"'
    failed, of = _increase(metric, failures, "15m"), _increase(metric, asked, "15m")
    return f"{failed} >= 5 and {failed} / {of} > 0.25"


def _s3(outcome: str) -> str:
    labels = f's3_outcome="{outcome}"'
    return f"{_increase('s3_call_duration_seconds_count', labels, '5m')} > 10"
