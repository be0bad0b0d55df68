"""Small files: requests a second, latency and CPU a request, at several numbers of connections."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks import clients
from tests.benchmarks.cpu import cpu_seconds
from tests.benchmarks.processes import BUCKET, Server, request, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_WARM_UP_CONNECTIONS = 16
FILE_BYTES = 1024
LISTED_FILES = 100
# More than there are connections: two writes of one key at once make rclone answer 5xx.
_WRITTEN_KEYS = 512
_CONTENT = bytes(range(256)) * (FILE_BYTES // 256)
_BOUNDARY = "----files-api-benchmark"
_FORM = (
    (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file_content"; filename="f.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    + _CONTENT
    + f"\r\n--{_BOUNDARY}--\r\n".encode()
)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request, made for each server; `service_only` where S3 has no such thing."""

    name: str
    make: Callable[[Server], clients.Request]
    service_only: bool = False


def _list(server: Server) -> clients.Request:
    query = (
        f"/v1/files?directory=listed&page_size={LISTED_FILES}"
        if server.is_service
        else f"/{BUCKET}?list-type=2&prefix=listed/&max-keys={LISTED_FILES}"
    )
    return clients.Request("GET", [query])


def _written(server: Server) -> list[str]:
    return [f"{server.files}written/{number}" for number in range(_WRITTEN_KEYS)]


CASES = (
    Case("GET 1 KiB", lambda server: clients.Request("GET", [f"{server.files}read/1"])),
    Case("HEAD", lambda server: clients.Request("HEAD", [f"{server.files}read/1"])),
    Case(
        "PUT 1 KiB, raw",
        lambda server: clients.Request(
            "PUT", _written(server), {"Content-Type": "application/octet-stream"}, _CONTENT
        ),
    ),
    Case(
        "PUT 1 KiB, form",
        lambda server: clients.Request(
            "PUT", _written(server), {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}, _FORM
        ),
        service_only=True,
    ),
    Case(f"list {LISTED_FILES}", _list),
)


def _fill(s3: Server) -> None:
    """Every file is there beforehand, so that each PUT replaces and each round finds the same."""
    names = ["read/1"]
    names += [f"listed/{number:04}" for number in range(LISTED_FILES)]
    names += [f"written/{number}" for number in range(_WRITTEN_KEYS)]
    for name in names:
        status = request(s3.port, "PUT", s3.files + name, _CONTENT)
        if status >= 300:
            raise clients.LoadFailed(f"The S3 server answered {status} when the files were laid out.")


def measure(
    work: Path,
    *,
    connections: Sequence[int],
    rounds: int,
    seconds: int,
    workers: int,
    progress: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Measure everything once in each round, one server after the other, so that a busy minute hits all of them.

    Args:
        work: A folder for logs.
        connections: How many requests are under way at once: each of these.
        rounds: How often.
        seconds: How long one measurement takes.
        workers: Worker processes of nginx and of the service.
        progress: Told what is going on.
    """
    rows: list[dict[str, Any]] = []
    # In memory, so that no disk is measured.
    with side_by_side(work, ":memory:", workers) as servers:
        _fill(servers[0])
        pairs = [
            (case, server)
            for case in CASES
            for server in servers
            if server.is_service or not case.service_only
        ]
        progress("small files: warm-up")
        for case, server in pairs:
            clients.press(
                case.make(server), server.port, connections=_WARM_UP_CONNECTIONS, seconds=1, work=work
            )
        for turn in range(1, rounds + 1):
            progress(f"small files: round {turn} of {rounds}")
            for count in connections:
                for case, server in pairs:
                    before = cpu_seconds(server.process)
                    load = clients.press(
                        case.make(server), server.port, connections=count, seconds=seconds, work=work
                    )
                    used = cpu_seconds(server.process) - before
                    rows.append(
                        {
                            "case": case.name,
                            "connections": count,
                            "server": server.name,
                            "round": turn,
                            "client": clients.client_name(case.make(server).method),
                            "cpu_ms_per_request": used * 1000 / load.served,
                            **asdict(load),
                        }
                    )
    return rows
