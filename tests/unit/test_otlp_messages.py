"""What the tests read out of OTLP messages is what the service's own exporters write into them."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.integration.otlp_messages import (
    MalformedMessageError,
    log_records_in,
    points_in,
    spans_in,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.otlp_messages import Point, Span

RESOURCE = Resource({"service.name": "files-api"})


@pytest.fixture(scope="module")
def spans() -> dict[str, Span]:
    """A request with a call inside, and a call that failed."""
    ended = InMemorySpanExporter()
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(ended))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span(
        "outer", kind=SpanKind.SERVER, attributes={"status": 200, "parts": ["a", "b"]}
    ):
        inner = tracer.start_span("inner", kind=SpanKind.CLIENT, start_time=1_000_000_000)
        inner.add_event("retry")
        inner.set_status(StatusCode.ERROR)
        inner.end(3_500_000_000)
    return {
        span.name: span for span in spans_in(encode_spans(ended.get_finished_spans()).SerializeToString())
    }


@pytest.fixture(scope="module")
def points() -> dict[str, Point]:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], resource=RESOURCE, shutdown_on_exit=False)
    meter = provider.get_meter("test")
    meter.create_counter("bytes", unit="By").add(7, {"way": "up"})
    meter.create_gauge("level").set(1.5)
    duration = meter.create_histogram("duration", unit="s")
    duration.record(0.25)
    duration.record(0.5)
    data = reader.get_metrics_data()
    assert data is not None
    return {point.name: point for point in points_in(encode_metrics(data).SerializeToString())}


def test_a_span_has_its_parent(spans: dict[str, Span]) -> None:
    assert spans["inner"].parent_span_id == spans["outer"].span_id


def test_a_root_has_no_parent(spans: dict[str, Span]) -> None:
    assert spans["outer"].parent_span_id is None


def test_spans_of_one_trace_have_its_id(spans: dict[str, Span]) -> None:
    assert spans["inner"].trace_id == spans["outer"].trace_id


def test_ids_have_the_length_that_logs_have(spans: dict[str, Span]) -> None:
    assert (len(spans["outer"].trace_id), len(spans["outer"].span_id)) == (32, 16)


def test_the_attributes_of_a_span_are_plain_values(spans: dict[str, Span]) -> None:
    assert spans["outer"].attributes == {"status": 200, "parts": ["a", "b"]}


def test_a_span_tells_what_it_is_and_how_it_ended(spans: dict[str, Span]) -> None:
    assert [(spans[name].kind, spans[name].status) for name in ("outer", "inner")] == [
        ("SERVER", "UNSET"),
        ("CLIENT", "ERROR"),
    ]


def test_a_span_tells_how_long_it_took(spans: dict[str, Span]) -> None:
    assert spans["inner"].seconds == 2.5


def test_a_span_has_its_events(spans: dict[str, Span]) -> None:
    assert spans["inner"].events == ("retry",)


def test_whoever_sent_it_is_told(spans: dict[str, Span], points: dict[str, Point]) -> None:
    assert [spans["inner"].resource, points["bytes"].resource] == [{"service.name": "files-api"}] * 2


def test_a_counter_is_a_sum(points: dict[str, Point]) -> None:
    point = points["bytes"]

    assert (point.kind, point.unit, point.value, point.attributes, point.temporality) == (
        "sum",
        "By",
        7.0,
        {"way": "up"},
        "cumulative",
    )


def test_a_gauge_has_no_temporality(points: dict[str, Point]) -> None:
    assert (points["level"].value, points["level"].temporality) == (1.5, None)


def test_a_histogram_has_a_sum_and_a_count(points: dict[str, Point]) -> None:
    assert (points["duration"].value, points["duration"].count) == (0.75, 2)


def test_a_log_record_has_its_trace() -> None:
    record = LogRecord(
        body=AnyValue(string_value="words"),
        severity_text="INFO",
        trace_id=bytes(15) + b"\x01",
        span_id=bytes(7) + b"\x02",
    )
    request = ExportLogsServiceRequest(
        resource_logs=[ResourceLogs(scope_logs=[ScopeLogs(log_records=[record])])]
    )

    (found,) = log_records_in(request.SerializeToString())

    assert (found.body, found.severity, found.trace_id, found.span_id) == (
        "words",
        "INFO",
        "0" * 31 + "1",
        "0" * 15 + "2",
    )


@pytest.mark.parametrize(
    ("encoding", "body"),
    [(None, b"words"), ("gzip", gzip.compress(b"words")), ("deflate", zlib.compress(b"words"))],
    # The body is no good name: gzip writes the time into it.
    ids=["none", "gzip", "deflate"],
)
def test_the_encoding_is_undone(encoding: str | None, body: bytes) -> None:
    assert unpack(body, encoding) == b"words"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_what_is_not_in_its_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(MalformedMessageError):
        unpack(b"words", encoding)


@pytest.mark.parametrize("read", [spans_in, points_in, log_records_in])
def test_what_is_no_message_is_refused(read: Callable[[bytes], object]) -> None:
    with pytest.raises(MalformedMessageError):
        read(b"\xff\xff words")
