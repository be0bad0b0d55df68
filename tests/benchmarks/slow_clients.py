"""What clients that take their time cost the others: small GETs without and with them."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import clients, small_files
from tests.benchmarks.cpu import settled_cpu_seconds
from tests.benchmarks.processes import HOST, Server
from tests.benchmarks.servers import s3_server, service

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

WITHOUT = "without slow clients"
WITH = "with slow clients"
SLOW_HEADS = 32
SLOW_BODIES = 32
_DECLARED_BYTES = 1_000_000
_INTERVAL_SECONDS = 0.2
_CONNECTIONS = 16
_STOP_SECONDS = 10


def _beginnings(server: Server) -> list[bytes]:
    host = f"Host: {HOST}:{server.port}\r\n"
    heads = [f"GET {server.files}{small_files.READ_FILE} HTTP/1.1\r\n{host}X-Slow: "] * SLOW_HEADS
    bodies = [
        f"PUT {server.files}slow/{number} HTTP/1.1\r\n{host}Content-Type: application/octet-stream\r\n"
        f"Content-Length: {_DECLARED_BYTES}\r\n\r\n"
        for number in range(SLOW_BODIES)
    ]
    return [beginning.encode() for beginning in (*heads, *bodies)]


@contextmanager
def _dribbling(server: Server) -> Iterator[None]:
    """Have slow clients; it is an error when one has been cut off before the end, for then there were fewer."""
    beginnings = _beginnings(server)
    orders = {
        "port": server.port,
        "beginnings": [b64encode(beginning).decode() for beginning in beginnings],
        "interval": _INTERVAL_SECONDS,
    }
    command = [sys.executable, str(Path(__file__).with_name("dribble_client.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(json.dumps(orders) + "\n")
            program.stdin.flush()
            if program.stdout.readline() != "ready\n":
                raise clients.LoadFailed("The slow clients could not begin.")
            yield
            said, _ = program.communicate(timeout=_STOP_SECONDS)  # closes its input, which is the sign to end
        finally:
            program.kill()
    ended = json.loads(said)["ended"]
    if ended:
        raise clients.LoadFailed(
            f"{len(ended)} of {len(beginnings)} slow clients were cut off too early: {ended[0]}"
        )


def measure(
    work: Path, *, rounds: int, seconds: int, progress: Callable[[str], None]
) -> Generator[dict[str, Any], None, None]:
    """Measure small GETs without and with slow clients, in turn, with one worker that has to serve them all.

    With several, p99 is decided by how unevenly the connections happen to be spread over them.

    Args:
        work: A folder for logs.
        rounds: How often.
        seconds: How long one measurement takes; a slow client is cut off after 20.
        progress: Told what is going on.
    """
    with s3_server(work, ":memory:") as s3, service(work, s3, 1) as server:
        small_files.put(s3, small_files.READ_FILE)
        request = clients.Request("GET", [f"{server.files}{small_files.READ_FILE}"])

        def press() -> dict[str, Any]:
            settled_cpu_seconds(server.process)
            load = clients.press(request, server.port, connections=_CONNECTIONS, seconds=seconds, work=work)
            return {"connections": _CONNECTIONS, **asdict(load)}

        press()
        for turn in range(1, rounds + 1):
            progress(f"slow clients: round {turn} of {rounds}")
            yield {"case": WITHOUT, "round": turn, **press()}
            with _dribbling(server):
                row = {"case": WITH, "round": turn, **press()}
            yield row
