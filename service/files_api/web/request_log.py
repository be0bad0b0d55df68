"""One log line per request, written when its last byte has left or its client has."""

from __future__ import annotations

import logging
import random
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from files_api.domain.errors import StorageReadCut
from files_api.telemetry import metrics
from files_api.telemetry.tracing import begin_server_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from files_api.telemetry.tracing import ServerSpan

log = logging.getLogger(__name__)

_ENVIRON_KEY = "files_api.request"
_FILE_ROUTE = "/v1/files/{file_path}"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(slots=True)
class RequestRecord:
    """What is told of one request; filled while it is served. Sizes are in bytes."""

    request_id: str
    method: str
    path: str
    started: float = field(default_factory=time.monotonic)
    route: str | None = None
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    outcome: str = "client_gone"
    error_code: str | None = None
    key_id: str | None = None
    span: ServerSpan | None = None

    @property
    def is_quiet(self) -> bool:
        """Health checks come every few seconds: they are worth a line only while somebody is searching."""
        return self.route is not None and self.route.startswith("/health/") and self.status < 500


def request_record(environ: WSGIEnvironment) -> RequestRecord:
    """The record of the request that is being served."""
    record: RequestRecord = environ[_ENVIRON_KEY]
    return record


class RequestLog:
    """WSGI middleware: gives every request an id, every answer `X-Request-Id`, and the log a line."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        wanted = environ.get("HTTP_X_REQUEST_ID", "")
        record = RequestRecord(
            # Not a secret: what matters is that no two are the same.
            request_id=wanted if _REQUEST_ID.fullmatch(wanted) else f"{random.getrandbits(128):032x}",
            method=environ["REQUEST_METHOD"],
            # Without the query, which may hold what only the client should know.
            path=environ["RAW_URI"].partition("?")[0],
        )
        environ[_ENVIRON_KEY] = record
        record.span = begin_server_span(environ)
        metrics.record_active_requests(1)

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            record.status = int(status[:3])
            return start_response(status, [*headers, ("X-Request-Id", record.request_id)], exc_info)

        return _LoggedBody(self._application(environ, start), record)


class _LoggedBody:
    """The body of an answer, which tells how it ended."""

    def __init__(self, body: Iterable[bytes], record: RequestRecord) -> None:
        self._body = body
        self._record = record

    def __iter__(self) -> Iterator[bytes]:
        record = self._record
        try:
            for chunk in self._body:
                yield chunk
                # Counted when the server asks for more, that is when this one was sent.
                record.bytes_out += len(chunk)
        except StorageReadCut:
            record.outcome = "storage_cut"
            raise
        except (GeneratorExit, ConnectionError):
            raise  # the server stopped asking, or what was sent past it did not arrive: the client is gone
        except BaseException:
            record.outcome = "failed"
            raise
        record.outcome = "complete"

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                close()
        finally:
            _tell(self._record)


def _tell(record: RequestRecord) -> None:
    """Tell of a request that has ended: to the log while its trace is current, then to the metrics and the trace."""
    seconds = time.monotonic() - record.started
    _write(record, seconds)
    metrics.record_active_requests(-1)
    metrics.record_request(method=record.method, route=record.route, status=record.status, seconds=seconds)
    if record.method == "GET" and record.route == _FILE_ROUTE and 200 <= record.status < 300:
        metrics.record_bytes_downloaded(record.bytes_out)
    if record.span is not None:
        record.span.end(
            method=record.method, route=record.route, status=record.status, error_code=record.error_code
        )


def _write(record: RequestRecord, seconds: float) -> None:
    level = logging.DEBUG if record.is_quiet else logging.INFO
    if log.isEnabledFor(level):
        log.log(
            level,
            "request",
            extra={
                "event": "request",
                "request_id": record.request_id,
                "route": record.route,
                "method": record.method,
                "path": record.path,
                "status": record.status,
                "bytes_in": record.bytes_in,
                "bytes_out": record.bytes_out,
                "duration_ms": round(seconds * 1000, 2),
                "outcome": record.outcome,
                "error_code": record.error_code,
                "key_id": record.key_id,
            },
        )
