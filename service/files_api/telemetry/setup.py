"""Makes OpenTelemetry's SDK send what the service tells. Called in each worker, after the fork.

What is standard is set by the standard variables (https://opentelemetry.io/docs/specs/otel/configuration/
sdk-environment-variables/), which the SDK reads by itself: OTEL_TRACES_SAMPLER, OTEL_RESOURCE_ATTRIBUTES,
OTEL_EXPORTER_OTLP_HEADERS and the rest. Without OTEL_EXPORTER_OTLP_ENDPOINT nothing is loaded and nothing is sent.
"""

from __future__ import annotations

import atexit
import os
from importlib.metadata import version
from typing import TYPE_CHECKING

from opentelemetry import metrics, propagate, trace
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from files_api.telemetry.tracing import ADOPTED_TRACE_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from files_api.settings import Settings

# How long an exporter waits for the collector, in seconds: it has a thread of its own, which no request waits for.
_EXPORT_SECONDS = 5
# What is left at the end of the process is given so long, in seconds.
_FLUSH_SECONDS = 3.0
#: The share of traces that are sent where nobody else has decided. All of them would cost more than they tell.
DEFAULT_SHARE = 0.1


class IdGenerator(RandomIdGenerator):
    """Takes the trace id that a load balancer has given to a request, where it has."""

    def generate_trace_id(self) -> int:
        """Make a trace id."""
        return ADOPTED_TRACE_ID.get() or super().generate_trace_id()


def start_telemetry(settings: Settings) -> Callable[[], None]:
    """Begin to send traces and metrics.

    Args:
        settings: Where to, and who this is.

    Returns:
        What sends the rest and ends it; called by itself at the end of the process.
    """
    # What stands in OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME goes before what is found here.
    resource = Resource.create(
        {
            "service.name": "files-api",
            "service.version": version("files-api"),
            "service.instance.id": f"{os.uname().nodename}/{os.getpid()}",
            "deployment.environment.name": settings.environment,
        }
    ).merge(OTELResourceDetector().detect())
    set_propagators()
    tracer_provider = TracerProvider(
        _sampler(settings),
        resource,
        shutdown_on_exit=False,
        id_generator=IdGenerator(),
    )
    readers = []
    if settings.trace_console:
        from files_api.telemetry.span_tree import SpanTree  # noqa: PLC0415  # for developers alone

        tracer_provider.add_span_processor(SimpleSpanProcessor(SpanTree()))
    if settings.otlp_endpoint is not None:
        # Here: they load protobuf, which nobody needs who sends nothing.
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

        tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(timeout=_EXPORT_SECONDS)))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter(timeout=_EXPORT_SECONDS)))
    meter_provider = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
    trace.set_tracer_provider(tracer_provider)
    metrics.set_meter_provider(meter_provider)
    _instrument()

    def stop() -> None:
        atexit.unregister(stop)
        tracer_provider.force_flush(int(_FLUSH_SECONDS * 1000))
        tracer_provider.shutdown()
        meter_provider.shutdown(timeout_millis=_FLUSH_SECONDS * 1000)

    atexit.register(stop)
    return stop


def set_propagators() -> None:
    """Understand W3C's trace context and X-Ray's, and send both."""
    # W3C's last, so that it wins where a request has both.
    propagate.set_global_textmap(CompositePropagator([AwsXRayPropagator(), TraceContextTextMapPropagator()]))


def _sampler(settings: Settings) -> Sampler | None:
    if settings.traces_sampler is not None:
        return None  # the SDK reads the standard variables
    # Who reads along wants to see everything.
    return ALWAYS_ON if settings.trace_console else ParentBased(TraceIdRatioBased(DEFAULT_SHARE))


def _instrument() -> None:
    """Let boto3's calls have spans, too."""
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor  # noqa: PLC0415  # loads botocore

    BotocoreInstrumentor().instrument()  # type: ignore[no-untyped-call]  # it ships none
