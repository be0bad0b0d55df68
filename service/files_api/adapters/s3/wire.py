"""HTTP/1.1 to one S3 endpoint: a request goes out, a head comes back, and a body that is read from the socket.

Why not boto3 or urllib3 here, with figures: docs/performance.md. Connections are opened by the standard library,
answers are read by `wire_answers`. What goes wrong is raised in botocore's words, so that botocore's own policy
can say whether to try again, and one table can say what it means.
"""

from __future__ import annotations

import http.client
import ssl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from files_api.adapters.s3.wire_answers import HEAD_READ_BYTES, Answer, Body, Parsed
from files_api.batches import has_something_to_read
from files_api.telemetry import metrics
from files_api.telemetry.tracing import internal_span
from files_api.timeout_errors import without_frames

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from files_api.adapters.s3.endpoint import Endpoint
    from files_api.batches import Batches

# S3 keeps its heads under 8 KiB; what is longer than this will not end.
_HEAD_MOST_BYTES = 256 * 1024
# A body up to this size leaves with its head, in one packet more or less.
_SENT_TOGETHER_BYTES = 64 * 1024


class Wire:
    """The connections to one endpoint, kept open between requests.

    Args:
        endpoint: Where to.
        connect_seconds: How long a connection may take to be made, in seconds.
        read_seconds: How long S3 may be silent, in seconds.
        idle_connections: How many connections are kept.
        context: How TLS is spoken; None to an `http` endpoint.
        proxy: The URL of an HTTP proxy that is to be asked for a tunnel.
    """

    def __init__(  # noqa: PLR0913  # what a connection consists of
        self,
        endpoint: Endpoint,
        *,
        connect_seconds: float,
        read_seconds: float,
        idle_connections: int,
        context: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self.origin = endpoint.origin
        self._endpoint = endpoint
        self._connect_seconds = connect_seconds
        self._read_seconds = read_seconds
        self._most_idle = idle_connections
        self._context = context
        self._proxy = urlsplit(proxy) if proxy else None
        self._idle: list[socket.socket] = []

    def exchange(
        self,
        method: str,
        target: str,
        fields: Mapping[str, str],
        body: bytes | memoryview = b"",
    ) -> Answer:
        """Send a request and read the head of its answer.

        Args:
            method: The HTTP method.
            target: The request target.
            fields: All fields but Content-Length.
            body: The whole body.

        Raises:
            BotoCoreError: In botocore's words what happened, a ConnectionError or an HTTPClientError of theirs.
        """
        lines = [f"{method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        if body or method in {"PUT", "POST"}:
            lines.append(f"Content-Length: {len(body)}")
        lines.append("\r\n")
        head = "\r\n".join(lines).encode("latin-1")
        sock = self._connection()
        try:
            sock.settimeout(self._read_seconds)
            refusal = self._send(sock, head, body)
            try:
                return self._read_head(sock, bodiless=method == "HEAD")
            except ConnectionClosedError as error:
                raise error from refusal
        except BaseException:
            # Also when somebody's patience is over: nobody else may get what comes on this connection.
            sock.close()
            raise

    def _send(self, sock: socket.socket, head: bytes, body: bytes | memoryview) -> OSError | None:
        try:
            if len(body) <= _SENT_TOGETHER_BYTES:
                head += body
                body = b""
            # Of a head, what does not fit at once is the exception: `sendall` has its price.
            sent = sock.send(head)
            if sent < len(head):
                sock.sendall(head[sent:])
            if body:
                sock.sendall(body)
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self.origin, error=error) from without_frames(error)
        except OSError as error:
            # Who does not want the body may have said why.
            return error
        return None

    def _read_head(self, sock: socket.socket, *, bodiless: bool) -> Answer:
        parsed = Parsed()
        left = _HEAD_MOST_BYTES
        while not parsed.has_final_head:
            data = self.receive(sock, min(HEAD_READ_BYTES, left))
            if not data:
                raise ConnectionClosedError(endpoint_url=self.origin)
            parsed.feed(data)
            left -= len(data)
            if not left:
                raise HTTPClientError(error="the head of the answer does not end")
        if bodiless:
            if parsed.pieces:
                # A body that should not be there: more of it may come, and be taken for the next answer.
                sock.close()
            else:
                self.take_back(sock, parsed.headers)
            return Answer(parsed.status, parsed.headers, None)
        return Answer(parsed.status, parsed.headers, Body(self, sock, parsed))

    def receive(self, sock: socket.socket, size: int) -> bytes:
        """Receive what is there, up to `size` bytes; nothing when S3 has closed. Errors: see `receive_into`."""
        with self._listening():
            return sock.recv(size)

    def receive_into(self, batches: Batches, room: memoryview, to_come: int) -> int:
        """Receive until `room` is full, and tell how many bytes came; fewer only where S3 has closed.

        Args:
            batches: What receives the body.
            room: Where the bytes go.
            to_come: How many bytes of the body are still to come altogether.

        Raises:
            ReadTimeoutError: S3 is silent.
            ConnectionClosedError: The connection is broken.
        """
        filled = 0
        with self._listening():
            while filled < len(room):
                count = batches.receive_into(room[filled:], to_come - filled)
                if not count:
                    break
                filled += count
        return filled

    @contextmanager
    def _listening(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise ReadTimeoutError(endpoint_url=self.origin, error=error) from without_frames(error)
        except OSError as error:
            raise ConnectionClosedError(endpoint_url=self.origin) from error

    # Connections --------------------------------------------------------------------------------------------------

    def _connection(self) -> socket.socket:
        while self._idle:
            # The last one in has had the least time to be closed by S3.
            sock = self._idle.pop()
            if not has_something_to_read(sock):
                return sock
            # Nothing was asked: it was closed, or says something that nobody wants to know.
            sock.close()
        began = time.monotonic()
        with internal_span("S3 connection"):
            sock = self._connect()
        metrics.record_pool_wait("s3_connection", time.monotonic() - began)
        return sock

    def _connect(self) -> socket.socket:
        endpoint = self._endpoint
        host, port = endpoint.host, endpoint.port
        if self._proxy is not None:
            host, port = self._proxy.hostname or "", self._proxy.port or 80
        connection = (
            http.client.HTTPConnection(host, port, timeout=self._connect_seconds)
            if self._context is None
            else http.client.HTTPSConnection(host, port, timeout=self._connect_seconds, context=self._context)
        )
        if self._proxy is not None:
            connection.set_tunnel(endpoint.host, endpoint.port)
        with self._connecting(host):
            try:
                connection.connect()
            except BaseException:
                # Also when somebody's patience is over.
                connection.close()
                raise
        sock = connection.sock
        # The socket is ours now; what opened it must not close it.
        connection.sock = None
        return sock

    @contextmanager
    def _connecting(self, host: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=self.origin, error=error) from without_frames(error)
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=self.origin, error=error) from error
        except (OSError, http.client.HTTPException) as error:
            if self._proxy is not None:
                raise ProxyConnectionError(proxy_url=host, error=error) from error
            raise EndpointConnectionError(endpoint_url=self.origin, error=error) from error

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def take_back(self, sock: socket.socket, headers: dict[str, str]) -> None:
        """Keep a connection for the next request, unless S3 means to close it."""
        if len(self._idle) < self._most_idle and headers.get("connection", "").lower() != "close":
            self._idle.append(sock)
        else:
            sock.close()
