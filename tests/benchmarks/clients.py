"""Load on small requests, made by a program of its own: wrk where it is installed, else `epoll_client.py`."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.processes import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class LoadFailed(Exception):
    """Some requests got no answer, or not the one that was expected: there is nothing to measure then."""


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request: the same to each of its paths in turn.

    `awaited` where every answer is to be taken, also those that are under way when the time is up: where they take so
    long that they are a good part of all.
    """

    method: str
    paths: Sequence[str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    awaited: bool = False

    def encoded(self, port: int) -> list[bytes]:
        """The bytes of each."""
        lines = [f"Host: {HOST}:{port}", *(f"{name}: {value}" for name, value in self.headers.items())]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        rest = "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body
        return [f"{self.method} {path} HTTP/1.1\r\n".encode() + rest for path in self.paths]


@dataclass(frozen=True, slots=True)
class Load:
    """What a load client saw. `served` is how many requests the server had to serve; latencies in milliseconds."""

    served: float
    requests_per_second: float
    p50_ms: float
    p99_ms: float


def client_name(request: Request) -> str:
    """Which client will be used."""
    # wrk waits for the body that an answer to HEAD announces and does not have, and leaves when the time is up.
    fits_wrk = request.method != "HEAD" and not request.awaited
    return "wrk" if fits_wrk and shutil.which("wrk") else "epoll client"


def press(request: Request, port: int, *, connections: int, seconds: int, work: Path) -> Load:
    """Keep a number of requests under way for a number of seconds."""
    run = _wrk if client_name(request) == "wrk" else _epoll
    return run(request, port, connections, seconds, work)


# The requests are made beforehand, so that the client costs the two cores as little as can be.
_WRK_SCRIPT = """
local requests, last = {}, 0
local function read(name)
    local file = io.open(name, "rb")
    local text = file:read("*a")
    file:close()
    return text
end
function init(args)
    for index = 1, tonumber(args[2]) do requests[index] = read(args[1] .. index) end
end
function request()
    last = last % #requests + 1
    return requests[last]
end
function done(summary, latency)
    local errors = summary.errors
    io.stderr:write(string.format(
        '{"requests": %d, "microseconds": %d, "p50": %f, "p99": %f, "failed": %d}',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def _wrk(request: Request, port: int, connections: int, seconds: int, work: Path) -> Load:
    folder = work / "requests"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    encoded = request.encoded(port)
    for index, content in enumerate(encoded, start=1):
        (folder / str(index)).write_bytes(content)
    script = folder / "script.lua"
    script.write_text(_WRK_SCRIPT)
    command = [
        "wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "30s",
        "--script", str(script), f"http://{HOST}:{port}", "--", f"{folder}/", str(len(encoded)),
    ]  # fmt: skip
    seen = json.loads(_run(command))
    if seen["failed"]:
        raise LoadFailed(f"{seen['failed']} of {seen['requests']} {request.method} requests failed.")
    return Load(
        # wrk leaves when the time is up, with one request under way on each connection, which the server serves
        # and which wrk does not count.
        served=seen["requests"] + connections,
        requests_per_second=seen["requests"] / (seen["microseconds"] / 1e6),
        p50_ms=seen["p50"] / 1000,
        p99_ms=seen["p99"] / 1000,
    )


def _epoll(request: Request, port: int, connections: int, seconds: int, work: Path) -> Load:
    orders = {
        "port": port,
        "connections": connections,
        "seconds": seconds,
        "requests": [b64encode(content).decode() for content in request.encoded(port)],
    }
    seen = run_client("epoll_client.py", orders)
    if seen["failed"]:
        raise LoadFailed(f"{seen['failed']} of {seen['requests']} {request.method} requests failed.")
    latencies = sorted(seen["latencies"])
    return Load(
        served=seen["requests"],
        requests_per_second=seen["requests"] / seen["seconds"],
        p50_ms=percentile(latencies, 0.5) * 1000,
        p99_ms=percentile(latencies, 0.99) * 1000,
    )


def run_client(script: str, orders: Mapping[str, Any]) -> dict[str, Any]:
    """Run one of the clients beside this file: a program of its own, which takes orders and gives figures as JSON."""
    command = [sys.executable, str(Path(__file__).with_name(script))]
    seen: dict[str, Any] = json.loads(_run(command, json.dumps(orders)))
    return seen


def _run(command: list[str], orders: str = "") -> str:
    ended = subprocess.run(command, input=orders, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise LoadFailed(f"{' '.join(command[:2])}: {ended.stderr.strip()[-500:]}")
    return ended.stderr if command[0] == "wrk" else ended.stdout


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of some sorted values that this share of them does not exceed."""
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
