"""What `make run` runs: it starts everything, says what is wrong in a sentence, and leaves nothing behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(120)
thorough = pytest.mark.thorough

END_SECONDS = 30


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(port: int) -> list[str]:
    return [sys.executable, "-m", "files_api.devtools.run", "--port", str(port)]


@dataclass
class Run:
    """One `make run`, with all that it started."""

    process: subprocess.Popen[str]
    port: int
    errors: IO[str]
    children: list[psutil.Process]
    welcome: str

    def get(self, path: str) -> tuple[int, bytes]:
        return self.request("GET", path)

    def request(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "text/plain"
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"Content-Type": content_type} if body else {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ports(self) -> set[int]:
        return {
            connection.laddr.port
            for child in self.children
            for connection in child.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }

    def said(self) -> str:
        self.errors.seek(0)
        return self.errors.read()


@contextmanager
def minding_hangups() -> Iterator[None]:
    """What is started inside minds SIGHUP, also where these tests run under nohup, which has it ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Run]:
    port = free_port()
    with (folder / "stderr").open("w+") as errors, ExitStack() as stack:
        with minding_hangups():
            process = stack.enter_context(
                subprocess.Popen(
                    command(port),
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env={**os.environ, **settings},
                    # A terminal gives each command a process group of its own, too.
                    start_new_session=True,
                )
            )
        children: list[psutil.Process] = []
        try:
            assert process.stdout is not None
            welcome = ""
            for line in process.stdout:
                welcome += line
                if "Ctrl-C stops it" in line:
                    break
            run = Run(process, port, errors, children, welcome)
            assert "Ctrl-C stops it" in welcome, run.said()
            children.extend(psutil.Process(process.pid).children(recursive=True))
            yield run
        finally:
            process.kill()
            for child in children:
                if child.is_running():
                    child.kill()


def assert_nothing_left(run: Run, ports: set[int]) -> None:
    _, alive = psutil.wait_procs(run.children, timeout=END_SECONDS)
    assert not alive
    for port in ports:
        with socket.socket() as probe:
            # Connections that linger in TIME_WAIT do not matter; a listener would.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))


def test_it_answers_keeps_files_generates_and_refuses_a_second_start(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        assert f"http://127.0.0.1:{run.port}/" in run.welcome
        assert run.welcome.count("  curl ") + run.welcome.count("| curl ") >= 3
        assert run.get("/health/ready")[0] == 200

        assert run.request("PUT", "/v1/files/hello.txt", b"Hello, files!")[0] == 201
        assert run.get("/v1/files/hello.txt") == (200, b"Hello, files!")
        order = {"file_path": "poem.txt", "prompt": "A poem about files", "file_type": "Text"}
        status, answer = run.request(
            "POST", "/v1/files/generated", json.dumps(order).encode(), "application/json"
        )
        assert status == 201, answer
        _, listing = run.get("/v1/files")
        assert [file["file_path"] for file in json.loads(listing)["files"]] == ["hello.txt", "poem.txt"]

        second = subprocess.run(
            command(run.port), capture_output=True, text=True, check=False, timeout=END_SECONDS
        )
        assert second.returncode == 1
        assert second.stdout == ""
        assert second.stderr == (
            f"The Files API already runs on 127.0.0.1:{run.port}: "
            "stop it, or choose another port with `make run PORT=…`.\n"
        )
        assert run.get("/health/ready")[0] == 200


@thorough
def test_the_callers_settings_hold_but_those_that_lead_to_real_services(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    foreign = {
        "AWS_ENDPOINT_URL_S3": nowhere,
        "AWS_PROFILE": "production",
        "OPENAI_BASE_URL": nowhere,
        "FILES_API_TEXT_BASE_URL": nowhere,
        "FILES_API_BUCKET": "production",
        "HTTP_PROXY": nowhere,
        "http_proxy": nowhere,
    }
    with running(tmp_path, FILES_API_MAX_FILE_BYTES="100", **foreign) as run:
        assert run.request("PUT", "/v1/files/a.txt", b"a" * 100)[0] == 201
        assert run.request("PUT", "/v1/files/a.txt", b"a" * 101)[0] == 413
        order = {"file_path": "b.txt", "prompt": "b", "file_type": "Text"}
        status, answer = run.request(
            "POST", "/v1/files/generated", json.dumps(order).encode(), "application/json"
        )
        assert status == 201, answer


@thorough
def test_a_port_of_another_program_is_refused_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = subprocess.run(
            command(port), capture_output=True, text=True, check=False, timeout=END_SECONDS
        )
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Another program already runs on 127.0.0.1:{port}: ")
    assert refused.stderr.count("\n") == 1


@thorough
def test_a_wrong_setting_is_told_in_a_sentence() -> None:
    refused = subprocess.run(
        command(free_port()),
        capture_output=True,
        text=True,
        check=False,
        timeout=END_SECONDS,
        env={**os.environ, "FILES_API_LOG_LEVEL": "LOUD"},
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("FILES_API_LOG_LEVEL ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, *(pytest.param(other, marks=thorough) for other in (signal.SIGTERM, signal.SIGHUP))],
)
def test_a_signal_stops_everything(number: signal.Signals, tmp_path: Path) -> None:
    with running(tmp_path) as run:
        assert len(run.children) >= 4  # S3, OpenAI, gunicorn, its worker
        ports = run.ports()
        assert run.port in ports
        assert len(ports) == 3
        # The whole group, as a terminal does it at Ctrl-C.
        os.killpg(run.process.pid, number)
        assert run.process.wait(END_SECONDS) == 0
        assert_nothing_left(run, ports)


@thorough
def test_a_request_that_runs_is_answered_before_the_end(tmp_path: Path) -> None:
    with running(tmp_path) as run, socket.create_connection(("127.0.0.1", run.port), timeout=30) as client:
        head = (
            b"PUT /v1/files/slow.txt HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
        client.sendall(head)
        # The service has begun to read: the request is under way.
        assert client.recv(1024).startswith(b"HTTP/1.1 100 ")
        run.process.terminate()
        client.sendall(b"slow")
        assert client.recv(1024).startswith(b"HTTP/1.1 201 ")
        assert run.process.wait(END_SECONDS) == 0


@thorough
def test_an_impatient_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    grace = 60
    with (
        running(tmp_path, FILES_API_SHUTDOWN_GRACE_SECONDS=str(grace)) as run,
        socket.create_connection(("127.0.0.1", run.port), timeout=30) as client,
    ):
        client.sendall(
            b"PUT /v1/files/slow.txt HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
        assert client.recv(1024).startswith(b"HTTP/1.1 100 ")
        ports = run.ports()
        run.process.send_signal(signal.SIGINT)
        assert run.process.stdout is not None
        assert any("Stopping" in line for line in run.process.stdout)
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(grace / 2) == 0
        assert_nothing_left(run, ports)


@thorough
def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        ports = run.ports()
        run.process.kill()
        run.process.wait(END_SECONDS)
        assert_nothing_left(run, ports)


@thorough
def test_the_end_of_one_part_ends_all_and_says_which(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        ports = run.ports()
        next(child for child in run.children if "files_api.devtools.local_s3" in child.cmdline()).kill()
        assert run.process.wait(END_SECONDS) == 1
        assert "The local S3 was ended by SIGKILL." in run.said()
        assert_nothing_left(run, ports)
