"""What stands in OTLP messages, as plain values (https://opentelemetry.io/docs/specs/otlp/#otlphttp-request)."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1 import trace_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

#: The paths of OTLP over HTTP.
TRACES, METRICS, LOGS = "/v1/traces", "/v1/metrics", "/v1/logs"


class MalformedMessageError(Exception):
    """What came is no OTLP message."""


@dataclass(frozen=True)
class Span:
    """One span. Times are in nanoseconds since 1970, ids in hexadecimal digits."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_span_id: str | None
    status: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    events: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return (self.end_ns - self.start_ns) / 1e9


@dataclass(frozen=True)
class Point:
    """What was measured, for one set of attributes.

    `value` is the number of a sum or a gauge, and the sum of a histogram; `count` how many values a histogram has.
    `temporality` is `cumulative` or `delta`, and None for a gauge.
    """

    name: str
    unit: str
    kind: str
    value: float
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    temporality: str | None = None
    count: int | None = None


@dataclass(frozen=True)
class LogRecord:
    """One line, where somebody sends them by OTLP."""

    body: Any
    severity: str
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    trace_id: str | None
    span_id: str | None


def unpack(body: bytes, encoding: str | None) -> bytes:
    """Undo the Content-Encoding.

    Raises:
        MalformedMessageError: It is not what the header says, or one that OTLP does not have.
    """
    match encoding:
        case None | "" | "identity":
            return body
        case "gzip":
            try:
                return gzip.decompress(body)
            except (OSError, EOFError, zlib.error) as error:
                raise MalformedMessageError("the body is not gzip") from error
        case "deflate":
            try:
                return zlib.decompress(body)
            except zlib.error as error:
                raise MalformedMessageError("the body is not deflate") from error
    raise MalformedMessageError(f"the encoding {encoding} is none of OTLP's")


def spans_in(message: bytes) -> list[Span]:
    """Read the body of a request to TRACES.

    Raises:
        MalformedMessageError: It is none.
    """
    request = _parsed(ExportTraceServiceRequest(), message)
    return [
        Span(
            name=span.name,
            kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_span_id=span.parent_span_id.hex() or None,
            status=trace_pb2.Status.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_"),
            start_ns=span.start_time_unix_nano,
            end_ns=span.end_time_unix_nano,
            attributes=_values(span.attributes),
            resource=_values(of_resource.resource.attributes),
            events=tuple(event.name for event in span.events),
        )
        for of_resource in request.resource_spans
        for of_scope in of_resource.scope_spans
        for span in of_scope.spans
    ]


def points_in(message: bytes) -> list[Point]:
    """Read the body of a request to METRICS.

    Raises:
        MalformedMessageError: It is none.
    """
    request = _parsed(ExportMetricsServiceRequest(), message)
    return [
        point
        for of_resource in request.resource_metrics
        for of_scope in of_resource.scope_metrics
        for metric in of_scope.metrics
        for point in _points_of(metric, _values(of_resource.resource.attributes))
    ]


def log_records_in(message: bytes) -> list[LogRecord]:
    """Read the body of a request to LOGS.

    Raises:
        MalformedMessageError: It is none.
    """
    request = _parsed(ExportLogsServiceRequest(), message)
    return [
        LogRecord(
            body=_value(record.body),
            severity=record.severity_text,
            attributes=_values(record.attributes),
            resource=_values(of_resource.resource.attributes),
            trace_id=record.trace_id.hex() or None,
            span_id=record.span_id.hex() or None,
        )
        for of_resource in request.resource_logs
        for of_scope in of_resource.scope_logs
        for record in of_scope.log_records
    ]


def _parsed(request: Any, message: bytes) -> Any:
    try:
        request.ParseFromString(message)
    except DecodeError as error:
        raise MalformedMessageError("the body is no protobuf message of this kind") from error
    return request


def _points_of(metric: Metric, resource: Mapping[str, Any]) -> Iterator[Point]:
    kind = metric.WhichOneof("data") or "empty"
    data: Any = getattr(metric, kind, None)
    temporality = None
    if hasattr(data, "aggregation_temporality"):
        name = AggregationTemporality.Name(data.aggregation_temporality)
        temporality = name.removeprefix("AGGREGATION_TEMPORALITY_").lower()
    for point in data.data_points if data is not None else ():
        is_number = kind in {"sum", "gauge"}
        yield Point(
            name=metric.name,
            unit=metric.unit,
            kind=kind,
            value=float(getattr(point, point.WhichOneof("value")) if is_number else point.sum),
            attributes=_values(point.attributes),
            resource=resource,
            temporality=temporality,
            count=None if is_number else point.count,
        )


def _values(attributes: Iterable[KeyValue]) -> dict[str, Any]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_value(each) for each in value.array_value.values]
        case "kvlist_value":
            return _values(value.kvlist_value.values)
        case kind:
            return getattr(value, kind)
