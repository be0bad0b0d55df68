"""The gunicorn worker: gevent's, made steady against slow clients and clear in what it refuses.

Why gevent, with figures: docs/architecture.md. What is changed here: every wait for a client has a limit, idle
connections do not hold up a shutdown, and what gunicorn refuses by itself is answered in the shape of all errors.
"""

from __future__ import annotations

import gc
from contextlib import nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import gevent
from gevent.server import StreamServer
from gunicorn.http.body import LengthReader
from gunicorn.workers.ggevent import GeventWorker

from files_api.domain.errors import FilesApiError
from files_api.server.admission import Admission
from files_api.server.connection import Connection
from files_api.server.lifecycle import LIFECYCLE
from files_api.server.refusals import refusal
from files_api.server.sized_body import SizedBody
from files_api.telemetry import metrics

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager
    from types import FrameType

    from gevent.pool import Pool
    from gunicorn.http.message import Request

    from files_api.settings import Settings

# Connections that a worker accepts in one turn of its event loop. gunicorn's 1 lets the last of many wait for as many
# turns; a hundred would let one of several workers take them all (docs/performance.md).
_ACCEPTED_AT_ONCE = 4
_ACCEPTED_AT_ONCE_ALONE = 100
# The share of its connections from which on a worker keeps none open that it has answered.
_BUSY_SHARE = 0.75
# A client that takes in nothing of its answer for this long is gone.
_SEND_SECONDS = 60.0


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn ships no types
    """See the module."""

    #: How long a connection waits for its client: the keyword arguments of Connection.
    patience: ClassVar[Mapping[str, float]]
    #: How many requests may be in work at once.
    max_concurrency: ClassVar[int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections: set[Connection] = set()
        self._admission = Admission(self.max_concurrency)

    def run(self) -> None:
        """Serve."""
        # gevent writes the exception of any greenlet to stderr as plain text, also where somebody waits for it. The
        # domain's errors always have somebody; all others go into the log, in its form.
        hub = gevent.get_hub()
        hub.NOT_ERROR = (*hub.NOT_ERROR, FilesApiError)
        hub.print_exception = self._log_exception
        # What was loaded stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        super().run()

    def _log_exception(self, context: object, kind: type, error: BaseException | None, trace: Any) -> None:
        metrics.record_unhandled_exception("background")
        self.log.error(
            "a greenlet failed", exc_info=(kind, error, trace), extra={"event": "background_failed"}
        )

    def server_class(self, listener: socket.socket, *, spawn: Pool, **_: Any) -> StreamServer:
        """Make what accepts connections: gunicorn's hook for that."""
        server = StreamServer(listener, handle=partial(self.handle, listener), spawn=spawn)
        server.max_accept = _ACCEPTED_AT_ONCE if self.cfg.workers > 1 else _ACCEPTED_AT_ONCE_ALONE
        return server

    def timeout_ctx(self) -> AbstractContextManager[None]:
        """No timeout here: gunicorn's would be one for idling and for the head together; the connection has both."""
        return nullcontext()

    def handle(self, listener: socket.socket, client: socket.socket, addr: Any) -> None:
        """Serve one connection to its end."""
        connection = Connection(
            client,
            on_head_timeout=lambda: refusal(None).to_bytes(),
            admission=self._admission,
            **self.patience,
        )
        self._connections.add(connection)
        if len(self._connections) >= self.worker_connections:
            # Nobody else could connect: connections that are kept for nothing have to go.
            self._hang_up(each for each in self._connections if each.is_kept)
        try:
            super().handle(listener, connection, addr)
        finally:
            self._connections.discard(connection)

    def handle_request(self, listener_name: Any, req: Request, sock: Connection, addr: Any) -> None:
        """Serve one request."""
        # gunicorn would send "100 Continue" at once; the connection sends it when the body is first read.
        if len(self._connections) > self.worker_connections * _BUSY_SHARE:
            # Whoever comes next needs the place more than this one, once it is answered.
            req.force_close()
        sock.begin_request(
            expects_continue=req._expected_100_continue,  # noqa: SLF001  # gunicorn has no public name for it
            close_after_response=req.force_close,
        )
        try:
            req._expected_100_continue = False  # noqa: SLF001
            if isinstance(req.body.reader, LengthReader):
                req.body = SizedBody(req.unreader, sock, req.body.reader.length)
            super().handle_request(listener_name, req, sock, addr)
        finally:
            sock.end_request(holds_more=bool(req.unreader.buf.getbuffer().nbytes))

    def handle_error(self, req: Request | None, client: Connection, addr: Any, exc: BaseException) -> None:
        """Answer what never reached the application."""
        answer = refusal(exc)
        if answer.status >= 500:
            self.log.error("request failed in the server", exc_info=exc, extra={"event": "server_failed"})
        else:
            self.log.info(
                "request refused by the server",
                extra={"event": "request_refused", "status": answer.status, "request_id": answer.request_id},
            )
        with suppress(OSError):  # there may be nobody left to answer
            client.sendall(answer.to_bytes())
        client.leave_body_unread()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking connections (SIGTERM): running requests end, idle connections are closed."""
        super().handle_exit(sig, frame)
        self.wsgi.extensions[LIFECYCLE].drain()
        gevent.spawn(lambda: self._hang_up(each for each in self._connections if each.is_idle))

    @staticmethod
    def _hang_up(connections: Iterable[Connection]) -> None:
        for connection in tuple(connections):
            with suppress(OSError):
                connection.hang_up()


def make_worker_class(settings: Settings) -> type[Worker]:
    """Make the worker class that gunicorn is to use, with these settings' patience."""

    class ConfiguredWorker(Worker):
        patience: ClassVar[Mapping[str, float]] = {
            "idle_seconds": settings.keep_alive_seconds,
            "head_seconds": settings.header_timeout_seconds,
            "body_seconds": settings.body_timeout_seconds,
            "send_seconds": _SEND_SECONDS,
        }
        max_concurrency: ClassVar[int] = settings.max_concurrency

    return ConfiguredWorker
