"""CloudWatch's form of a dashboard, and of saved queries, as templates for Terraform's `templatefile`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from files_api.devtools.dashboards.layout import Place, arrange
from files_api.devtools.dashboards.model import (
    Dashboard,
    Expression,
    Kind,
    LogsInsights,
    Metric,
    MetricQuery,
    MetricsInsights,
    Panel,
    Row,
    Target,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from files_api.devtools.dashboards.saved_queries import SavedQuery

# A title and a question.
_HEAD_HEIGHT = 2
_PERIOD_SECONDS = 60
_DAY_SECONDS = 86_400


def render_body(dashboard: Dashboard) -> dict[str, Any]:
    """Make the body that `PutDashboard` takes, once its placeholders are filled in."""
    return {
        # The page chooses longer periods for longer times.
        "periodOverride": "auto",
        "start": "-PT3H",
        "widgets": [
            _head(placed.content, placed.place)
            if isinstance(placed.content, Row)
            else _widget(placed.content, placed.place)
            for placed in arrange(dashboard.for_target(Target.CLOUDWATCH), _HEAD_HEIGHT)
        ],
    }


def render_queries(queries: Sequence[SavedQuery]) -> list[dict[str, Any]]:
    """Make what `aws_cloudwatch_query_definition` takes, each.

    Returns:
        `name`, `log_group_names`, `query_string`; the question stands in the query, as a comment.
    """
    return [
        {
            "name": f"files-api/${{environment}}/{saved.name}",
            "log_group_names": list(saved.query.log_groups),
            "query_string": f"# {saved.question}\n{saved.query.text}",
        }
        for saved in queries
    ]


def _box(place: Place) -> dict[str, Any]:
    return {"x": place.x, "y": place.y, "width": place.width, "height": place.height}


def _head(row: Row, place: Place) -> dict[str, Any]:
    return {
        "type": "text",
        **_box(place),
        "properties": {"markdown": f"## {row.title}\n{row.question}", "background": "transparent"},
    }


def _widget(panel: Panel, place: Place) -> dict[str, Any]:
    logs = [query for query in panel.aws if isinstance(query, LogsInsights)]
    metrics = [query for query in panel.aws if isinstance(query, Metric | Expression | MetricsInsights)]
    if panel.kind is Kind.TEXT:
        return {"type": "text", **_box(place), "properties": {"markdown": panel.text}}
    if logs:
        return {"type": "log", **_box(place), "properties": _log_properties(panel, logs[0])}
    return {"type": "metric", **_box(place), "properties": _metric_properties(panel, metrics)}


def _log_properties(panel: Panel, query: LogsInsights) -> dict[str, Any]:
    sources = " | ".join(f"SOURCE '{group}'" for group in query.log_groups)
    return {
        "title": panel.title,
        "region": "${region}",
        "view": "table",
        "query": f"{sources}\n| {query.text}",
    }


def _metric_properties(panel: Panel, queries: Sequence[MetricQuery]) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "title": panel.title,
        "region": "${region}",
        "view": "singleValue" if panel.kind is Kind.STAT else "timeSeries",
        "stacked": False,
        "period": period_seconds(queries),
        "metrics": [_metric(query) for query in queries],
    }
    if panel.kind is Kind.STAT:
        # One value over the time that is shown, instead of the last minute's.
        properties["setPeriodToTimeRange"] = True
        properties["sparkline"] = False
        return properties
    unit = panel.unit_for(Target.CLOUDWATCH)
    properties["yAxis"] = {"left": {"label": unit.label, "min": 0, "showUnits": False}}
    if panel.threshold is not None:
        properties["annotations"] = {
            "horizontal": [{"label": panel.threshold.label, "value": panel.threshold.value}]
        }
    return properties


def period_seconds(queries: Sequence[MetricQuery]) -> int:
    """How much time a point stands for: S3 tells once a day how much it keeps."""
    daily = any(isinstance(query, Metric) and query.namespace == "AWS/S3" for query in queries)
    return _DAY_SECONDS if daily else _PERIOD_SECONDS


def _metric(query: MetricQuery) -> list[Any]:
    if isinstance(query, Metric):
        dimensions = [part for dimension in query.dimensions for part in dimension]
        options = {"id": query.id, "stat": query.statistic, "label": query.label, "visible": query.is_shown}
        return [query.namespace, query.name, *dimensions, options]
    if isinstance(query, MetricsInsights):
        return [{"id": query.id, "expression": query.sql}]
    label = {"label": query.label} if query.label else {}
    return [{"id": query.id, "expression": query.text, **label}]
