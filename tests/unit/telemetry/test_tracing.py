"""Spans (`telemetry.tracing`): one id from the load balancer to the log line."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from files_api.telemetry.logs import LogFormatter
from files_api.telemetry.span_tree import SpanTree
from files_api.telemetry.tracing import add_span, begin_server_span, client_span, internal_span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

ROOT = "Root=1-67891233-abcdef012345678912345678"
ROOT_AS_W3C = "67891233abcdef012345678912345678"
W3C = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ROUTE = "/v1/files/{file_path}"


def serve(status: int = 200, error_code: str | None = None, method: str = "GET", **headers: str) -> None:
    """Serve a request with these headers, as the request log does."""
    environ = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    begin_server_span(environ).end(method=method, route=ROUTE, status=status, error_code=error_code)


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    return span


def trace_id(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}"


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_request_is_a_server_span_named_by_its_route(spans: InMemorySpanExporter) -> None:
    serve()
    span = only(spans)

    assert (span.name, span.kind, attributes(span)) == (
        f"GET {ROUTE}",
        SpanKind.SERVER,
        {"http.request.method": "GET", "http.route": ROUTE, "http.response.status_code": 200},
    )


def test_a_method_that_nobody_knows_is_no_name(spans: InMemorySpanExporter) -> None:
    serve(method="X" * 100, status=405)

    assert (only(spans).name, attributes(only(spans))["http.request.method"]) == (f"HTTP {ROUTE}", "_OTHER")


@pytest.mark.parametrize(
    ("status", "code"), [(200, StatusCode.UNSET), (404, StatusCode.UNSET), (503, StatusCode.ERROR)]
)
def test_what_is_the_servers_fault_has_failed(
    spans: InMemorySpanExporter, status: int, code: StatusCode
) -> None:
    serve(status)

    assert only(spans).status.status_code is code


def test_the_code_of_an_error_is_its_type(spans: InMemorySpanExporter) -> None:
    serve(404, "file_not_found")

    assert attributes(only(spans))["error.type"] == "file_not_found"


def test_the_root_of_a_load_balancer_is_adopted(spans: InMemorySpanExporter) -> None:
    serve(x_amzn_trace_id=ROOT)

    # A root of our own: there is no span above it that anybody could look for.
    assert (trace_id(only(spans)), only(spans).parent) == (ROOT_AS_W3C, None)


def test_the_root_is_found_among_other_fields(spans: InMemorySpanExporter) -> None:
    serve(x_amzn_trace_id=f"Self=1-00000000-000000000000000000000001;{ROOT};Lineage=a:1")

    assert trace_id(only(spans)) == ROOT_AS_W3C


def test_a_parent_that_x_ray_names_is_the_parent(spans: InMemorySpanExporter) -> None:
    serve(x_amzn_trace_id=f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1")
    parent = only(spans).parent

    assert parent is not None
    assert (trace_id(only(spans)), f"{parent.span_id:016x}") == (ROOT_AS_W3C, "53995c3f42cd8ad8")


def test_a_parent_by_w3c_is_the_parent(spans: InMemorySpanExporter) -> None:
    serve(traceparent=W3C)

    assert trace_id(only(spans)) == "0af7651916cd43dd8448eb211c80319c"


def test_w3c_goes_before_the_load_balancers_root(spans: InMemorySpanExporter) -> None:
    serve(traceparent=W3C, x_amzn_trace_id=ROOT)

    assert trace_id(only(spans)) == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    "header",
    ["", "Root=", "Root=1-6789-ab", "Root=1-67891233-ABCDEFGH0123456789123456", "x" * 5000, "Root=1-" * 99],
)
def test_a_header_that_is_none_begins_a_trace_of_our_own(spans: InMemorySpanExporter, header: str) -> None:
    serve(x_amzn_trace_id=header)

    assert trace_id(only(spans)) not in {"0" * 32, ROOT_AS_W3C}


def test_an_adopted_root_is_that_of_one_request_alone(spans: InMemorySpanExporter) -> None:
    serve(x_amzn_trace_id=ROOT)
    serve()

    assert [trace_id(span) == ROOT_AS_W3C for span in spans.get_finished_spans()] == [True, False]


def test_work_is_below_its_request(spans: InMemorySpanExporter) -> None:
    request = begin_server_span({})
    with client_span("S3.GetObject", {"rpc.service": "S3"}), internal_span("S3 connection"):
        pass
    request.end(method="GET", route=ROUTE, status=200, error_code=None)
    connection, call, server = spans.get_finished_spans()

    assert connection.parent == call.get_span_context()
    assert call.parent == server.get_span_context()


def test_after_a_request_nothing_is_below_it(spans: InMemorySpanExporter) -> None:
    serve()
    with internal_span("later"):
        pass

    assert spans.get_finished_spans()[1].parent is None


def test_a_call_that_fails_tells_the_kind_of_failure_and_no_more(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="canary"), client_span("S3.GetObject", {}):
        raise ValueError("canary")
    span = only(spans)

    assert (attributes(span), span.events, span.status.description) == (
        {"error.type": "ValueError"},
        (),
        None,
    )


def test_an_answer_that_is_raised_is_no_failure(spans: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), client_span("S3.HeadObject", {}, lambda error: isinstance(error, KeyError)):
        raise KeyError

    assert only(spans).status.status_code is StatusCode.UNSET


def test_time_in_little_pieces_is_one_span(spans: InMemorySpanExporter) -> None:
    with internal_span("upload"):
        add_span("hash", 0.25)
    hashing = spans.get_finished_spans()[0]

    assert hashing.start_time is not None
    assert hashing.end_time is not None
    assert (hashing.name, hashing.end_time - hashing.start_time) == ("hash", 250_000_000)


def test_a_line_of_the_log_has_the_ids_in_both_forms() -> None:
    record = logging.LogRecord("files_api", logging.INFO, "", 0, "hello", None, None)
    request = begin_server_span({"HTTP_X_AMZN_TRACE_ID": ROOT})
    line = json.loads(LogFormatter("%(message)s").format(record))
    request.end(method="GET", route=ROUTE, status=200, error_code=None)

    assert (line["trace_id"], line["xray_trace_id"], len(line["span_id"])) == (
        ROOT_AS_W3C,
        ROOT.removeprefix("Root="),
        16,
    )


def test_a_line_outside_of_a_request_has_none() -> None:
    record = logging.LogRecord("files_api", logging.INFO, "", 0, "hello", None, None)

    assert "trace_id" not in json.loads(LogFormatter("%(message)s").format(record))


# The tree for a terminal -------------------------------------------------------------------------------------------


def test_a_request_is_written_as_a_tree(spans: InMemorySpanExporter) -> None:
    request = begin_server_span({"HTTP_X_AMZN_TRACE_ID": ROOT})
    with client_span("S3.HeadObject", {}), internal_span("S3 connection"):
        pass
    with client_span("S3.PutObject", {}):
        pass
    request.end(method="PUT", route=ROUTE, status=201, error_code=None)
    output = io.StringIO()

    assert SpanTree(output).export(spans.get_finished_spans()) is SpanExportResult.SUCCESS
    # Without the milliseconds, which are what they are.
    lines = [line.partition(" ms  ") for line in output.getvalue().splitlines()]
    assert [(before.rstrip("0123456789.").rstrip(), name) for before, _, name in lines] == [
        ("", f"PUT {ROUTE}  201  trace {ROOT_AS_W3C}"),
        ("├─", "S3.HeadObject"),
        ("│  └─", "S3 connection"),
        ("└─", "S3.PutObject"),
    ]


def test_what_belongs_to_another_request_waits_for_it(spans: InMemorySpanExporter) -> None:
    request = begin_server_span({})
    with internal_span("S3 connection"):
        pass
    output = io.StringIO()
    SpanTree(output).export(spans.get_finished_spans())
    request.end(method="GET", route=None, status=404, error_code="not_found")

    assert output.getvalue() == ""
