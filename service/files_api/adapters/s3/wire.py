"""HTTP/1.1 to one S3 endpoint: a request goes out, a head comes back, and a body that is read from the socket.

Why not boto3 or urllib3 here, with figures: docs/performance.md. Connections are opened by the standard library,
answers are parsed by httptools (llhttp). What goes wrong is raised in botocore's words, so that botocore's own policy
can say whether to try again, and one table can say what it means.
"""

from __future__ import annotations

import http.client
import ssl
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httptools
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from files_api.batches import Batches, has_something_to_read
from files_api.frames import without_frames
from files_api.telemetry import metrics
from files_api.telemetry.tracing import internal_span

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

    from files_api.adapters.s3.endpoint import Endpoint

# Bytes that are read for the head of an answer; what of the body comes with them is handed on.
_HEAD_READ_BYTES = 64 * 1024
# S3 keeps its heads under 8 KiB; what is longer than this will not end.
_HEAD_MOST_BYTES = 256 * 1024
# A body up to this size leaves with its head, in one packet more or less.
_SENT_TOGETHER_BYTES = 64 * 1024
# Answers that are read whole are documents: S3's longest is a list of a thousand long keys.
_DOCUMENT_BYTES = 16 * 1024 * 1024


class _Parsed:
    """What httptools has found so far; the methods that begin with `on_` have httptools' names."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: deque[bytes] = deque()
        self.is_complete = False

    @property
    def has_final_head(self) -> bool:
        return self.status >= 200

    def feed(self, data: bytes) -> None:
        """Parse what has come.

        Raises:
            HTTPClientError: This is not HTTP.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            raise HTTPClientError(error=error) from error

    def on_message_begin(self) -> None:
        if self.has_final_head:
            message = "more than one answer to one request"
            raise ValueError(message)
        # Behind an interim answer comes the final one (RFC 9110 section 15.2).
        self.headers, self.is_complete = {}, False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        self.is_complete = True


@dataclass(slots=True)
class Answer:
    """An answer of S3. `headers` are by their names in lower case; the body is read from the socket, or given up."""

    status: int
    headers: dict[str, str]
    _body: _Body | None = field(repr=False)

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes of the body, as many as are there; nothing at its end.

        Raises:
            BotoCoreError: S3 fell silent, or broke off.
        """
        return b"" if self._body is None else self._body.read(size)

    def readinto(self, room: memoryview) -> int:
        """Fill `room`, less of it only at the end of the body, and tell how many bytes came. Errors: see `read`."""
        return 0 if self._body is None else self._body.readinto(room)

    def read_whole(self) -> bytes:
        """Read a document to its end. Errors: see `read`."""
        document = bytearray()
        while piece := self.read(_HEAD_READ_BYTES):
            document += piece
            if len(document) > _DOCUMENT_BYTES:
                self.close()
                raise HTTPClientError(error="the document does not end")
        return bytes(document)

    def close(self) -> None:
        """Give the connection up, where the body was not read to its end."""
        if self._body is not None:
            self._body.close()


class _Body:
    """The bytes of a body, and the connection that they come on, until it is not needed any more."""

    def __init__(self, wire: Wire, sock: socket.socket, parsed: _Parsed) -> None:
        self._wire = wire
        self._sock: socket.socket | None = sock
        self._parsed = parsed
        self._pieces = parsed.pieces
        self._batches = Batches(sock)
        # Where the length is known, no parser has to see the bytes that are to come.
        self._left: int | None = None
        if "content-length" in parsed.headers and "transfer-encoding" not in parsed.headers:
            self._left = int(parsed.headers["content-length"]) - sum(map(len, self._pieces))
        self._settle()

    def read(self, size: int) -> bytes:
        while not self._pieces and self._sock is not None:
            self._receive(self._sock, size)
        if not self._pieces:
            return b""
        piece = self._pieces.popleft()
        if len(piece) > size:
            self._pieces.appendleft(piece[size:])
        return piece[:size]

    def readinto(self, room: memoryview) -> int:
        filled = 0
        # What came with the head first, and all where there is no length; then straight from the socket.
        while filled < len(room) and (self._pieces or self._left is None):
            piece = self.read(len(room) - filled)
            if not piece:
                return filled
            room[filled : filled + len(piece)] = piece
            filled += len(piece)
        if filled < len(room) and self._sock is not None and self._left:
            with self._given_up_on_failure():
                count = self._wire.receive_into(self._batches, room[filled : filled + self._left], self._left)
                filled += count
                self._left -= count
                if filled < len(room) and self._left:
                    self._end()
            self._settle()
        return filled

    def _receive(self, sock: socket.socket, size: int) -> None:
        with self._given_up_on_failure():
            self._batches.stop()
            data = self._wire.receive(sock, size if self._left is None else min(size, self._left))
            if not data:
                self._end()
            elif self._left is None:
                self._parsed.feed(data)
            else:
                self._left -= len(data)
                self._pieces.append(data)
        self._settle()

    @contextmanager
    def _given_up_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _end(self) -> None:
        if self._left is not None or "transfer-encoding" in self._parsed.headers:
            raise ConnectionClosedError(endpoint_url=self._wire.origin)
        # RFC 9112 section 6.3: without a length and without chunks, a body ends with its connection.
        self._parsed.is_complete = True
        self.close()

    def _settle(self) -> None:
        """Give the connection back as soon as the whole body is here."""
        if self._sock is not None and (self._left == 0 or self._parsed.is_complete):
            sock, self._sock = self._sock, None
            self._wire.take_back(sock, self._parsed.headers)

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()
            self._sock = None


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
        parsed = _Parsed()
        left = _HEAD_MOST_BYTES
        while not parsed.has_final_head:
            data = self.receive(sock, min(_HEAD_READ_BYTES, left))
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
        return Answer(parsed.status, parsed.headers, _Body(self, sock, parsed))

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
