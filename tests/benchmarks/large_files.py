"""Large files: MB/s and CPU a GiB side by side, and what one worker's memory grows by."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.cpu import cpu_seconds, peak_resident_bytes, reset_peak, resident_bytes
from tests.benchmarks.processes import BUCKET, request, s3_server, service, side_by_side
from tests.benchmarks.streams import OPERATIONS, transfer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB


def lay_out(work: Path, sizes: tuple[int, ...]) -> dict[int, Path]:
    """Make a file of each size (in bytes) where the S3 server finds it as an object."""
    bucket = work / "objects" / BUCKET
    bucket.mkdir(parents=True)
    block = os.urandom(MIB)
    files = {}
    for size in sizes:
        files[size] = bucket / f"large-{size // MIB}"
        with files[size].open("wb") as file:
            for _ in range(size // MIB):
                file.write(block)
    return files


def measure_throughput(
    work: Path, small: Path, large: Path, *, rounds: int, workers: int, progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Move a file in every way, through every server, once in each round.

    Args:
        work: A folder for logs.
        small: The file of which several are moved at a time, so that this does not take several times as long.
        large: The file that is moved alone.
        rounds: How often.
        workers: Worker processes of nginx and of the service.
        progress: Told what is going on.
    """
    rows: list[dict[str, Any]] = []
    with side_by_side(work, str(work / "objects"), workers) as servers:
        progress("large files: warm-up")
        for server in servers:
            # The first GET of all also makes rclone read the whole file, for its ETag.
            for file in (small, large):
                transfer(server, OPERATIONS[0], file)
        for turn in range(1, rounds + 1):
            progress(f"large files: round {turn} of {rounds}")
            for operation in OPERATIONS:
                file = large if operation.streams == 1 else small
                for server in servers:
                    if operation.is_form and not server.is_service:
                        continue
                    before = cpu_seconds(server.process)
                    seconds = transfer(server, operation, file)
                    used = cpu_seconds(server.process) - before
                    moved = file.stat().st_size * operation.streams
                    rows.append(
                        {
                            "case": operation.name,
                            "size_mib": file.stat().st_size // MIB,
                            "server": server.name,
                            "round": turn,
                            "megabytes_per_second": moved / 1e6 / seconds,
                            "cpu_seconds_per_gib": used / (moved / GIB),
                        }
                    )
    return rows


def measure_worker(work: Path, files: list[Path], progress: Callable[[str], None]) -> list[dict[str, Any]]:
    """Start a fresh service with one worker for each way and each size; take its start-up, idle and peak memory.

    Fresh, because a worker that has once grown does not shrink: what came before would hide what comes after. On one
    core, because that is what start-up is promised for.
    """
    core = min(os.sched_getaffinity(0))
    rows: list[dict[str, Any]] = []
    with s3_server(work, str(work / "objects")) as s3:
        # One download alone shows nothing that eight at a time do not.
        for operation in OPERATIONS[1:]:
            for file in files:
                progress(f"one worker: {operation.name}, {file.stat().st_size // MIB} MiB")
                with service(work, s3, 1, core=core) as server:
                    (worker,) = server.worker_ids
                    at_start = resident_bytes(worker)
                    # What the first request loads is idle memory: it stays, whatever comes.
                    request(server.port, "PUT", f"{server.files}first", b"x")
                    request(server.port, "GET", f"{server.files}first")
                    idle = resident_bytes(worker)
                    reset_peak(worker)
                    transfer(server, operation, file)
                    rows.append(
                        {
                            "case": operation.name,
                            "size_mib": file.stat().st_size // MIB,
                            "ready_seconds": server.ready_seconds,
                            "resident_mib_at_start": at_start / MIB,
                            "resident_mib_idle": idle / MIB,
                            "peak_growth_mib": (peak_resident_bytes(worker) - idle) / MIB,
                        }
                    )
    return rows


def sha256_seconds_per_gib() -> float:
    """What the digest alone costs, which every upload pays: nothing can be faster."""
    block = bytes(MIB)
    digest = hashlib.sha256()
    started = time.process_time()
    for _ in range(256):
        digest.update(block)
    return (time.process_time() - started) * 4
