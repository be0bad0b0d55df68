"""A small load client, for where wrk is not there: one process, one epoll loop, HTTP requests made beforehand.

It runs as a process of its own (`python epoll_client.py`), takes its orders as JSON on standard input and gives its
figures as JSON on standard output. `clients.py` is who calls it.
"""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import time
from base64 import b64decode
from itertools import cycle
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_RECEIVE_BYTES = 256 * 1024
_ANSWER_SECONDS = 30.0


class _Connection:
    """One kept-open connection with at most one request under way."""

    def __init__(self, port: int, *, bodiless: bool) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._bodiless = bodiless
        self._received = b""

    def send(self, request: bytes) -> None:
        self._received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come; is the answer complete?"""
        chunk = self.socket.recv(_RECEIVE_BYTES)
        if not chunk:
            raise ConnectionError("the server closed the connection")
        self._received += chunk
        head_bytes = self._received.find(b"\r\n\r\n")
        if head_bytes < 0:
            return False
        if self._bodiless:
            return True
        head = self._received[: head_bytes + 2]
        length = _LENGTH.search(head)
        if length is not None:
            return len(self._received) >= head_bytes + 4 + int(length[1])
        if _CHUNKED.search(head):
            return self._received.endswith(b"\r\n0\r\n\r\n")
        raise ConnectionError("an answer without a length")

    @property
    def succeeded(self) -> bool:
        return self._received[9:10] == b"2"


def press(port: int, requests: list[bytes], connections: int, seconds: float) -> dict[str, Any]:
    """Keep that many requests under way for that long, then take the last answers.

    Returns:
        `requests` answered, `failed` of them, `seconds` it took and `latencies`, in seconds.
    """
    queue: Iterator[bytes] = cycle(requests)
    poll = select.epoll()
    open_connections: dict[int, _Connection] = {}
    for _ in range(connections):
        connection = _Connection(port, bodiless=requests[0].startswith(b"HEAD "))
        open_connections[connection.socket.fileno()] = connection
        poll.register(connection.socket.fileno(), select.EPOLLIN)
    latencies: list[float] = []
    failed = 0
    started = time.perf_counter()
    end = started + seconds
    for connection in open_connections.values():
        connection.send(next(queue))
    under_way = connections
    while under_way:
        ready = poll.poll(_ANSWER_SECONDS)
        if not ready:
            raise ConnectionError(f"no answer within {_ANSWER_SECONDS:.0f} seconds")
        for descriptor, _ in ready:
            connection = open_connections[descriptor]
            if not connection.receive():
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            failed += not connection.succeeded
            if now < end:
                connection.send(next(queue))
            else:
                under_way -= 1
    took = time.perf_counter() - started
    for connection in open_connections.values():
        connection.socket.close()
    return {"requests": len(latencies), "failed": failed, "seconds": took, "latencies": latencies}


if __name__ == "__main__":
    orders = json.load(sys.stdin)
    json.dump(
        press(
            orders["port"],
            [b64decode(request) for request in orders["requests"]],
            orders["connections"],
            orders["seconds"],
        ),
        sys.stdout,
    )
