"""OpenTelemetry's SDK, in memory. Its provider can be set once in a process, so that all tests here share one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from files_api.telemetry.setup import IdGenerator, set_propagators

if TYPE_CHECKING:
    from collections.abc import Iterator

_exporter = InMemorySpanExporter()
_reader = InMemoryMetricReader()


@pytest.fixture(scope="session", autouse=True)
def provider() -> None:
    traces = TracerProvider(id_generator=IdGenerator(), shutdown_on_exit=False)
    traces.add_span_processor(SimpleSpanProcessor(_exporter))
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(MeterProvider([_reader], shutdown_on_exit=False))
    set_propagators()


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """The spans that have ended since the test began."""
    _exporter.clear()
    yield _exporter
    _exporter.clear()


@pytest.fixture
def reader() -> InMemoryMetricReader:
    """What was measured, since the process began."""
    return _reader
