"""Programs that run beside the benchmark, on free ports of 127.0.0.1, and are gone when their context manager ends.

Each is in a session of its own: a Ctrl-C at the terminal reaches only the benchmark, which then stops them.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.005


class ProgramFailed(Exception):
    """A program is missing, did not start, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """Something that answers HTTP, and the root of the process tree that this costs.

    `files` is the path under which it has files, with a final slash; `ready_seconds` is how long it took to start;
    `trust` is what is needed to believe its certificate, where it speaks TLS.
    """

    name: str
    port: int
    files: str
    process: psutil.Process
    ready_seconds: float
    trust: ssl.SSLContext | None = None

    @property
    def is_service(self) -> bool:
        """Is this the service, which has forms and lists of its own?"""
        return self.files.startswith("/v1/")

    @property
    def worker_ids(self) -> list[int]:
        """The process ids of a gunicorn's workers."""
        return [child.pid for child in self.process.children()]


def free_port() -> int:
    """A TCP port that nobody has now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def request(
    port: int, method: str, path: str, body: bytes | None = None, trust: ssl.SSLContext | None = None
) -> int:
    """Make one request, over TLS where `trust` is given, and tell its status."""
    connection = (
        http.client.HTTPConnection(HOST, port, timeout=30)
        if trust is None
        else http.client.HTTPSConnection(HOST, port, timeout=30, context=trust)
    )
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    port: int,
    ready_path: str,
    *,
    environment: Mapping[str, str] | None = None,
    trust: ssl.SSLContext | None = None,
) -> Iterator[tuple[psutil.Process, float]]:
    """Run a program; give it, and the seconds until it answered, with anything below 500.

    Args:
        command: What to run.
        log: The file for what it says.
        port: Where it will answer.
        ready_path: What it is asked for.
        environment: Its whole environment; the benchmark's own when None.
        trust: What is needed to believe its certificate, where it speaks TLS.
    """
    program: subprocess.Popen[bytes] | None = None
    started = time.monotonic()
    try:
        with log.open("ab") as output:
            program = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=environment,
            )
        while not _answers(port, ready_path, trust):
            # Waiting for its end is the pause between two looks.
            with suppress(subprocess.TimeoutExpired):
                program.wait(_POLL_SECONDS)
                raise ProgramFailed(f"{command[0]} ended at its start:\n{log.read_text()[-2000:]}")
            if time.monotonic() - started > _START_SECONDS:
                raise ProgramFailed(f"{command[0]} did not answer within {_START_SECONDS:.0f} seconds.")
        yield psutil.Process(program.pid), time.monotonic() - started
    finally:
        if program is not None:
            _stop(program)


def _answers(port: int, path: str, trust: ssl.SSLContext | None) -> bool:
    try:
        return request(port, "GET", path, trust=trust) < 500
    except (OSError, http.client.HTTPException):
        return False


def _stop(program: subprocess.Popen[bytes]) -> None:
    program.send_signal(signal.SIGTERM)
    try:
        program.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Whatever is left of its session: nothing, when it ended as it should.
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
