"""Large files: MB/s and CPU a GiB side by side, with an S3 server that is reached plainly, or over TLS."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, Any

from tests.benchmarks.certificates import make_certificate
from tests.benchmarks.cpu import cpu_seconds
from tests.benchmarks.servers import BUCKET, S3_DIRECTLY, side_by_side
from tests.benchmarks.streams import DOWNLOADS, FORM_UPLOAD, RAW_UPLOAD, Operation, transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.benchmarks.processes import Server

MIB = 1024 * 1024
GIB = 1024 * MIB
_OPERATIONS = (*DOWNLOADS, RAW_UPLOAD, FORM_UPLOAD)
_HASHED_BYTES = 256 * MIB


def lay_out(objects: Path, mebibytes: Mapping[int, int]) -> dict[int, Path]:
    """Make a file for each number of transfers at a time, where the S3 server finds it as an object.

    Args:
        objects: The folder that the S3 server serves.
        mebibytes: How large the file is of which so many are moved at a time.
    """
    bucket = objects / BUCKET
    bucket.mkdir(parents=True, exist_ok=True)
    block = os.urandom(MIB)
    files = {}
    for streams, size in mebibytes.items():
        files[streams] = bucket / f"large-{size}"
        if not files[streams].exists():
            with files[streams].open("wb") as file:
                for _ in range(size):
                    file.write(block)
    return files


def measure(
    work: Path,
    objects: Path,
    files: Mapping[int, Path],
    *,
    tls: bool,
    rounds: int,
    workers: int,
    progress: Callable[[str], None],
) -> Generator[dict[str, Any], None, None]:
    """Move a file in every way, through every server, once in each round.

    Args:
        work: A folder for logs.
        objects: The folder that the S3 server serves.
        files: The file for each number of transfers at a time.
        tls: Is S3 reached over TLS? Then it is not measured by itself: the client would have to decrypt.
        rounds: How often.
        workers: Worker processes of nginx and of the service.
        progress: Told what is going on.
    """
    transport = "https" if tls else "http"
    certificate = make_certificate(work) if tls else None
    with side_by_side(work, str(objects), workers, certificate=certificate) as servers:
        measured = [server for server in servers if not (tls and server.name == S3_DIRECTLY)]
        progress(f"large files, {transport} to S3: warm-up")
        for server in measured:
            # The first GET of all also makes rclone read the whole file, for its ETag.
            for operation in (*DOWNLOADS, RAW_UPLOAD):
                transfer(server, operation, files[operation.streams])
        for turn in range(1, rounds + 1):
            progress(f"large files, {transport} to S3: round {turn} of {rounds}")
            beside = {
                "transport": transport,
                "round": turn,
                "sha256_cpu_seconds_per_gib": sha256_seconds_per_gib(),
            }
            for operation, server in _pairs(measured):
                yield {**beside, **_measure_once(server, operation, files[operation.streams])}


def _pairs(servers: Sequence[Server]) -> Iterator[tuple[Operation, Server]]:
    for operation in _OPERATIONS:
        for server in servers:
            if server.is_service or not operation.is_form:
                yield operation, server


def _measure_once(server: Server, operation: Operation, file: Path) -> dict[str, Any]:
    before = cpu_seconds(server.process)
    seconds = transfer(server, operation, file)
    used = cpu_seconds(server.process) - before
    moved = file.stat().st_size * operation.streams
    return {
        "case": operation.name,
        "size_mib": file.stat().st_size // MIB,
        "server": server.name,
        "megabytes_per_second": moved / 1e6 / seconds,
        "cpu_seconds_per_gib": used / (moved / GIB),
    }


def sha256_seconds_per_gib() -> float:
    """What the digest alone costs, which every upload pays: nothing can be faster."""
    block = bytes(MIB)
    digest = hashlib.sha256()
    started = time.process_time()
    for _ in range(_HASHED_BYTES // MIB):
        digest.update(block)
    return (time.process_time() - started) * GIB / _HASHED_BYTES
