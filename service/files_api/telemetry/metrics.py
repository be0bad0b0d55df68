"""What is counted and measured: one function for each thing, with its unit. Nobody else knows how it is told.

Names and units are OpenTelemetry's (https://opentelemetry.io/docs/specs/semconv/), where it has some. No attribute can
grow without bound: routes are templates, codes are the documented ones, models are those of the settings.

Until `telemetry.setup` has made a provider these cost next to nothing and go nowhere.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics

from files_api.telemetry.methods import OTHER_METHOD, known_method

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter, UpDownCounter

# In seconds: from a small read on a quiet machine to the deadline of a generation.
_REQUEST_BOUNDARIES = (
    0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120,
)  # fmt: skip


def record_request(*, method: str, route: str | None, status: int, seconds: float) -> None:
    """Measure a request that was answered to its last byte, or whose client has gone.

    Args:
        method: The HTTP method; one that is not known counts as `_OTHER`.
        route: The template of its route; None where there is none.
        status: The HTTP status.
        seconds: How long it took.
    """
    _instruments().request_duration.record(
        seconds,
        {
            "http.request.method": known_method(method) or OTHER_METHOD,
            "http.route": route or "none",
            "http.response.status_class": f"{status // 100}xx",
        },
    )


def record_active_requests(change: int) -> None:
    """Count requests that are being served: 1 for one more, -1 for one less."""
    _instruments().active_requests.add(change)


def record_bytes_uploaded(size_bytes: int) -> None:
    """Count the bytes of files that were stored."""
    _instruments().bytes_uploaded.add(size_bytes)


def record_bytes_downloaded(size_bytes: int) -> None:
    """Count the bytes of files that were sent."""
    _instruments().bytes_downloaded.add(size_bytes)


def record_s3_call(operation: str, *, outcome: str, seconds: float) -> None:
    """Measure one try of a call to S3.

    Args:
        operation: S3's name of it.
        outcome: `ok`, `refused` (an answer that is an error; that there is no such file is none), `throttled`, or
            `unreachable`.
        seconds: Until the head of the answer was there.
    """
    _instruments().s3_call_duration.record(seconds, {"s3.operation": operation, "s3.outcome": outcome})


def record_s3_retry(operation: str) -> None:
    """Count a call to S3 that is made again."""
    _instruments().s3_retries.add(1, {"s3.operation": operation})


def record_pool_wait(pool: str, seconds: float) -> None:
    """Measure what a request has waited for before its work could go on.

    Args:
        pool: `s3_connection`: a connection that had to be opened.
        seconds: How long.
    """
    _instruments().pool_wait.record(seconds, {"pool": pool})


def record_generation(*, kind: str, model: str, outcome: str, seconds: float) -> None:
    """Measure a generation.

    Args:
        kind: `Text`, `Image` or `Text-to-Speech`.
        model: One of the settings' models.
        outcome: `ok`, or the `code` of the error.
        seconds: Until the content was there, or the failure.
    """
    _instruments().generation_duration.record(
        seconds, {"generation.kind": kind, "gen_ai.request.model": model, "generation.outcome": outcome}
    )


def record_tokens(*, kind: str, model: str, direction: str, tokens: int) -> None:
    """Count tokens that OpenAI has billed.

    Args:
        kind: Of the generation.
        model: That was asked.
        direction: `input` or `output`.
        tokens: How many.
    """
    _instruments().tokens.add(
        tokens, {"generation.kind": kind, "gen_ai.request.model": model, "gen_ai.token.type": direction}
    )


def record_limit_hit(limit: str) -> None:
    """Count a request that was refused for a limit.

    Args:
        limit: `reads`, `writes`, `generations`, `quota`, `generation_slots` or `concurrency`.
    """
    _instruments().limit_hits.add(1, {"limit": limit})


def record_limits_unavailable() -> None:
    """Count a request that passed because nobody could count it."""
    _instruments().limits_unavailable.add(1)


def record_authentication_failure(reason: str) -> None:
    """Count a request whose credential was missing or not good; reasons are those of the audit log."""
    _instruments().authentication_failures.add(1, {"reason": reason})


def record_unhandled_exception(where: str) -> None:
    """Count an exception that nobody foresaw.

    Args:
        where: `request` or `background`.
    """
    _instruments().unhandled_exceptions.add(1, {"where": where})


class _Instruments:
    def __init__(self, meter: Meter) -> None:
        self.request_duration: Histogram = meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="How long requests take, to their last byte.",
            explicit_bucket_boundaries_advisory=_REQUEST_BOUNDARIES,
        )
        self.active_requests: UpDownCounter = meter.create_up_down_counter(
            "http.server.active_requests", unit="{request}", description="Requests that are being served."
        )
        self.bytes_uploaded = _counter(meter, "files.uploaded", "By", "Bytes of files that were stored.")
        self.bytes_downloaded = _counter(meter, "files.downloaded", "By", "Bytes of files that were sent.")
        self.s3_call_duration: Histogram = meter.create_histogram(
            "s3.call.duration",
            unit="s",
            description="How long S3 takes to begin its answer.",
            explicit_bucket_boundaries_advisory=_REQUEST_BOUNDARIES,
        )
        self.s3_retries = _counter(meter, "s3.retries", "{call}", "Calls to S3 that were made again.")
        self.pool_wait: Histogram = meter.create_histogram(
            "pool.wait.duration",
            unit="s",
            description="How long requests wait for something that is limited.",
            explicit_bucket_boundaries_advisory=_REQUEST_BOUNDARIES,
        )
        self.generation_duration: Histogram = meter.create_histogram(
            "generation.duration",
            unit="s",
            description="How long models take to make a file.",
            explicit_bucket_boundaries_advisory=_REQUEST_BOUNDARIES,
        )
        self.tokens = _counter(meter, "generation.tokens", "{token}", "Tokens that OpenAI has billed.")
        self.limit_hits = _counter(
            meter, "limits.hits", "{request}", "Requests that were refused for a limit."
        )
        self.limits_unavailable = _counter(
            meter, "limits.unavailable", "{request}", "Requests that passed because nobody could count them."
        )
        self.authentication_failures = _counter(
            meter, "authentication.failures", "{request}", "Requests without a good credential."
        )
        self.unhandled_exceptions = _counter(
            meter, "unhandled.exceptions", "{exception}", "Exceptions that nobody foresaw."
        )


def _counter(meter: Meter, name: str, unit: str, description: str) -> Counter:
    return meter.create_counter(name, unit=unit, description=description)


@cache
def _instruments() -> Any:
    """Make them once: they find their provider when it is set, also afterwards."""
    return _Instruments(metrics.get_meter("files_api"))
