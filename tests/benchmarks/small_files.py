"""Small files: requests a second, latency and CPU a request, at several numbers of connections."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tests.benchmarks import clients
from tests.benchmarks.cpu import settled_cpu_seconds
from tests.benchmarks.processes import Server, request
from tests.benchmarks.servers import BUCKET, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

_WARM_UP_CONNECTIONS = 16
FILE_BYTES = 1024
READ_FILE = "read/1"
LISTED_FILES = 1000
GET, HEAD, RAW_PUT, FORM_PUT = "GET 1 KiB", "HEAD", "PUT 1 KiB, raw", "PUT 1 KiB, form"
LIST = f"list {LISTED_FILES}"
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
    """One kind of request, made for each server.

    `service_only` where S3 has no such thing; `most_connections` where more would show nothing but longer waiting.
    """

    name: str
    make: Callable[[Server], clients.Request]
    service_only: bool = False
    most_connections: int = 1024


def _list(server: Server) -> clients.Request:
    query = (
        f"/v1/files?directory=listed&page_size={LISTED_FILES}"
        if server.is_service
        else f"/{BUCKET}?list-type=2&prefix=listed/&max-keys={LISTED_FILES}"
    )
    return clients.Request("GET", [query], awaited=True)


def _written(server: Server) -> list[str]:
    return [f"{server.files}written/{number}" for number in range(_WRITTEN_KEYS)]


CASES = (
    Case(GET, lambda server: clients.Request("GET", [f"{server.files}{READ_FILE}"])),
    Case(HEAD, lambda server: clients.Request("HEAD", [f"{server.files}{READ_FILE}"])),
    Case(
        RAW_PUT,
        lambda server: clients.Request(
            "PUT", _written(server), {"Content-Type": "application/octet-stream"}, _CONTENT
        ),
    ),
    Case(
        FORM_PUT,
        lambda server: clients.Request(
            "PUT", _written(server), {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}, _FORM
        ),
        service_only=True,
    ),
    Case(LIST, _list, most_connections=16),
)


def put(s3: Server, name: str) -> None:
    """Put a small file where the servers in front of S3 find it."""
    status = request(s3.port, "PUT", s3.files + name, _CONTENT)
    if status >= 300:
        raise clients.LoadFailed(f"The S3 server answered {status} when the files were laid out.")


def _fill(s3: Server) -> None:
    """Every file is there beforehand, so that each PUT replaces and each round finds the same."""
    put(s3, READ_FILE)
    for number in range(LISTED_FILES):
        put(s3, f"listed/{number:04}")
    for number in range(_WRITTEN_KEYS):
        put(s3, f"written/{number}")


def measure(
    work: Path,
    *,
    connections: Sequence[int],
    rounds: int,
    seconds: int,
    workers: int,
    progress: Callable[[str], None],
) -> Generator[dict[str, Any], None, None]:
    """Measure everything once in each round, one server after the other, so that a busy minute hits all of them.

    Args:
        work: A folder for logs.
        connections: How many requests are under way at once: each of these.
        rounds: How often.
        seconds: How long one measurement takes.
        workers: Worker processes of nginx and of the services.
        progress: Told what is going on.
    """
    # In memory, so that no disk is measured.
    with side_by_side(work, ":memory:", workers, for_small_files=True) as servers:
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
            for count in connections:
                progress(f"small files: round {turn} of {rounds}, {count} connections")
                for case, server in pairs:
                    if count <= case.most_connections:
                        row = _measure_once(case, server, work, connections=count, seconds=seconds)
                        yield {"case": case.name, "connections": count, "round": turn, **row}


def _measure_once(
    case: Case, server: Server, work: Path, *, connections: int, seconds: int
) -> dict[str, Any]:
    load_request = case.make(server)
    before = settled_cpu_seconds(server.process)
    load = clients.press(load_request, server.port, connections=connections, seconds=seconds, work=work)
    used = settled_cpu_seconds(server.process) - before
    return {
        "server": server.name,
        "client": clients.client_name(load_request),
        "cpu_ms_per_request": used * 1000 / load.served,
        **asdict(load),
    }
