"""Answers of S3 as they come off a connection: parsed by httptools (llhttp), their bodies read from the socket."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import httptools
from botocore.exceptions import ConnectionClosedError, HTTPClientError

from files_api.batches import Batches

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

#: Bytes that are read for the head of an answer; what of the body comes with them is handed on.
HEAD_READ_BYTES = 64 * 1024
# Answers that are read whole are documents: S3's longest is a list of a thousand long keys.
_DOCUMENT_BYTES = 16 * 1024 * 1024


class Connections(Protocol):
    """Where a connection with an answer came from, and goes back to (`Wire`)."""

    origin: str

    def receive(self, sock: socket.socket, size: int) -> bytes:
        """Receive what is there, up to `size` bytes; nothing when S3 has closed."""

    def receive_into(self, batches: Batches, room: memoryview, to_come: int) -> int:
        """Receive until `room` is full, and tell how many bytes came."""

    def take_back(self, sock: socket.socket, headers: dict[str, str]) -> None:
        """Keep a connection for the next request, unless S3 means to close it."""


class Parsed:
    """What httptools has found of an answer so far; the methods that begin with `on_` have httptools' names."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: deque[bytes] = deque()
        self.is_complete = False

    @property
    def has_final_head(self) -> bool:
        """Whether the head of the answer itself is here."""
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
        """Begin an answer, or the final one behind an interim one."""
        if self.has_final_head:
            message = "more than one answer to one request"
            raise ValueError(message)
        # Behind an interim answer comes the final one (RFC 9110 section 15.2).
        self.headers, self.is_complete = {}, False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take note that the head is whole."""
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        """Take what came of the body."""
        self.pieces.append(body)

    def on_message_complete(self) -> None:
        """Take note that the answer is whole."""
        self.is_complete = True


@dataclass(slots=True)
class Answer:
    """An answer of S3. `headers` are by their names in lower case; the body is read from the socket, or given up."""

    status: int
    headers: dict[str, str]
    _body: Body | None = field(repr=False)

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
        while piece := self.read(HEAD_READ_BYTES):
            document += piece
            if len(document) > _DOCUMENT_BYTES:
                self.close()
                raise HTTPClientError(error="the document does not end")
        return bytes(document)

    def close(self) -> None:
        """Give the connection up, where the body was not read to its end."""
        if self._body is not None:
            self._body.close()


class Body:
    """The bytes of a body, and the connection that they come on, until it is not needed any more."""

    def __init__(self, wire: Connections, sock: socket.socket, parsed: Parsed) -> None:
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
        """Read up to `size` bytes; nothing at the end. Errors: see `Answer.read`."""
        while not self._pieces and self._sock is not None:
            self._receive(self._sock, size)
        if not self._pieces:
            return b""
        piece = self._pieces.popleft()
        if len(piece) > size:
            self._pieces.appendleft(piece[size:])
        return piece[:size]

    def readinto(self, room: memoryview) -> int:
        """See `Answer.readinto`."""
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
        """Give the connection up, if it is still held."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None
