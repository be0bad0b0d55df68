"""Writes the alarms for Terraform: its own names of arguments, so that resources take them as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from files_api.devtools.alarms.catalogue import COMPOSITE_ALARMS, METRIC_ALARMS
from files_api.devtools.alarms.log_metrics import LOG_METRICS, NAMESPACE
from files_api.devtools.alarms.model import ENVIRONMENT

if TYPE_CHECKING:
    from files_api.devtools.alarms.model import CompositeAlarm, Expression, LogMetric, Metric, MetricAlarm

#: How long an alarm waits for the one that may make it quiet, in seconds: both are evaluated each minute.
_WAIT_SECONDS = 120


def document() -> dict[str, list[dict[str, Any]]]:
    """Make the document: a list for each kind of resource. What a resource does not have is null."""
    return {
        "log_metric_filters": [_log_metric(counted) for counted in LOG_METRICS],
        "metric_alarms": [_metric_alarm(alarm) for alarm in METRIC_ALARMS],
        "composite_alarms": [_composite_alarm(alarm) for alarm in COMPOSITE_ALARMS],
    }


def full_name(name: str) -> str:
    """The name of an alarm in an account, which may have several environments."""
    return f"files-api-{ENVIRONMENT}-{name}"


def rule_of(alarm: CompositeAlarm) -> str:
    """The rule of a composite alarm."""
    return " AND ".join(f'ALARM("{full_name(name)}")' for name in alarm.all_of)


def _log_metric(counted: LogMetric) -> dict[str, Any]:
    return {
        "key": counted.name,
        "name": f"files-api-{ENVIRONMENT}-{counted.name}",
        "log_group_name": counted.log_group,
        "pattern": counted.pattern,
        "metric_transformation": {
            "name": counted.name,
            "namespace": NAMESPACE,
            "value": "1",
            "default_value": "0",
        },
    }


def _metric_alarm(alarm: MetricAlarm) -> dict[str, Any]:
    return {
        "key": alarm.name,
        "severity": alarm.severity.value,
        "alarm_name": full_name(alarm.name),
        "alarm_description": alarm.description,
        "comparison_operator": alarm.comparison.value,
        "threshold": alarm.threshold,
        "evaluation_periods": alarm.periods,
        "datapoints_to_alarm": alarm.bad_periods,
        "treat_missing_data": alarm.missing.value,
        "metric_query": [
            *(_metric(metric, alarm.period_seconds) for metric in alarm.metrics),
            *(_expression(expression, alarm.expressions[-1]) for expression in alarm.expressions),
        ],
    }


def _metric(metric: Metric, period_seconds: int) -> dict[str, Any]:
    return {
        "id": metric.id,
        "label": None,
        "return_data": False,
        "expression": None,
        "metric": {
            "namespace": metric.namespace,
            "metric_name": metric.name,
            "period": period_seconds,
            "stat": metric.statistic,
            "dimensions": dict(metric.dimensions),
        },
    }


def _expression(expression: Expression, watched: Expression) -> dict[str, Any]:
    return {
        "id": expression.id,
        "label": expression.label,
        "return_data": expression is watched,
        "expression": expression.text,
        "metric": None,
    }


def _composite_alarm(alarm: CompositeAlarm) -> dict[str, Any]:
    return {
        "key": alarm.name,
        "severity": alarm.severity.value,
        "alarm_name": full_name(alarm.name),
        "alarm_description": alarm.description,
        "alarm_rule": rule_of(alarm),
        "actions_suppressor": None
        if alarm.quiet_during is None
        else {
            "alarm": full_name(alarm.quiet_during),
            "extension_period": alarm.quiet_after_seconds,
            "wait_period": _WAIT_SECONDS,
        },
    }
