"""What one worker's memory grows by: the most that it had while large files passed, above what it has idle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.cpu import peak_resident_bytes, reset_peak, resident_bytes
from tests.benchmarks.large_files import MIB
from tests.benchmarks.processes import request
from tests.benchmarks.servers import s3_server, service
from tests.benchmarks.streams import DOWNLOADS, FORM_UPLOAD, RAW_UPLOAD, RAW_UPLOADS_AT_ONCE, transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from tests.benchmarks.processes import Server

# Fewer downloads at a time show nothing that the most do not.
OPERATIONS = (DOWNLOADS[-1], RAW_UPLOAD, FORM_UPLOAD, RAW_UPLOADS_AT_ONCE)


def use_once(server: Server) -> None:
    """Make the first requests: what they load is idle memory, because it stays, whatever comes."""
    request(server.port, "PUT", f"{server.files}first", b"x")
    request(server.port, "GET", f"{server.files}first")


def measure(
    work: Path, objects: Path, files: Mapping[int, Path], *, rounds: int, progress: Callable[[str], None]
) -> Generator[dict[str, Any], None, None]:
    """Start a fresh service with one worker for each way of moving files, and take its idle and its peak memory.

    Fresh, because a worker that has once grown does not shrink: what came before would hide what comes after.

    Args:
        work: A folder for logs.
        objects: The folder that the S3 server serves.
        files: The file for each number of transfers at a time.
        rounds: How often.
        progress: Told what is going on.
    """
    with s3_server(work, str(objects)) as s3:
        for turn in range(1, rounds + 1):
            progress(f"memory: round {turn} of {rounds}")
            for operation in OPERATIONS:
                file = files[operation.streams]
                with service(work, s3, 1) as server:
                    (worker,) = server.worker_ids
                    use_once(server)
                    idle = resident_bytes(worker)
                    reset_peak(worker)
                    transfer(server, operation, file)
                    yield {
                        "case": operation.name,
                        "size_mib": file.stat().st_size // MIB,
                        "round": turn,
                        "idle_mib": idle / MIB,
                        "peak_growth_mib": (peak_resident_bytes(worker) - idle) / MIB,
                    }
