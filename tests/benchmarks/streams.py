"""Large files in and out: a client that leaves the two cores to the servers.

Downloads are dropped by the kernel (MSG_TRUNC) and uploads are sent by it (sendfile): a byte never enters this process.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.processes import HOST, Server

if TYPE_CHECKING:
    from pathlib import Path

_BOUNDARY = "----files-api-benchmark"
_FORM_HEAD = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file_content"; filename="large.bin"\r\n'
    "Content-Type: application/octet-stream\r\n\r\n"
).encode()
_FORM_TAIL = f"\r\n--{_BOUNDARY}--\r\n".encode()
_SILENCE_SECONDS = 120
_DISCARD_BYTES = 4 * 1024 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class StreamFailed(Exception):
    """A transfer was refused or cut."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One way of moving a large file, so many at a time."""

    method: str
    streams: int = 1
    is_form: bool = False

    @property
    def is_download(self) -> bool:
        """Does the file come from the server?"""
        return self.method == "GET"

    @property
    def name(self) -> str:
        """What it is called in tables."""
        kind = "" if self.is_download else ", form" if self.is_form else ", raw"
        return f"{self.method}{kind}{f' x{self.streams}' if self.streams > 1 else ''}"


DOWNLOADS = (Operation("GET"), Operation("GET", streams=8), Operation("GET", streams=24))
RAW_UPLOAD = Operation("PUT")
FORM_UPLOAD = Operation("PUT", is_form=True)
RAW_UPLOADS_AT_ONCE = Operation("PUT", streams=4)


def transfer(server: Server, operation: Operation, file: Path) -> float:
    """Move a file and tell how many seconds it took.

    Args:
        server: With whom.
        operation: How.
        file: The file: what is sent, or a copy of what is got; its name is its key.
    """
    failures: list[BaseException] = []
    start = threading.Barrier(operation.streams + 1)
    threads = [
        threading.Thread(target=_stream, args=(server, operation, file, number, start, failures), daemon=True)
        for number in range(operation.streams)
    ]
    for thread in threads:
        thread.start()
    with suppress(threading.BrokenBarrierError):  # one could not connect, and has told
        start.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise StreamFailed(f"{operation.name} with {server.name}: {failures[0]}") from failures[0]
    return time.perf_counter() - started


def _stream(
    server: Server,
    operation: Operation,
    file: Path,
    number: int,
    start: threading.Barrier,
    failures: list[BaseException],
) -> None:
    try:
        with connect(server) as connection:
            start.wait()
            if operation.is_download:
                download(connection, server, file.name, file.stat().st_size)
            else:
                # A key of its own: never the file that others download, and never the one that another stream
                # sends, because two writes of one key at once make rclone answer 5xx.
                upload(connection, server, f"put-{number}-{file.name}", file, is_form=operation.is_form)
    except (OSError, StreamFailed) as error:
        start.abort()
        failures.append(error)
    except threading.BrokenBarrierError:
        pass  # another stream failed and has told


def connect(server: Server) -> socket.socket:
    """Connect to a server, for one transfer."""
    return socket.create_connection((HOST, server.port), timeout=_SILENCE_SECONDS)


def _head(server: Server, method: str, name: str, *fields: str) -> bytes:
    lines = [
        f"{method} {server.files}{name} HTTP/1.1",
        f"Host: {HOST}:{server.port}",
        "Connection: close",
        *fields,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def download(
    connection: socket.socket, server: Server, name: str, size: int, *, take: int | None = None
) -> None:
    """Get a file of a known size, or only the first `take` bytes of it."""
    connection.sendall(_head(server, "GET", name))
    head, body = _read_head(connection)
    match = _LENGTH.search(head)
    if not head.startswith(b"HTTP/1.1 200") or match is None or int(match[1]) != size:
        raise StreamFailed(head.decode("latin-1"))
    left = (size if take is None else min(take, size)) - len(body)
    discarded = bytearray(_DISCARD_BYTES)
    while left > 0:
        count = connection.recv_into(discarded, min(left, _DISCARD_BYTES), socket.MSG_TRUNC)
        if not count:
            raise StreamFailed(f"cut with {left} bytes to come")
        left -= count


def upload(
    connection: socket.socket,
    server: Server,
    name: str,
    file: Path,
    *,
    is_form: bool = False,
    give: int | None = None,
) -> None:
    """Send a file, or announce it and send only the first `give` bytes of it."""
    head, tail, content_type = b"", b"", "application/octet-stream"
    if is_form:
        head, tail, content_type = _FORM_HEAD, _FORM_TAIL, f"multipart/form-data; boundary={_BOUNDARY}"
    length = len(head) + file.stat().st_size + len(tail)
    connection.sendall(
        _head(server, "PUT", name, f"Content-Type: {content_type}", f"Content-Length: {length}") + head
    )
    with file.open("rb") as content:
        connection.sendfile(content, count=give)
    if give is not None:
        return
    connection.sendall(tail)
    answer, _ = _read_head(connection)
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
        raise StreamFailed(answer.decode("latin-1"))


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(16384)
        if not chunk:
            raise StreamFailed("closed without an answer")
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body
