"""A load client that does not wait for the server: requests are due at a steady rate, whatever comes of them.

That is how a crowd behaves, and how a server is overloaded: with a fixed number of connections (`epoll_client.py`) a
slow server slows its clients down. A request takes a connection that is idle, or opens one.

It runs as a process of its own (`python open_loop_client.py`), takes its orders as JSON on standard input and gives its
figures as JSON on standard output. `overload.py` is who calls it.
"""

from __future__ import annotations

import errno
import json
import re
import resource
import select
import socket
import sys
import time
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *\d+", re.IGNORECASE)
_RECEIVE_BYTES = 64 * 1024
_ANSWER_SECONDS = 10.0
# More requests than this under way are counted as failed, unsent: a real crowd would not hold more either.
_MOST_CONNECTIONS = 8000


@dataclass(slots=True)
class _Connection:
    """One connection, with at most one request under way; `due` is when that should have been sent."""

    socket: socket.socket
    due: float = 0.0
    under_way: bool = False
    sent: bool = False
    received: bytes = b""


@dataclass(slots=True)
class _Seen:
    """What came of the requests: seconds from being due to the whole answer, for the admitted and the refused."""

    admitted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    lags: list[float] = field(default_factory=list)


class _Crowd:
    """All the connections, and what came of them.

    Args:
        port: Where the server is.
        request: What each request consists of.
    """

    def __init__(self, port: int, request: bytes) -> None:
        self.seen = _Seen()
        self.under_way = 0
        self._address = ("127.0.0.1", port)
        self._request = request
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        self._idle: list[_Connection] = []

    def begin(self, due: float) -> None:
        """Send a request that is due."""
        self.seen.lags.append(time.perf_counter() - due)
        connection = self._idle.pop() if self._idle else self._open()
        if connection is None:
            return
        connection.due = due
        connection.received = b""
        connection.under_way = True
        connection.sent = False
        self.under_way += 1
        self._send(connection)

    def _open(self) -> _Connection | None:
        if len(self._connections) >= _MOST_CONNECTIONS:
            self.seen.failures["unsent, too many under way"] += 1
            return None
        opened = socket.socket()
        opened.setblocking(False)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = opened.connect_ex(self._address)
        if code not in {0, errno.EINPROGRESS}:
            opened.close()
            self.seen.failures[f"connect: {errno.errorcode[code]}"] += 1
            return None
        connection = _Connection(opened)
        self._connections[opened.fileno()] = connection
        self._poll.register(opened.fileno(), select.EPOLLIN)
        return connection

    def _send(self, connection: _Connection) -> None:
        try:
            connection.socket.send(self._request)
        except BlockingIOError:
            # Not yet connected. Over loopback, that means that the server's backlog is full.
            self._poll.modify(connection.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
        except OSError as error:
            self._fail(connection, f"send: {errno.errorcode.get(error.errno or 0, 'unknown')}")
        else:
            connection.sent = True

    def wait(self, seconds: float) -> None:
        """Take what comes within that time."""
        for descriptor, events in self._poll.poll(seconds):
            connection = self._connections.get(descriptor)
            if connection is None:
                continue
            if connection.under_way and not connection.sent and events & select.EPOLLOUT:
                self._poll.modify(descriptor, select.EPOLLIN)
                self._send(connection)
            elif events & ~select.EPOLLOUT:
                self._receive(connection)

    def _receive(self, connection: _Connection) -> None:
        try:
            chunk = connection.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(connection, f"receive: {errno.errorcode.get(error.errno or 0, 'unknown')}")
            return
        if not chunk:
            self._fail(connection, "closed without an answer")
            return
        connection.received += chunk
        head, separator, body = connection.received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = _LENGTH.search(head)
        if length is None:
            self._fail(connection, "an answer without a length")
        elif len(body) >= int(length[1]):
            self._take(connection, head)

    def _take(self, connection: _Connection, head: bytes) -> None:
        seconds = time.perf_counter() - connection.due
        status = head[9:12]
        if status.startswith(b"2"):
            self.seen.admitted.append(seconds)
        elif status == b"503" and _RETRY_AFTER.search(head):
            self.seen.refused.append(seconds)
        else:
            self.seen.failures[f"status {status.decode('latin-1')}"] += 1
        self.under_way -= 1
        connection.under_way = False
        if _CLOSE.search(head):
            self._forget(connection)
        else:
            self._idle.append(connection)

    def _fail(self, connection: _Connection, how: str) -> None:
        if connection.under_way:
            self.under_way -= 1
            self.seen.failures[how] += 1
        else:
            self._idle.remove(connection)  # the server may close an idle connection
        self._forget(connection)

    def _forget(self, connection: _Connection) -> None:
        del self._connections[connection.socket.fileno()]
        connection.socket.close()

    def leave(self) -> None:
        """Close everything; what has no answer yet gets none."""
        if self.under_way:
            self.seen.failures[f"no answer within {_ANSWER_SECONDS:.0f} seconds"] += self.under_way
        for connection in self._connections.values():
            connection.socket.close()


def press(port: int, request: bytes, rate: float, seconds: float) -> dict[str, Any]:
    """Have that many requests a second due for that long, then take the last answers."""
    crowd = _Crowd(port, request)
    total = round(rate * seconds)
    started = time.perf_counter()
    begun = 0
    while begun < total:
        due = started + begun / rate
        wait = due - time.perf_counter()
        if wait > 0:
            crowd.wait(wait)
            continue
        # Answers are taken between two requests even when the client is late, lest their latency be the client's.
        crowd.wait(0)
        crowd.begin(due)
        begun += 1
    last_call = time.perf_counter() + _ANSWER_SECONDS
    while crowd.under_way and time.perf_counter() < last_call:
        crowd.wait(last_call - time.perf_counter())
    took = max(time.perf_counter() - started, seconds)
    crowd.leave()
    return {
        "requests": total,
        "seconds": took,
        "admitted": crowd.seen.admitted,
        "refused": crowd.seen.refused,
        "failures": crowd.seen.failures,
        "lags": crowd.seen.lags,
    }


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    orders = json.load(sys.stdin)
    json.dump(
        press(orders["port"], b64decode(orders["request"]), orders["rate"], orders["seconds"]), sys.stdout
    )
