"""What is counted and measured (`telemetry.metrics`): names, units and attributes are a promise to dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from files_api.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

RECORDED: list[tuple[Callable[[], None], str, str, float, dict[str, Any]]] = [
    (
        lambda: metrics.record_request(method="GET", route="/v1/a", status=404, seconds=0.5),
        "http.server.request.duration",
        "s",
        0.5,
        {"http.request.method": "GET", "http.route": "/v1/a", "http.response.status_class": "4xx"},
    ),
    (
        lambda: metrics.record_request(method="x" * 99, route=None, status=405, seconds=0.25),
        "http.server.request.duration",
        "s",
        0.25,
        {"http.request.method": "_OTHER", "http.route": "none", "http.response.status_class": "4xx"},
    ),
    (lambda: metrics.record_active_requests(3), "http.server.active_requests", "{request}", 3, {}),
    (lambda: metrics.record_bytes_uploaded(7), "files.uploaded", "By", 7, {}),
    (lambda: metrics.record_bytes_downloaded(8), "files.downloaded", "By", 8, {}),
    (
        lambda: metrics.record_s3_call("GetObject", outcome="ok", seconds=2),
        "s3.call.duration",
        "s",
        2,
        {"s3.operation": "GetObject", "s3.outcome": "ok"},
    ),
    (lambda: metrics.record_s3_retry("PutObject"), "s3.retries", "{call}", 1, {"s3.operation": "PutObject"}),
    (
        lambda: metrics.record_pool_wait("s3_connection", 0.125),
        "pool.wait.duration",
        "s",
        0.125,
        {"pool": "s3_connection"},
    ),
    (
        lambda: metrics.record_generation(kind="Text", model="m", outcome="ok", seconds=4),
        "generation.duration",
        "s",
        4,
        {"generation.kind": "Text", "gen_ai.request.model": "m", "generation.outcome": "ok"},
    ),
    (
        lambda: metrics.record_tokens(kind="Text", model="m", direction="input", tokens=21),
        "generation.tokens",
        "{token}",
        21,
        {"generation.kind": "Text", "gen_ai.request.model": "m", "gen_ai.token.type": "input"},
    ),
    (lambda: metrics.record_limit_hit("reads"), "limits.hits", "{request}", 1, {"limit": "reads"}),
    (metrics.record_limits_unavailable, "limits.unavailable", "{request}", 1, {}),
    (
        lambda: metrics.record_authentication_failure("expired"),
        "authentication.failures",
        "{request}",
        1,
        {"reason": "expired"},
    ),
    (
        lambda: metrics.record_unhandled_exception("request"),
        "unhandled.exceptions",
        "{exception}",
        1,
        {"where": "request"},
    ),
]


def measured(reader: InMemoryMetricReader, name: str) -> tuple[str, dict[frozenset[Any], float]]:
    """The unit of a metric, and its sums by attributes."""
    data = reader.get_metrics_data()
    if data is None:
        return "", {}
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                if metric.name == name:
                    points: Any = metric.data.data_points
                    sums = {
                        frozenset((point.attributes or {}).items()): float(
                            point.sum if hasattr(point, "sum") else point.value
                        )
                        for point in points
                    }
                    return metric.unit or "", sums
    return "", {}


@pytest.mark.parametrize(("record", "name", "unit", "amount", "attributes"), RECORDED)
def test_what_is_recorded_is_told_by_that_name(  # a table
    reader: InMemoryMetricReader,
    record: Callable[[], None],
    name: str,
    unit: str,
    amount: float,
    attributes: dict[str, Any],
) -> None:
    key = frozenset(attributes.items())
    _, before = measured(reader, name)
    record()
    told, after = measured(reader, name)

    assert (told, after[key] - before.get(key, 0)) == (unit, amount)


def test_every_function_is_in_the_table() -> None:
    functions = {name for name in vars(metrics) if name.startswith("record_")}
    named = {name for record, *_ in RECORDED for name in (record.__name__, *record.__code__.co_names)}

    assert named & functions == functions
