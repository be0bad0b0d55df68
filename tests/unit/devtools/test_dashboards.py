"""The dashboards as code: every form of them is whole, and names only what exists."""

from __future__ import annotations

import inspect
import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricsData, Sum

from files_api.devtools.dashboards import cloudwatch, grafana
from files_api.devtools.dashboards.content import DASHBOARD
from files_api.devtools.dashboards.health import MAX_CONCURRENCY
from files_api.devtools.dashboards.layout import COLUMNS, Placed, arrange
from files_api.devtools.dashboards.model import (
    Expression,
    Kind,
    LogQL,
    LogsInsights,
    Metric,
    MetricsInsights,
    Panel,
    PromQL,
    Target,
    Unit,
)
from files_api.devtools.dashboards.saved_queries import SAVED_QUERIES
from files_api.devtools.dashboards.sources import NAMESPACE, PLACEHOLDERS
from files_api.settings import Settings
from files_api.telemetry import metrics

ROOT = Path(__file__).parents[3]
TARGETS = list(Target)
PANELS = [panel for row in DASHBOARD.rows for panel in row.panels]
RESOURCE = {"service.name", "deployment.environment.name"}
# What OTLP's resource becomes in Prometheus, and the boundary of a bucket.
PROMETHEUS_LABELS = {"job", "instance", "le", "service_version"}
# What the agent measures of the machine; its OTLP metrics have dots in their names.
AGENT_METRICS = {"mem_used_percent", "disk_used_percent"}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
AWS_METRICS = {
    "AWS/ApplicationELB": {
        "RequestCount", "RequestCountPerTarget", "TargetResponseTime", "HTTPCode_Target_2XX_Count",
        "HTTPCode_Target_3XX_Count", "HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_502_Count", "HTTPCode_ELB_503_Count", "HTTPCode_ELB_504_Count",
        "TargetConnectionErrorCount", "HealthyHostCount", "UnHealthyHostCount",
    },
    "AWS/EC2": {"CPUUtilization"},
    "AWS/AutoScaling": {
        "GroupInServiceInstances", "GroupDesiredCapacity", "GroupMaxSize", "GroupPendingInstances",
        "GroupTerminatingInstances",
    },
    "AWS/S3": {"BucketSizeBytes", "NumberOfObjects"},
}  # fmt: skip


def _value_for(name: str, annotation: str) -> Any:
    return {"str": name, "str | None": name, "int": 200, "float": 0.1}[annotation]


