"""Traces and metrics as a collector gets them, and a collector that makes trouble."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.integration.client import Client
from tests.integration.keys import Desk, with_key
from tests.integration.otlp_messages import METRICS, TRACES
from tests.integration.otlp_sink import OtlpSink
from tests.integration.stack import SECRET, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.conftest import StartService
    from tests.integration.otlp_messages import Span
    from tests.integration.stack import Service, Stack


FILE_ROUTE = "/v1/files/{file_path}"
MIB = 1024 * 1024
# What is told is told soon, and everything of it.
QUICK = {
    "OTEL_TRACES_SAMPLER": "always_on",
    "OTEL_BSP_SCHEDULE_DELAY": "50",
    "OTEL_METRIC_EXPORT_INTERVAL": "200",
    "OPENAI_API_KEY": SECRET,
}


@pytest.fixture(scope="module")
def sink() -> Iterator[OtlpSink]:
    with OtlpSink() as running:
        yield running


@pytest.fixture(scope="module")
def traced_service(stack: Stack, sink: OtlpSink) -> Service:
    return stack.service(OTEL_EXPORTER_OTLP_ENDPOINT=sink.url, FILES_API_ACCESS="keys", **QUICK)


@pytest.fixture(scope="module")
def desk(stack: Stack) -> Desk:
    return Desk(stack.storage)


class Traced:
    """A client whose requests are traces of their own."""

    def __init__(self, client: Client, sink: OtlpSink) -> None:
        self.client = client
        self.sink = sink
        self.trace_id = uuid.uuid4().hex
        client.always["traceparent"] = f"00-{self.trace_id}-00f067aa0ba902b7-01"

    def wait_for(self, name: str) -> Span:
        """The span of this trace with this name."""
        return next(span for span in self.all_up_to(name) if span.name == name)

    def all_up_to(self, name: str) -> list[Span]:
        """All spans of this trace, when this one has come, which is the last to end."""
        with self.sink._state:
            self.sink._state.wait_for(lambda: any(span.name == name for span in self._own()), 10)
            own = self._own()
        assert name in {span.name for span in own}, [span.name for span in own]
        return own

    def _own(self) -> list[Span]:
        return [span for span in self.sink._spans if span.trace_id == self.trace_id]


@pytest.fixture
def traced(traced_service: Service, sink: OtlpSink, desk: Desk, prefix: str) -> Traced:
    return Traced(with_key(traced_service, desk.make(root=prefix)), sink)


# Traces ------------------------------------------------------------------------------------------------------------


def test_a_request_is_a_span_by_its_route_and_never_by_its_path(traced: Traced) -> None:
    traced.client.put("a/secret-name", b"hello")
    span = traced.wait_for(f"PUT {FILE_ROUTE}")

    assert (span.kind, span.attributes["http.response.status_code"], span.parent_span_id) == (
        "SERVER",
        201,
        "00f067aa0ba902b7",
    )
    assert "secret-name" not in str(span)


def test_what_a_request_does_is_below_it(traced: Traced) -> None:
    traced.client.put("a", b"hello")
    spans = {span.name: span for span in traced.all_up_to(f"PUT {FILE_ROUTE}")}
    request = spans[f"PUT {FILE_ROUTE}"]

    assert {spans[name].parent_span_id for name in ("S3.HeadObject", "S3.PutObject", "hash")} == {
        request.span_id
    }


def test_that_there_is_no_such_file_is_an_answer_of_s3_and_no_failure(traced: Traced) -> None:
    traced.client.get("none")
    spans = {span.name: span for span in traced.all_up_to(f"GET {FILE_ROUTE}")}

    assert spans["S3.GetObject"].status == "UNSET"


def test_parts_of_an_upload_are_below_it(traced: Traced) -> None:
    traced.client.put("a", bytes(20 * MIB))
    spans = traced.all_up_to(f"PUT {FILE_ROUTE}")
    request = next(span for span in spans if span.name.startswith("PUT"))

    parts = [span for span in spans if span.name == "S3.UploadPart"]
    assert [span.parent_span_id for span in parts] == [request.span_id] * 3


def test_calls_through_boto3_are_below_their_request(traced: Traced) -> None:
    traced.client.put("a", b"x")
    traced.client.delete("a")
    spans = traced.all_up_to(f"DELETE {FILE_ROUTE}")
    request = next(span for span in spans if span.name.startswith("DELETE"))

    deleted = next(span for span in spans if span.name == "S3.DeleteObject")
    assert (deleted.parent_span_id, deleted.kind) == (request.span_id, "CLIENT")


def test_a_generation_tells_its_model_and_nothing_of_its_content(traced: Traced) -> None:
    order = {"file_path": "g.txt", "prompt": "canary", "file_type": "Text"}
    traced.client.post_json("/v1/files/generated", order)
    spans = traced.all_up_to("POST /v1/files/generated")
    generation = next(span for span in spans if "gen_ai.operation.name" in span.attributes)

    assert (generation.kind, generation.attributes["gen_ai.provider.name"]) == ("CLIENT", "openai")
    assert "canary" not in str(spans)


@pytest.mark.parametrize(
    ("file_type", "path", "operation"),
    [
        ("Text", "g.txt", "chat"),
        ("Image", "g.png", "generate_content"),
        ("Text-to-Speech", "g.mp3", "generate_content"),
    ],
)
def test_a_generation_is_named_by_what_it_does_and_its_model(
    traced: Traced, file_type: str, path: str, operation: str
) -> None:
    answer = traced.client.post_json(
        "/v1/files/generated", {"file_path": path, "prompt": "a", "file_type": file_type, "overwrite": True}
    )
    spans = traced.all_up_to("POST /v1/files/generated")

    assert f"{operation} {answer.json()['model']}" in {span.name for span in spans}


def test_a_generation_tells_what_it_used(traced: Traced) -> None:
    order = {"file_path": "u.txt", "prompt": "a b c", "file_type": "Text", "overwrite": True}
    used = traced.client.post_json("/v1/files/generated", order).json()["usage"]
    spans = traced.all_up_to("POST /v1/files/generated")
    generation = next(span for span in spans if "gen_ai.operation.name" in span.attributes)

    assert [generation.attributes[f"gen_ai.usage.{way}_tokens"] for way in ("input", "output")] == [
        used["input_tokens"],
        used["output_tokens"],
    ]


def test_the_ids_of_a_request_are_in_its_line(traced: Traced, traced_service: Service) -> None:
    traced.client.list()
    span = traced.wait_for("GET /v1/files")
    line = traced_service.log.wait_for(lambda record: record.get("trace_id") == traced.trace_id)

    assert (line["event"], line["span_id"]) == ("request", span.span_id)


def test_the_root_of_the_load_balancer_is_the_trace_of_the_log_line(
    traced_service: Service, sink: OtlpSink, desk: Desk
) -> None:
    root = uuid.uuid4().hex
    client = with_key(traced_service, desk.make())
    client.always["X-Amzn-Trace-Id"] = f"Root=1-{root[:8]}-{root[8:]}"
    client.list(page_size=1)
    line = traced_service.log.wait_for(lambda record: record.get("trace_id") == root)
    sink.wait_for_span("GET /v1/files")

    assert (line["event"], line["xray_trace_id"]) == ("request", f"1-{root[:8]}-{root[8:]}")


def test_the_service_says_who_it_is(traced: Traced) -> None:
    traced.client.list()
    resource = traced.wait_for("GET /v1/files").resource

    assert (resource["service.name"], resource["deployment.environment.name"]) == ("files-api", "tests")


def test_an_error_is_named_by_its_code(traced: Traced) -> None:
    traced.client.get("none")
    span = traced.wait_for(f"GET {FILE_ROUTE}")

    assert (span.attributes["error.type"], span.status) == ("file_not_found", "UNSET")


# Metrics -----------------------------------------------------------------------------------------------------------


def test_requests_are_measured_by_route_and_status_class(traced: Traced, sink: OtlpSink) -> None:
    traced.client.get("none")
    point = sink.wait_for_metric(
        "http.server.request.duration",
        {"http.route": FILE_ROUTE, "http.request.method": "GET", "http.response.status_class": "4xx"},
    )

    assert (point.unit, point.kind) == ("s", "histogram")


def test_bytes_are_counted_both_ways(traced: Traced, sink: OtlpSink) -> None:
    traced.client.put("a", bytes(1000))
    traced.client.get("a")

    # What was sent last may be from before: these are sums, and sent again and again.
    for name in ("files.uploaded", "files.downloaded"):
        wait_until(
            lambda name=name: sink.wait_for_metric(name).value >= 1000,  # type: ignore[misc]
            f"{name} of this test",
        )


def test_tokens_are_counted_by_model_and_direction(traced: Traced, sink: OtlpSink) -> None:
    order = {"file_path": "t.txt", "prompt": "x", "file_type": "Text", "overwrite": True}
    model = traced.client.post_json("/v1/files/generated", order).json()["model"]
    wanted = {"gen_ai.request.model": model, "gen_ai.token.type": "output", "generation.kind": "Text"}

    assert sink.wait_for_metric("generation.tokens", wanted).value > 0


def test_who_is_not_let_in_is_counted(traced_service: Service, sink: OtlpSink) -> None:
    Client(traced_service.address, "").list()

    assert sink.wait_for_metric("authentication.failures", {"reason": "missing"}).value >= 1


def test_calls_to_s3_are_measured(traced: Traced, sink: OtlpSink) -> None:
    traced.client.put("a", b"x")

    point = sink.wait_for_metric("s3.call.duration", {"s3.operation": "PutObject", "s3.outcome": "ok"})
    assert point.unit == "s"


def test_nothing_that_came_was_malformed(traced: Traced, sink: OtlpSink) -> None:
    traced.client.list()
    sink.wait_for_request(METRICS)

    assert sink.malformed == []


# A collector in trouble --------------------------------------------------------------------------------------------


def _statuses(service: Service, desk: Desk, count: int = 60) -> set[int]:
    client = with_key(service, desk.make())
    with ThreadPoolExecutor(8) as pool:
        return {answer.status for answer in pool.map(lambda _: client.list(page_size=1), range(count))}


@pytest.mark.thorough
@pytest.mark.parametrize("trouble", ["hang", "answer", "close", "drip"])
def test_a_collector_in_trouble_costs_no_request_anything(
    fresh_service: StartService, desk: Desk, trouble: str
) -> None:
    with OtlpSink() as broken:
        broken.misbehave(trouble)
        service = fresh_service(OTEL_EXPORTER_OTLP_ENDPOINT=broken.url, FILES_API_ACCESS="keys", **QUICK)
        statuses = _statuses(service, desk)
        broken.wait_for_request(TRACES)

        assert statuses == {200}
        # And it ends in time.
        service.terminate()
        assert service.wait(20) == 0


def test_a_collector_that_dies_under_load_costs_no_request_anything(
    traced_service: Service, desk: Desk, sink: OtlpSink
) -> None:
    before = _statuses(traced_service, desk)
    sink.wait_for_request(TRACES)
    sink.die()
    try:
        while_dead = _statuses(traced_service, desk)
    finally:
        sink.heal()

    assert (before, while_dead) == ({200}, {200})


def test_what_is_left_is_sent_at_the_end(fresh_service: StartService, desk: Desk) -> None:
    with OtlpSink() as collector:
        settings = {**QUICK, "OTEL_BSP_SCHEDULE_DELAY": "60000", "OTEL_METRIC_EXPORT_INTERVAL": "60000"}
        service = fresh_service(
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, FILES_API_ACCESS="keys", **settings
        )
        with_key(service, desk.make()).list(page_size=1)
        service.terminate()
        service.wait(20)

        assert collector.wait_for_span("GET /v1/files", seconds=1).kind == "SERVER"
        assert collector.wait_for_metric("http.server.request.duration", seconds=1).count == 1


def test_without_a_collector_nothing_is_traced(client: Client, service: Service, prefix: str) -> None:
    client.request("GET", "/v1/files?page_size=1", headers={"X-Request-Id": prefix})

    assert "trace_id" not in service.log.of_request(prefix)


@pytest.mark.thorough
def test_by_default_the_caller_decides_whether_a_trace_is_sent(
    fresh_service: StartService, desk: Desk
) -> None:
    with OtlpSink() as collector:
        settings = {name: value for name, value in QUICK.items() if name != "OTEL_TRACES_SAMPLER"}
        service = fresh_service(
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, FILES_API_ACCESS="keys", **settings
        )
        client = with_key(service, desk.make())
        for decision in ("00", "01"):
            client.always["traceparent"] = f"00-{uuid.uuid4().hex}-00f067aa0ba902b7-{decision}"
            client.list(page_size=1)
        service.terminate()
        service.wait(20)

        # Whether the look for a start was sampled was nobody's decision but the sampler's.
        listed = [span for span in collector.spans if span.kind == "SERVER" and span.name == "GET /v1/files"]
        assert len(listed) == 1
