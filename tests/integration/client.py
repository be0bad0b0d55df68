"""Clients of the tests: one that says what HTTP allows, and one that sends any bytes at all."""

from __future__ import annotations

import http.client
import io
import json
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from email.message import Message
    from types import TracebackType

Address = tuple[str, int]

# Longer than any answer takes; a test that waits this long has failed.
TIMEOUT_SECONDS = 20.0
_NO_BODY = {204, 304}


class BrokenAnswer(Exception):
    """The connection ended in the middle of an answer; `received` is the part of the body that came."""

    def __init__(self, message: str, received: bytes = b"") -> None:
        super().__init__(f"{message} ({len(received)} bytes of body came)")
        self.received = received


@dataclass(frozen=True)
class Answer:
    """One HTTP response."""

    status: int
    headers: Message
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The `code` of a problem."""
        return str(self.json()["code"])

    @property
    def etag(self) -> str:
        return self.headers["ETag"] or ""


def encoded(path: str) -> str:
    """Percent-encode everything but slashes and what is unreserved."""
    return quote(path, safe="/")


class Client:
    """Talks to one service over a new connection each time; names are relative to the prefix of the test.

    Args:
        address: Where the service listens.
        prefix: The prefix of the test; empty for a caller who is bound to it anyway.
        always: What is sent with every request.
    """

    def __init__(self, address: Address, prefix: str, always: Mapping[str, str] | None = None) -> None:
        self.address = address
        self.prefix = prefix
        self.always = dict(always or {})

    def path(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def target(self, name: str) -> str:
        return f"/v1/files/{encoded(self.path(name))}"

    def request(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection(*self.address, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, target, body=body, headers={**self.always, **(headers or {})})
            response = connection.getresponse()
            try:
                content = response.read()
            except http.client.IncompleteRead as error:
                raise BrokenAnswer("the body is shorter than declared", error.partial) from error
            return Answer(response.status, response.headers, content)
        finally:
            connection.close()

    def put(self, name: str, body: bytes | Iterable[bytes] = b"", **headers: str) -> Answer:
        return self.request("PUT", self.target(name), body, _spelled(headers))

    def get(self, name: str, query: str = "", **headers: str) -> Answer:
        return self.request("GET", self.target(name) + query, None, _spelled(headers))

    def head(self, name: str, query: str = "", **headers: str) -> Answer:
        return self.request("HEAD", self.target(name) + query, None, _spelled(headers))

    def delete(self, name: str, **headers: str) -> Answer:
        return self.request("DELETE", self.target(name), None, _spelled(headers))

    def post_json(self, target: str, document: object) -> Answer:
        body = json.dumps(document).encode()
        return self.request("POST", target, body, {"Content-Type": "application/json"})

    def list(self, **query: str | int) -> Answer:
        return self.request("GET", f"/v1/files?{urlencode(query)}")

    def raw(self) -> RawConnection:
        return RawConnection(self.address)


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    """`If_None_Match` is how Python lets one write `If-None-Match`."""
    return {name.replace("_", "-"): value for name, value in headers.items()}


class RawConnection:
    """A TCP connection to the service, on which a test may say anything, and hang up at any moment."""

    def __init__(self, address: Address, *, receive_buffer_bytes: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.settimeout(TIMEOUT_SECONDS)
        self.socket.connect(address)
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, *parts: bytes | str) -> None:
        for part in parts:
            self.socket.sendall(part.encode() if isinstance(part, str) else part)

    def half_close(self) -> None:
        """Say that nothing more will come, and go on listening."""
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Hang up without a good-bye: the other side sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def receive(self, size: int = 65536) -> bytes:
        """Some bytes, none at the end of the stream; a reset counts as an end."""
        if self._buffer:
            data, self._buffer = self._buffer[:size], self._buffer[size:]
            return data
        try:
            return self.socket.recv(size)
        except ConnectionResetError:
            return b""

    def read_to_end(self) -> bytes:
        """Everything until the server closes."""
        return b"".join(iter(self.receive, b""))

    def read_head(self) -> tuple[int, Message]:
        """The head of the next answer, interim ones included."""
        data = bytearray()
        while b"\r\n\r\n" not in data:
            chunk = self.receive()
            if not chunk:
                raise BrokenAnswer(f"the connection ended in the head: {bytes(data)!r}")
            data += chunk
        head, _, rest = bytes(data).partition(b"\r\n\r\n")
        self._buffer = rest + self._buffer
        first, _, fields = head.partition(b"\r\n")
        return int(first.split(b" ")[1]), http.client.parse_headers(io.BytesIO(fields + b"\r\n\r\n"))

    def read_exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            chunk = self.receive(size - len(data))
            if not chunk:
                raise BrokenAnswer(f"{size} bytes were declared", bytes(data))
            data += chunk
        return bytes(data)

    def read_answer(self, method: str = "GET") -> Answer:
        """The next answer with its body; everything here declares a length."""
        status, headers = self.read_head()
        if method == "HEAD" or status in _NO_BODY or status < 200:
            return Answer(status, headers, b"")
        return Answer(status, headers, self.read_exactly(int(headers["Content-Length"])))


def request_head(method: str, target: str, *fields: str) -> bytes:
    """Write the head of a request; `Host` is there already."""
    lines = [f"{method} {target} HTTP/1.1", "Host: files.test", *fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
