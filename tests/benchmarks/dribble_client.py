"""Clients that take their time: each sends the beginning of a request, and then one byte now and then.

It runs as a process of its own (`python dribble_client.py`): takes its orders as one line of JSON on standard input,
says `ready` when everyone has begun, dribbles until its standard input is closed, and then tells as JSON what became of
those connections that were not left open. `slow_clients.py` is who calls it.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from base64 import b64decode
from contextlib import suppress


def dribble(port: int, beginnings: list[bytes], interval: float, until_closed: int) -> list[str]:
    """Dribble on one connection for each beginning.

    Args:
        port: Where the server is.
        beginnings: What each connection sends at once.
        interval: Seconds between two bytes of one connection.
        until_closed: The descriptor whose closing at the other end is the end.

    Returns:
        What came of each connection that the server has answered, closed or reset: none should be.
    """
    connections = []
    for beginning in beginnings:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(beginning)
        connections.append(connection)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    poll = select.epoll()
    poll.register(until_closed, select.EPOLLIN)
    # Evenly over the interval: a burst of all of them at once is something else than many slow clients.
    step = interval / len(connections)
    due = time.monotonic()
    turn = 0
    while not poll.poll(max(0.0, due - time.monotonic())):
        with suppress(OSError):  # it was cut off, which is told at the end
            connections[turn].send(b"x")
        turn = (turn + 1) % len(connections)
        due += step
    return [end for end in map(_end_of, connections) if end is not None]


def _end_of(connection: socket.socket) -> str | None:
    """How the server has ended it; None when it is open and nothing has come."""
    connection.setblocking(False)
    try:
        return connection.recv(1024).decode("latin-1") or "closed"
    except BlockingIOError:
        return None
    except OSError as error:
        return str(error)


if __name__ == "__main__":
    orders = json.loads(sys.stdin.buffer.readline())
    ends = dribble(
        orders["port"],
        [b64decode(beginning) for beginning in orders["beginnings"]],
        orders["interval"],
        sys.stdin.fileno(),
    )
    json.dump({"ended": ends}, sys.stdout)
