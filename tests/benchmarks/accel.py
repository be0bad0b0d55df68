"""Weigh gevent alone against nginx with X-Accel-Redirect: `python -m tests.benchmarks.accel`.

A choice that is made once; its figures and its reason are in docs/performance.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks import clients, large_files, servers, small_files
from tests.benchmarks.cpu import settled_cpu_seconds
from tests.benchmarks.processes import HOST, Server, free_port, running
from tests.benchmarks.servers import find_nginx
from tests.benchmarks.streams import DOWNLOADS, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDS = 5
_WORKERS = 2
_CONFIG = """
daemon off;
worker_processes {workers};
pid {work}/accel.pid;
{user}
events {{ worker_connections 4096; }}
http {{
    access_log {work}/accel-access.log combined;
    proxy_temp_path {work}/accel-proxy;
    client_body_temp_path {work}/accel-body;
    fastcgi_temp_path {work}/accel-fastcgi;
    uwsgi_temp_path {work}/accel-uwsgi;
    scgi_temp_path {work}/accel-scgi;
    keepalive_requests 1000000000;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_max_temp_file_size 0;
    upstream s3 {{ server {host}:{s3_port}; keepalive 128; keepalive_requests 1000000000; }}
    upstream service {{ server {host}:{service_port}; keepalive 128; keepalive_requests 1000000000; }}
    server {{
        listen {host}:{port} backlog=2048;
        location / {{ proxy_pass http://service; }}
        location = /from-s3 {{
            internal;
            set $target $upstream_http_x_s3_target;
            proxy_pass http://s3$target;
            proxy_pass_request_headers off;
            proxy_set_header Host {host}:{s3_port};
            proxy_buffer_size 16k;
            proxy_buffers 16 64k;
            add_header X-Content-Type-Options nosniff;
            add_header Content-Security-Policy "sandbox; default-src 'none'";
        }}
    }}
}}
"""


@contextmanager
def _accel(work: Path, s3: Server) -> Iterator[list[Server]]:
    """Run nginx in front of the redirecting service: two process trees that cost together."""
    with servers.service(work, s3, _WORKERS, application="tests.benchmarks.accel_app:make_app()") as behind:
        program, port, config = find_nginx(), free_port(), work / "accel.conf"
        if program is None:
            sys.exit("accel: nginx is missing (Debian, Ubuntu: `apt-get install nginx`).")
        config.write_text(
            _CONFIG.format(
                workers=_WORKERS,
                work=work,
                user="user root;" if os.geteuid() == 0 else "",
                host=HOST,
                port=port,
                s3_port=s3.port,
                service_port=behind.port,
            )
        )
        command = [program, "-c", str(config), "-e", str(work / "accel-error.log")]
        with running(command, work / "accel.log", port, "/health/ready") as (process, seconds):
            yield [Server("X-Accel-Redirect", port, behind.files, process, seconds), behind]


def _cpu(trees: list[Server]) -> float:
    return sum(settled_cpu_seconds(tree.process) for tree in trees)


def _small(ways: dict[str, list[Server]], connections: int, work: Path) -> None:
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(_ROUNDS + 1):
        for name, trees in ways.items():
            request = clients.Request("GET", [f"{trees[0].files}{small_files.READ_FILE}"])
            before = _cpu(trees)
            load = clients.press(request, trees[0].port, connections=connections, seconds=2, work=work)
            used = _cpu(trees) - before
            if turn:  # the first is the warm-up
                figures[name].append((used * 1000 / load.served, load.requests_per_second))
    for name, rows in figures.items():
        cpu, rate = (median(column) for column in zip(*rows, strict=True))
        print(f"| GET 1 KiB, {connections} connections | {name} | {cpu:.2f} ms | {rate:.0f} requests/s |")  # noqa: T201


def _large(ways: dict[str, list[Server]], files: dict[int, Path]) -> None:
    for operation in DOWNLOADS:
        file = files[operation.streams]
        figures: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for turn in range(_ROUNDS + 1):
            for name, trees in ways.items():
                before = _cpu(trees)
                seconds = transfer(trees[0], operation, file)
                used = _cpu(trees) - before
                moved = file.stat().st_size * operation.streams
                if turn:
                    figures[name].append((used / (moved / large_files.GIB), moved / 1e6 / seconds))
        for name, rows in figures.items():
            cpu, rate = (median(column) for column in zip(*rows, strict=True))
            print(f"| large {operation.name} | {name} | {cpu:.2f} s a GiB | {rate:.0f} MB/s |")  # noqa: T201


def main() -> None:
    """Measure both, in turn, and print a table."""
    with tempfile.TemporaryDirectory(prefix="files-api-accel-", dir="/dev/shm") as folder:
        work = Path(folder)
        for backend in (":memory:", str(work / "objects")):
            files = large_files.lay_out(work / "objects", {1: 512, 8: 128, 24: 64})
            with (
                servers.s3_server(work, backend) as s3,
                servers.service(work, s3, _WORKERS) as alone,
                _accel(work, s3) as behind_nginx,
            ):
                ways = {"gevent alone": [alone], "X-Accel-Redirect": behind_nginx}
                if backend == ":memory:":
                    small_files.put(s3, small_files.READ_FILE)
                    for connections in (16, 64):
                        _small(ways, connections, work)
                else:
                    _large(ways, files)


if __name__ == "__main__":
    main()
