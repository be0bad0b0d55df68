"""A collector for tests: it takes OTLP over HTTP, keeps what it was sent, and misbehaves where it is told to."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tests.integration.mortal_server import MortalHandler, MortalServer
from tests.integration.otlp_messages import (
    LOGS,
    METRICS,
    TRACES,
    MalformedMessageError,
    Point,
    Span,
    log_records_in,
    points_in,
    spans_in,
    unpack,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from tests.integration.otlp_messages import LogRecord

_MINUTE = 60.0
_Named = TypeVar("_Named", Span, Point)


@dataclass
class _Trouble:
    kind: str
    times: int | None
    status: int
    seconds: float


class OtlpSink:
    """Listens on a port of its own until it is stopped. What it misbehaves on it does not keep, except for `drip`."""

    def __init__(self) -> None:
        self._state = threading.Condition()
        self._spans: list[Span] = []
        self._points: list[Point] = []
        self._log_records: list[LogRecord] = []
        self._kept_of: dict[str, tuple[list[Any], Callable[[bytes], list[Any]]]] = {
            TRACES: (self._spans, spans_in),
            METRICS: (self._points, points_in),
            LOGS: (self._log_records, log_records_in),
        }
        self._requests: list[str] = []
        self._malformed: list[str] = []
        self._trouble: _Trouble | None = None
        self._released = threading.Event()
        self._server = MortalServer(self, _Handler)
        self.address = self._server.address

    @property
    def url(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is to be."""
        return self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # What tests ask ----------------------------------------------------------------------------------------------

    @property
    def spans(self) -> list[Span]:
        with self._state:
            return list(self._spans)

    @property
    def points(self) -> list[Point]:
        """What was measured, in the order of its arrival: cumulative ones come again with every export."""
        with self._state:
            return list(self._points)

    @property
    def log_records(self) -> list[LogRecord]:
        with self._state:
            return list(self._log_records)

    @property
    def requests(self) -> list[str]:
        """The paths of all requests, also of those that were refused."""
        with self._state:
            return list(self._requests)

    @property
    def malformed(self) -> list[str]:
        """What was wrong with what could not be read; they were answered with 400."""
        with self._state:
            return list(self._malformed)

    def wait_for_span(
        self, name: str, attributes: Mapping[str, Any] | None = None, seconds: float = 10.0
    ) -> Span:
        """The first span, past or to come, of this name and with these attributes."""
        with self._state:
            self._state.wait_for(lambda: _first(self._spans, name, attributes) is not None, seconds)
            found = _first(self._spans, name, attributes)
            known = sorted({span.name for span in self._spans})
        assert found is not None, f"no span {name!r} with {attributes} came, only {known}"
        return found

    def wait_for_metric(
        self, name: str, attributes: Mapping[str, Any] | None = None, seconds: float = 10.0
    ) -> Point:
        """What was measured last under this name and with these attributes; waits until there is something."""
        with self._state:
            self._state.wait_for(lambda: _first(self._points, name, attributes) is not None, seconds)
            found = _first(self._points[::-1], name, attributes)
            known = sorted({point.name for point in self._points})
        assert found is not None, f"no metric {name!r} with {attributes} came, only {known}"
        return found

    def wait_for_request(self, path: str = TRACES, count: int = 1, seconds: float = 10.0) -> None:
        """Wait until so many requests have come, whatever became of them."""
        with self._state:
            came = self._state.wait_for(lambda: self._requests.count(path) >= count, seconds)
        assert came, f"no {count} requests to {path} came, only {self.requests}"

    def forget(self) -> None:
        with self._state:
            for kept in (self._spans, self._points, self._log_records, self._requests, self._malformed):
                kept.clear()

    # What tests do to it -----------------------------------------------------------------------------------------

    def misbehave(
        self, kind: str, *, times: int | None = None, status: int = 503, seconds: float = 0.05
    ) -> None:
        """From now on, do this to requests.

        Args:
            kind: `answer` (with `status`), `hang` (take the request and never answer), `drip` (take it, and send the
                answer byte by byte, with a pause of `seconds` after each), `close` (end the connection unanswered).
            times: To so many requests; to all when None.
            status: Of `answer`.
            seconds: Of `drip`.
        """
        assert kind in {"answer", "hang", "drip", "close"}, kind
        with self._state:
            self._trouble = _Trouble(kind, times, status, seconds)

    def die(self) -> None:
        """Be gone: nothing listens, and what was connected is broken off. `heal` brings it back, on the same port."""
        self._server.die()

    def heal(self) -> None:
        """Behave again. What was received stays."""
        with self._state:
            self._trouble = None
            released, self._released = self._released, threading.Event()
        released.set()
        self._server.revive()

    def stop(self) -> None:
        self._released.set()
        self._server.die()

    # What its handlers need ----------------------------------------------------------------------------------------

    def begin(self, path: str) -> _Trouble | None:
        with self._state:
            self._requests.append(path)
            self._state.notify_all()
            trouble = self._trouble
            if trouble is None or trouble.times == 0:
                return None
            if trouble.times is not None:
                trouble.times -= 1
            return trouble

    def keep(self, path: str, message: bytes) -> None:
        """Keep what was sent.

        Raises:
            MalformedMessageError: It cannot be read.
            KeyError: The path is none of OTLP's.
        """
        kept: list[Any]
        kept, read = self._kept_of[path]
        found = read(message)
        with self._state:
            kept.extend(found)
            self._state.notify_all()

    def tell_malformed(self, why: str) -> None:
        with self._state:
            self._malformed.append(why)

    def pause(self, seconds: float) -> None:
        self._released.wait(seconds)


def _first(kept: Sequence[_Named], name: str, attributes: Mapping[str, Any] | None) -> _Named | None:
    wanted = (attributes or {}).items()
    return next((each for each in kept if each.name == name and wanted <= each.attributes.items()), None)


class _Handler(MortalHandler):
    @property
    def sink(self) -> OtlpSink:
        sink: OtlpSink = self.server.owner
        return sink

    def do_POST(self) -> None:  # noqa: N802  # http.server's name
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sink = self.sink
        trouble = sink.begin(self.path)
        match trouble:
            case None:
                self._answer(self._take(body))
            case _Trouble(kind="answer", status=status):
                self._answer(status)
            case _Trouble(kind="drip", seconds=seconds):
                self._answer(self._take(body), pause_seconds=seconds)
            case _Trouble(kind="hang"):
                sink.pause(_MINUTE)
                self.close_connection = True
            case _:
                self.close_connection = True
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

    def _take(self, body: bytes) -> int:
        try:
            self.sink.keep(self.path, unpack(body, self.headers["Content-Encoding"]))
        except KeyError:
            return 404
        except MalformedMessageError as error:
            self.sink.tell_malformed(str(error))
            return 400
        return 200

    def _answer(self, status: int, *, pause_seconds: float | None = None) -> None:
        # An empty message is what OTLP answers where all was taken.
        answer = (
            f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}\r\n"
            "Content-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
        ).encode()
        with suppress(OSError):
            if pause_seconds is None:
                self.wfile.write(answer)
                return
            for position in range(len(answer)):
                self.wfile.write(answer[position : position + 1])
                self.sink.pause(pause_seconds)
