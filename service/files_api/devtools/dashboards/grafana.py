"""Grafana's form of a dashboard, over the local stack and over AWS.

https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from files_api.devtools.dashboards.cloudwatch import period_seconds
from files_api.devtools.dashboards.layout import Place, arrange
from files_api.devtools.dashboards.model import (
    Dashboard,
    Expression,
    Kind,
    LogQL,
    LogsInsights,
    Metric,
    MetricsInsights,
    Panel,
    PromQL,
    Row,
    Target,
    TraceQL,
    XRay,
)
from files_api.devtools.dashboards.sources import JOB, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from files_api.devtools.dashboards.model import AwsQuery, LocalQuery

_HEAD_HEIGHT = 1
#: What the data sources of the local stack are called; they are provisioned under these names.
PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
LOKI = {"type": "loki", "uid": "loki"}
TEMPO = {"type": "tempo", "uid": "tempo"}
#: On AWS Grafana asks which ones to use.
CLOUDWATCH = {"type": "cloudwatch", "uid": "${cloudwatch}"}
X_RAY = {"type": "grafana-x-ray-datasource", "uid": "${xray}"}
# The version of the dashboard's form, which Grafana brings up to date by itself.
_SCHEMA_VERSION = 39
_PANEL_OF = {
    Kind.TIME_SERIES: "timeseries",
    Kind.STAT: "stat",
    Kind.TABLE: "table",
    Kind.LOGS: "logs",
    Kind.TRACES: "table",
    Kind.TEXT: "text",
}


def render(dashboard: Dashboard, target: Target) -> dict[str, Any]:
    """Make the dashboard's JSON.

    Args:
        dashboard: What to show.
        target: `LOCAL` or `AWS`.
    """
    placed = arrange(dashboard.for_target(target), _HEAD_HEIGHT)
    return {
        "uid": f"files-api-{target.value}",
        "title": dashboard.title if target is Target.LOCAL else f"{dashboard.title} (AWS)",
        "description": dashboard.description,
        "tags": ["files-api"],
        "schemaVersion": _SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s" if target is Target.LOCAL else "1m",
        "time": {"from": "now-1h" if target is Target.LOCAL else "now-3h", "to": "now"},
        "timezone": "utc",
        "annotations": {"list": [_LOCAL_MARKS if target is Target.LOCAL else _AWS_MARKS]},
        "templating": {"list": [] if target is Target.LOCAL else _variables()},
        "panels": [
            _row(number, item.content, item.place)
            if isinstance(item.content, Row)
            else _panel(number, item.content, item.place, target)
            for number, item in enumerate(placed, start=1)
        ],
    }


# A process that was not there two minutes ago: that is a deployment, or a restart.
_PROCESSES = f"count by (service_version, instance) (target_info{{{JOB}}}"
_LOCAL_MARKS = {
    "name": "Processes started",
    "datasource": PROMETHEUS,
    "enable": True,
    "iconColor": "blue",
    "expr": f"{_PROCESSES}) unless {_PROCESSES} offset 2m)",
    "step": "60s",
    "titleFormat": "started: {{service_version}}",
    "textFormat": "{{instance}}",
}
# CloudWatch's annotations know alarms alone; instance refreshes have a panel.
_AWS_MARKS = {
    "name": "Alarms",
    "datasource": CLOUDWATCH,
    "enable": True,
    "iconColor": "red",
    "target": {
        "queryMode": "Annotations",
        "region": "${region}",
        "namespace": "",
        "metricName": "",
        "dimensions": {},
        "statistic": "Average",
        "period": "300",
        "prefixMatching": True,
        "alarmNamePrefix": "files-api-${environment}",
        "actionPrefix": "",
        "refId": "Alarms",
    },
}


def _variables() -> list[dict[str, Any]]:
    balancer = ("load_balancer", "AWS/ApplicationELB", "RequestCount", "LoadBalancer")
    targets = ("target_group", "AWS/ApplicationELB", "HealthyHostCount", "TargetGroup")
    group = ("auto_scaling_group", "AWS/EC2", "CPUUtilization", "AutoScalingGroupName")
    bucket = ("bucket", "AWS/S3", "NumberOfObjects", "BucketName")
    environment = ("environment", NAMESPACE, "http.server.active_requests", "deployment.environment.name")
    return [
        _source_variable("cloudwatch", "CloudWatch", "cloudwatch"),
        _source_variable("xray", "X-Ray", "grafana-x-ray-datasource"),
        _variable("region", {"queryType": "regions", "region": "default"}),
        *(_dimension_variable(*one) for one in (environment, balancer, targets, group, bucket)),
    ]


def _source_variable(name: str, label: str, plugin: str) -> dict[str, Any]:
    return {"type": "datasource", "name": name, "label": label, "query": plugin, "hide": 0}


def _dimension_variable(name: str, namespace: str, metric: str, dimension: str) -> dict[str, Any]:
    filters = {"LoadBalancer": "${load_balancer}"} if dimension == "TargetGroup" else {}
    query = {
        "queryType": "dimensionValues",
        "region": "${region}",
        "namespace": namespace,
        "metricName": metric,
        "dimensionKey": dimension,
        "dimensionFilters": filters,
    }
    return _variable(name, query)


def _variable(name: str, query: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "query",
        "name": name,
        "label": name.replace("_", " "),
        "datasource": CLOUDWATCH,
        "query": {**query, "refId": f"variable_{name}"},
        "refresh": 1,
        "sort": 1,
        "hide": 0,
        "multi": False,
        "includeAll": False,
    }


def _grid(place: Place) -> dict[str, int]:
    return {"x": place.x, "y": place.y, "w": place.width, "h": place.height}


def _row(number: int, row: Row, place: Place) -> dict[str, Any]:
    return {
        "id": number,
        "type": "row",
        "title": f"{row.title}: {row.question}",
        "collapsed": False,
        "gridPos": _grid(place),
        "panels": [],
    }


def _panel(number: int, panel: Panel, place: Place, target: Target) -> dict[str, Any]:
    queries = panel.local if target is Target.LOCAL else panel.aws
    shown: dict[str, Any] = {
        "id": number,
        "type": _panel_type(panel, target),
        "title": panel.title,
        "description": panel.question,
        "gridPos": _grid(place),
    }
    if panel.kind is Kind.TEXT:
        return {**shown, "options": {"mode": "markdown", "content": panel.text}}
    targets = _local_targets(panel.local) if target is Target.LOCAL else _aws_targets(panel.aws)
    return {
        **shown,
        "datasource": _datasource(queries[0]),
        "fieldConfig": {"defaults": _defaults(panel, target), "overrides": []},
        "options": _options(panel, target),
        "targets": targets,
    }


def _panel_type(panel: Panel, target: Target) -> str:
    # Lines of Insights have columns; Grafana's panel of logs would want a whole message of each.
    return "table" if target is Target.AWS and panel.kind is Kind.LOGS else _PANEL_OF[panel.kind]


def _defaults(panel: Panel, target: Target) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit_for(target).grafana}
    if panel.kind is Kind.TIME_SERIES:
        defaults["min"] = 0
        defaults["custom"] = {"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": False}
    if panel.threshold is not None:
        below, above = ("red", "green") if panel.kind is Kind.STAT else ("green", "red")
        defaults["thresholds"] = {
            "mode": "absolute",
            "steps": [{"color": below, "value": None}, {"color": above, "value": panel.threshold.value}],
        }
        if panel.kind is Kind.STAT:
            defaults["decimals"] = 3
        else:
            defaults["custom"]["thresholdsStyle"] = {"mode": "dashed"}
    return defaults


def _options(panel: Panel, target: Target) -> dict[str, Any]:
    if panel.kind is Kind.STAT:
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "background",
            "graphMode": "none",
        }
    if panel.kind is Kind.LOGS and target is Target.LOCAL:
        return {"showTime": True, "wrapLogMessage": True, "enableLogDetails": True, "sortOrder": "Descending"}
    if panel.kind is Kind.TIME_SERIES:
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {}


def _datasource(query: LocalQuery | AwsQuery) -> dict[str, str]:
    match query:
        case PromQL():
            return PROMETHEUS
        case LogQL():
            return LOKI
        case TraceQL():
            return TEMPO
        case XRay():
            return X_RAY
        case _:
            return CLOUDWATCH


def _ref(index: int) -> str:
    return chr(ord("A") + index)


def _local_targets(queries: Sequence[LocalQuery]) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = []
    for index, query in enumerate(queries):
        target: dict[str, Any] = {"refId": _ref(index), "datasource": _datasource(query)}
        match query:
            case PromQL():
                target |= {
                    "expr": query.expression,
                    "legendFormat": query.legend,
                    "range": not query.over_range,
                    "instant": query.over_range,
                    # The points of a histogram lead to traces.
                    "exemplar": "_bucket" in query.expression,
                }
            case LogQL():
                target |= {"expr": query.expression, "queryType": "range", "maxLines": 100}
            case TraceQL():
                target |= {
                    "query": query.expression,
                    "queryType": "traceql",
                    "limit": 20,
                    "tableType": "traces",
                }
        targets.append(target)
    return targets


def _aws_targets(queries: Sequence[AwsQuery]) -> list[dict[str, Any]]:
    metrics = [query for query in queries if isinstance(query, Metric | Expression | MetricsInsights)]
    period = str(period_seconds(metrics)) if period_seconds(metrics) > 60 else ""
    targets: list[dict[str, Any]] = []
    for index, query in enumerate(queries):
        target: dict[str, Any] = {
            "refId": _ref(index),
            "datasource": _datasource(query),
            "region": "${region}",
        }
        match query:
            case Metric():
                target |= _metric(query, period)
            case Expression():
                target |= _code(query.id, query.label, period)
                target |= {"metricQueryType": 0, "expression": query.text}
            case MetricsInsights():
                target |= _code(query.id, "", period)
                target |= {"metricQueryType": 1, "sqlExpression": query.sql}
            case LogsInsights():
                target |= {
                    "queryMode": "Logs",
                    "queryLanguage": "CWLI",
                    "id": "",
                    "logGroupNames": list(query.log_groups),
                    "expression": query.text,
                    "statsGroups": [],
                }
            case XRay():
                target |= {"queryMode": "X-Ray", "queryType": "getTraceSummaries", "query": query.expression}
        targets.append(target)
    return targets


def _metric(query: Metric, period: str) -> dict[str, Any]:
    return {
        "queryMode": "Metrics",
        "metricQueryType": 0,
        "metricEditorMode": 0,
        "id": query.id,
        "namespace": query.namespace,
        "metricName": query.name,
        "dimensions": dict(query.dimensions),
        "matchExact": True,
        "statistic": query.statistic,
        "label": query.label,
        "period": period,
        "hide": not query.is_shown,
    }


def _code(query_id: str, label: str, period: str) -> dict[str, Any]:
    return {
        "queryMode": "Metrics",
        "metricEditorMode": 1,
        "id": query_id,
        "label": label,
        "period": period,
        "hide": False,
    }