def _measured() -> MetricsData:
    """What the service tells when each of its record_* functions is called once."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    instruments = metrics._Instruments(provider.get_meter("test"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "_instruments", lambda: instruments)
        for name, function in inspect.getmembers(metrics, inspect.isfunction):
            if name.startswith("record_"):
                given = inspect.signature(function).parameters.values()
                keywords = {
                    p.name: _value_for(p.name, p.annotation) for p in given if p.kind is p.KEYWORD_ONLY
                }
                function(
                    *(_value_for(p.name, p.annotation) for p in given if p.kind is not p.KEYWORD_ONLY),
                    **keywords,
                )
    data = reader.get_metrics_data()
    assert data is not None
    return data


def _catalogue() -> dict[str, Any]:
    return {
        metric.name: metric
        for resource in _measured().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


CATALOGUE = _catalogue()
ATTRIBUTES = {
    name: {key for point in metric.data.data_points for key in point.attributes}
    for name, metric in CATALOGUE.items()
}


def _underscored(name: str) -> str:
    return name.replace(".", "_")


def _prometheus_names(metric: Any) -> set[str]:
    """https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/."""
    name = _underscored(metric.name) + {"s": "_seconds", "By": "_bytes"}.get(metric.unit, "")
    if isinstance(metric.data, Sum):
        return {f"{name}_total" if metric.data.is_monotonic else name}
    return {f"{name}_{part}" for part in ("bucket", "count", "sum")}


PROMETHEUS = {
    prometheus: {_underscored(attribute) for attribute in ATTRIBUTES[name]}
    for name, metric in CATALOGUE.items()
    for prometheus in _prometheus_names(metric)
} | {"target_info": set()}


def _of(kind: type[Any]) -> list[Any]:
    queries = [query for panel in PANELS for query in (*panel.local, *panel.aws) if isinstance(query, kind)]
    assert queries
    return queries


def _placed(target: Target) -> tuple[Placed, ...]:
    return arrange(DASHBOARD.for_target(target), head_height=2)


def _grafana(target: Target) -> dict[str, Any]:
    return grafana.render(DASHBOARD, target)


def _widgets(kind: str) -> list[dict[str, Any]]:
    return [widget for widget in cloudwatch.render_body(DASHBOARD)["widgets"] if widget["type"] == kind]


def test_the_rows_stand_in_the_order_in_which_one_reads_them_at_night() -> None:
    assert [row.title for row in DASHBOARD.for_target(Target.AWS)] == [
        "Health at a glance",
        "Load balancer",
        "Instances",
        "S3",
        "OpenAI: what costs money",
        "Limits and access",
        "Logs and traces",
        "Deployments",
    ]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_every_panel_asks_a_question(panel: Panel) -> None:
    assert "?" in panel.question


@pytest.mark.parametrize(
    "panel",
    [panel for panel in PANELS if panel.kind in {Kind.TIME_SERIES, Kind.STAT}],
    ids=lambda panel: panel.title,
)
def test_every_panel_with_values_has_a_unit(panel: Panel) -> None:
    assert panel.unit is not Unit.NONE


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_no_panel_is_empty(panel: Panel) -> None:
    assert panel.local or panel.aws or panel.text


def test_the_local_dashboard_has_a_panel_for_every_row() -> None:
    assert len(DASHBOARD.for_target(Target.LOCAL)) == len(DASHBOARD.rows)


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_stands_on_anything_else(target: Target) -> None:
    for one, other in combinations((placed.place for placed in _placed(target)), 2):
        beside = one.x + one.width <= other.x or other.x + other.width <= one.x
        below = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert beside or below, (one, other)


@pytest.mark.parametrize("target", TARGETS)
def test_every_line_fills_the_grid_and_goes_no_further(target: Target) -> None:
    lines: dict[int, int] = {}
    for placed in _placed(target):
        lines[placed.place.y] = lines.get(placed.place.y, 0) + placed.place.width

    assert set(lines.values()) == {COLUMNS}


@pytest.mark.parametrize("query", _of(PromQL), ids=lambda query: query.legend)
def test_promql_names_metrics_and_labels_that_the_service_tells(query: PromQL) -> None:
    selected = re.findall(r"([a-z0-9_]+)\{([^}]*)\}", query.expression)
    assert selected
    for metric, matchers in selected:
        assert metric in PROMETHEUS
        known = PROMETHEUS[metric] | PROMETHEUS_LABELS
        used = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", matchers))
        for grouping in re.findall(r"by \(([^)]*)\)", query.expression):
            used |= set(grouping.split(", "))
        used |= set(re.findall(r"\{\{(\w+)\}\}", query.legend))
        assert used <= known


@pytest.mark.parametrize("query", _of(Metric), ids=lambda query: query.name)
def test_metrics_of_cloudwatch_exist(query: Metric) -> None:
    known = AWS_METRICS | {NAMESPACE: set(CATALOGUE) | AGENT_METRICS}

    assert query.name in known[query.namespace]


def _queried(query: MetricsInsights | Expression) -> tuple[str, set[str]]:
    """The metric and the dimensions of a query over metrics of the service."""
    if isinstance(query, MetricsInsights):
        parts = re.fullmatch(
            r'SELECT \w+\("([^"]+)"\) FROM SCHEMA\("FilesApi", ([^)]*)\) WHERE (.*) GROUP BY (.*)', query.sql
        )
        assert parts is not None, query.sql
        dimensions = set(re.findall(r'"([^"]+)"', parts[2]))
        assert set(re.findall(r'"([^"]+)"', parts[3] + parts[4])) <= dimensions
        return parts[1], dimensions
    parts = re.fullmatch(r"""SEARCH\('\{FilesApi,([^}]*)\} MetricName="([^"]+)" .*', '\w+'\)""", query.text)
    assert parts is not None, query.text
    return parts[2], set(re.findall(r'"([^"]+)"', parts[1]))


def _searches() -> list[MetricsInsights | Expression]:
    found = [query for query in (*_of(MetricsInsights), *_of(Expression)) if "FilesApi" in repr(query)]
    assert any(isinstance(query, Expression) for query in found)
    return found


@pytest.mark.parametrize("query", _searches(), ids=lambda query: _queried(query)[0])
def test_queries_over_metrics_name_what_the_service_tells(query: MetricsInsights | Expression) -> None:
    metric, dimensions = _queried(query)

    assert metric in CATALOGUE
    assert dimensions <= ATTRIBUTES[metric] | RESOURCE


@pytest.mark.parametrize("query", _searches(), ids=lambda query: _queried(query)[0])
def test_queries_over_metrics_name_a_set_of_dimensions_that_the_agent_sends(
    query: MetricsInsights | Expression,
) -> None:
    agent = json.loads((ROOT / "observability/cloudwatch-agent/config.json").read_text(encoding="utf-8"))
    sets = [set(dimensions) for dimensions in agent["metrics"]["aggregation_dimensions"]]

    assert _queried(query)[1] in sets


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel.aws], ids=lambda panel: panel.title)
def test_cloudwatch_is_asked_one_query_in_sql_a_panel(panel: Panel) -> None:
    assert sum(isinstance(query, MetricsInsights) for query in panel.aws) <= 1


@pytest.mark.parametrize("panel", [panel for panel in PANELS if panel.aws], ids=lambda panel: panel.title)
def test_expressions_refer_to_what_stands_in_the_same_panel(panel: Panel) -> None:
    ids = [query.id for query in panel.aws if isinstance(query, Metric | Expression | MetricsInsights)]
    assert len(ids) == len(set(ids))
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
    assert all(re.fullmatch("[a-z][a-zA-Z0-9_]*", name) for name in ids)
    for query in panel.aws:
        if isinstance(query, Expression):
            without_texts = re.sub(r"'[^']*'", "", query.text)
            assert set(re.findall(r"\b[a-z][a-z0-9_]*\b", without_texts)) <= set(ids)


def test_the_limit_of_the_saturation_is_the_settings_default() -> None:
    settings = Settings.from_env({"FILES_API_BUCKET": "files", "FILES_API_ACCESS": "open"})

    assert settings.max_concurrency == MAX_CONCURRENCY


@pytest.mark.parametrize("query", _of(LogQL), ids=lambda query: query.expression[:60])
def test_lines_in_loki_show_their_trace_as_its_data_source_looks_for_it(query: LogQL) -> None:
    provisioned = (ROOT / "observability/grafana/provisioning/datasources/files-api.yaml").read_text(
        encoding="utf-8"
    )
    looked_for = re.search(r"matcherRegex: '(.*)'", provisioned)
    assert looked_for is not None
    line = query.expression.replace("{{.trace_id}}", "0af7651916cd43dd8448eb211c80319c")

    assert re.search(looked_for[1], line)


@pytest.mark.parametrize(
    "panel",
    [panel for panel in PANELS if panel.kind is Kind.LOGS and panel.local],
    ids=lambda panel: panel.title,
)
def test_lines_in_insights_show_their_trace(panel: Panel) -> None:
    (query,) = panel.aws
    assert isinstance(query, LogsInsights)

    assert "trace_id" in query.text


@pytest.mark.parametrize("target", [Target.LOCAL, Target.AWS])
def test_every_panel_in_grafana_has_a_description(target: Target) -> None:
    assert all(panel["description"] for panel in _grafana(target)["panels"] if panel["type"] != "row")


@pytest.mark.parametrize("target", [Target.LOCAL, Target.AWS])
def test_every_panel_in_grafana_asks_a_data_source_in_a_unit(target: Target) -> None:
    for panel in _grafana(target)["panels"]:
        if panel["type"] not in {"row", "text"}:
            assert panel["fieldConfig"]["defaults"]["unit"]
            assert all(query["datasource"]["uid"] for query in panel["targets"])
            assert panel["targets"]


@pytest.mark.parametrize("target", [Target.LOCAL, Target.AWS])
def test_panels_in_grafana_have_ids_of_their_own(target: Target) -> None:
    ids = [panel["id"] for panel in _grafana(target)["panels"]]

    assert len(ids) == len(set(ids))


def test_grafana_on_the_local_stack_asks_its_provisioned_data_sources() -> None:
    provisioned = (ROOT / "observability/grafana/provisioning/datasources/files-api.yaml").read_text(
        encoding="utf-8"
    )
    asked = set(re.findall(r"'uid': '(\w+)'", str(_grafana(Target.LOCAL)["panels"])))

    assert asked == set(re.findall(r"^    uid: (\w+)$", provisioned, re.MULTILINE))


def test_grafana_on_aws_asks_for_what_its_queries_leave_open() -> None:
    rendered = _grafana(Target.AWS)
    variables = {variable["name"] for variable in rendered["templating"]["list"]}

    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(rendered))) <= variables
    assert set(PLACEHOLDERS) <= variables


def test_the_template_for_terraform_has_the_documented_placeholders_and_no_others() -> None:
    template = json.dumps(cloudwatch.render_body(DASHBOARD))

    assert set(re.findall(r"\$\{([^}]*)\}", template)) == set(PLACEHOLDERS)


@pytest.mark.parametrize(
    "rendered", [cloudwatch.render_body(DASHBOARD), cloudwatch.render_queries(SAVED_QUERIES)]
)
def test_the_templates_have_nothing_else_that_terraform_would_read(rendered: object) -> None:
    assert not re.search(r"%\{|\$\$\{|%%\{", json.dumps(rendered))


def test_every_metric_widget_has_a_region_and_metrics() -> None:
    widgets = _widgets("metric")

    assert widgets
    assert all(widget["properties"]["region"] == "${region}" for widget in widgets)
    assert all(widget["properties"]["metrics"] for widget in widgets)


def test_every_graph_of_cloudwatch_says_its_unit() -> None:
    graphs = [w["properties"] for w in _widgets("metric") if w["properties"]["view"] == "timeSeries"]

    assert graphs
    assert all(graph["yAxis"]["left"]["label"] for graph in graphs)


def test_every_log_widget_begins_with_the_log_group_it_reads() -> None:
    widgets = _widgets("log")

    assert widgets
    assert all(widget["properties"]["query"].startswith("SOURCE '/") for widget in widgets)


def test_cloudwatch_takes_no_more_than_its_widgets() -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
    assert len(cloudwatch.render_body(DASHBOARD)["widgets"]) <= 500


def test_saved_queries_have_names_of_their_own() -> None:
    names = [saved.name for saved in SAVED_QUERIES]

    assert len(names) == len(set(names))


def test_saved_queries_read_fields_that_the_service_logs() -> None:
    """Those of the request's line are the ones that matter: a name that is misspelt finds nothing, and says nothing."""
    of_request = set(
        re.findall(
            r'^\s+"(\w+)":',
            (ROOT / "service/files_api/web/request_log.py").read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    assert "duration_ms" in of_request
    known = of_request | {"timestamp", "level", "logger", "message", "trace_id", "span_id", "xray_trace_id"}
    for saved in SAVED_QUERIES:
        if 'event = "request"' in saved.query.commands[0]:
            for command in saved.query.commands:
                if command.startswith("filter"):
                    assert set(re.findall(r"(\w+) (?:=|>=|<=|in) ", command)) <= known, saved.name
