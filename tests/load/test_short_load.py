"""The load test itself, for a few seconds: every behaviour happens, and no request fails. Times are not asserted."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCUSTFILE = Path(__file__).with_name("locustfile.py")
_START_SECONDS = 60.0
# Users come in the proportions of their weights: with these many, each kind is there at least once.
_USERS = 10
_BEHAVIOURS = {
    "DELETE",
    "GET",
    "GET a range",
    "GET again, unchanged",
    "GET generated",
    "GET large",
    "GET large, the rest",
    "GET missing",
    "HEAD",
    "PUT large, form",
    "PUT large, raw",
    "PUT new",
    "PUT new, taken",
    "PUT replace",
    "PUT replace, stale",
    "generate",
    "generate, replayed",
    "list",
    "list one level",
    "list, next page",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def is_ready(port: int) -> bool:
    with suppress(OSError):
        return get(port, "/health/ready")[0] == 200
    return False


@contextmanager
def running_service(log: Path) -> Iterator[int]:
    """What `make run` runs; gives its port."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "files_api.devtools.run", "--port", str(port)],
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + _START_SECONDS
    try:
        while not is_ready(port):
            assert time.monotonic() < deadline, f"not ready in time:\n{log.read_text()}"
            # Waiting for its end is the pause between two looks.
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
                pytest.fail(f"ended at its start:\n{log.read_text()}")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_every_behaviour_runs_and_no_request_fails(tmp_path: Path) -> None:
    with running_service(tmp_path / "service.log") as port:
        load = subprocess.run(
            [
                *(sys.executable, "-m", "locust", "--locustfile", str(_LOCUSTFILE)),
                *("--host", f"http://127.0.0.1:{port}", "--headless", "--json", "--skip-log-setup"),
                *("--users", str(_USERS), "--spawn-rate", str(_USERS), "--run-time", "8s"),
                # Let them finish what they are doing: a request that is cut is no result.
                *("--stop-timeout", "20"),
            ],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        status, left = get(port, "/v1/files?directory=load")

    assert load.returncode == 0, load.stdout + load.stderr
    counts = {entry["name"]: entry["num_requests"] for entry in json.loads(load.stdout)}
    failures = {
        entry["name"]: entry["num_failures"] for entry in json.loads(load.stdout) if entry["num_failures"]
    }
    assert not failures
    assert counts.keys() >= _BEHAVIOURS
    assert (status, json.loads(left)["files"]) == (200, []), "the users left files behind"
