"""Spans: where a request spends its time, under one id from the load balancer to the log line.

Only OpenTelemetry's API is used here; until `telemetry.setup` has made a provider, nothing is recorded and nothing is
sent. Attributes are those of the semantic conventions (https://opentelemetry.io/docs/specs/semconv/), and never the
content of anything: no prompt, no path, no credential.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from opentelemetry import context, propagate, trace
from opentelemetry.trace import SpanKind, StatusCode

from files_api.telemetry.methods import OTHER_METHOD, known_method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextvars import Token

    from opentelemetry.context import Context
    from opentelemetry.trace import Span

_tracer = trace.get_tracer("files_api")
# What an Application Load Balancer adds (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/
# load-balancer-request-tracing.html): a root without a parent, which is no trace context to a propagator.
_ROOT = re.compile(r"(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)", re.IGNORECASE)
_HAS_PARENT = re.compile(r"(?:^|;)\s*Parent=", re.IGNORECASE)
#: The trace id that the next root span takes, where the load balancer has given one.
ADOPTED_TRACE_ID: ContextVar[int | None] = ContextVar("adopted_trace_id", default=None)


class ServerSpan:
    """The span of one request; its context is current from `begin` to `end`.

    Args:
        span: The span.
        token: What gives the context back.
    """

    def __init__(self, span: Span, token: Token[Context]) -> None:
        self._span = span
        self._token = token

    def end(self, *, method: str, route: str | None, status: int, error_code: str | None) -> None:
        """End it, and give the context back.

        Args:
            method: The HTTP method.
            route: The template of the route.
            status: The HTTP status; 0 where there was none.
            error_code: The `code` of the problem, where the answer was one.
        """
        context.detach(self._token)
        span = self._span
        if span.is_recording():
            known = known_method(method)
            name = known or "HTTP"
            span.update_name(f"{name} {route}" if route is not None else name)
            span.set_attribute("http.request.method", known or OTHER_METHOD)
            if route is not None:
                span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", status)
            if error_code is not None:
                span.set_attribute("error.type", error_code)
            if status >= 500 or status == 0:
                span.set_status(StatusCode.ERROR)
        span.end()


class TraceIds:
    """The ids of a span, in the forms that logs have.

    Attributes:
        trace_id: 32 hexadecimal digits (https://www.w3.org/TR/trace-context/#trace-id).
        span_id: 16 of them.
        xray_trace_id: The same as X-Ray writes it.
    """

    __slots__ = ("span_id", "trace_id", "xray_trace_id")

    def __init__(self, trace_id: int, span_id: int) -> None:
        self.trace_id = f"{trace_id:032x}"
        self.span_id = f"{span_id:016x}"
        self.xray_trace_id = f"1-{self.trace_id[:8]}-{self.trace_id[8:]}"


def ids_of(span: Span) -> TraceIds | None:
    """The ids of a span; None where it is none."""
    known = span.get_span_context()
    return TraceIds(known.trace_id, known.span_id) if known.is_valid else None


def begin_server_span(environ: Mapping[str, Any]) -> ServerSpan:
    """Begin the span of a request, below the one that its headers name, if they do.

    Args:
        environ: The WSGI environment.
    """
    header = environ.get("HTTP_X_AMZN_TRACE_ID")
    carrier = {
        name: value
        for name, value in (
            ("traceparent", environ.get("HTTP_TRACEPARENT")),
            ("tracestate", environ.get("HTTP_TRACESTATE")),
            ("X-Amzn-Trace-Id", header),
        )
        if value is not None
    }
    parent = propagate.extract(carrier) if carrier else None
    adopted = None
    if header is not None and "traceparent" not in carrier and _HAS_PARENT.search(header) is None:
        adopted = _ROOT.search(header)
    token = ADOPTED_TRACE_ID.set(int(adopted[1] + adopted[2], 16)) if adopted is not None else None
    try:
        span = _tracer.start_span("HTTP", context=parent, kind=SpanKind.SERVER)
    finally:
        if token is not None:
            ADOPTED_TRACE_ID.reset(token)
    return ServerSpan(span, context.attach(trace.set_span_in_context(span)))


@contextmanager
def client_span(
    name: str, attributes: Mapping[str, str], is_answer: Callable[[Exception], bool] = lambda _: False
) -> Iterator[Span]:
    """Wrap a call to another service.

    Args:
        name: What is called.
        attributes: By the semantic conventions.
        is_answer: Whether an exception is an answer like any other, and no failure.
    """
    with _tracer.start_as_current_span(
        name,
        kind=SpanKind.CLIENT,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as error:
            if not is_answer(error):
                # Its class, and not its text: that may quote what the caller sent.
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
            raise


@contextmanager
def internal_span(name: str) -> Iterator[None]:
    """Wrap a part of the work in which time goes."""
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False):
        yield


def add_span(name: str, seconds: float) -> None:
    """Tell of time that went in many little pieces, as one span that ends now.

    Args:
        name: What it was.
        seconds: How long in all.
    """
    if not trace.get_current_span().is_recording():
        return
    now = time.time_ns()
    span = _tracer.start_span(
        name, start_time=now - int(seconds * 1e9), attributes={"files_api.in_pieces": True}
    )
    span.end(now)
