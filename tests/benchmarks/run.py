"""Measure the service beside what it stands in front of: `make bench`, or `python -m tests.benchmarks.run --quick`.

Nothing here asserts a time. What is measured, and how to read it: docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks import large_files, report, small_files
from tests.benchmarks.clients import LoadFailed
from tests.benchmarks.processes import ProgramFailed
from tests.benchmarks.streams import StreamFailed

_PROJECT = Path(__file__).parents[2]
# tmpfs: neither the large files nor the logs may wait for a disk.
_MEMORY_FOLDER = Path("/dev/shm")  # the folders made there have names of their own
_PARTS = ("small", "large", "worker")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure the service beside S3 directly and nginx in front of it."
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="under 2 minutes: fewer rounds, 64 connections only, files of 256 MiB",
    )
    parser.add_argument("--json", type=Path, default=_PROJECT / "build/bench.json", metavar="FILE")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--only", choices=_PARTS, action="append", help="only this part; may be repeated")
    return parser.parse_args()


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)  # noqa: T201  # this is a command


def _measure(arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    quick, parts = arguments.quick, arguments.only or _PARTS
    small_mib, large_mib = (64, 256) if quick else (256, 1024)
    results: dict[str, Any] = {
        "machine": report.machine(),
        "workers": arguments.workers,
        "small": [],
        "large": [],
        "worker": [],
    }
    started = time.monotonic()
    if "small" in parts:
        results["small"] = small_files.measure(
            work,
            connections=(64,) if quick else (16, 64),
            rounds=2 if quick else 5,
            seconds=1 if quick else 2,
            workers=arguments.workers,
            progress=_say,
        )
    if {"large", "worker"} & set(parts):
        files = list(
            large_files.lay_out(work, (small_mib * large_files.MIB, large_mib * large_files.MIB)).values()
        )
        if "large" in parts:
            results["large"] = large_files.measure_throughput(
                work, *files, rounds=1 if quick else 3, workers=arguments.workers, progress=_say
            )
            results["sha256_cpu_seconds_per_gib"] = large_files.sha256_seconds_per_gib()
        if "worker" in parts:
            results["worker"] = large_files.measure_worker(work, files, _say)
    results["machine"]["load_after"] = os.getloadavg()[0]
    results["took_seconds"] = time.monotonic() - started
    return results


def _check_room(quick: bool) -> None:
    """Fail before anything starts: the two files, and of the larger one a copy that is there and one that comes."""
    needed = (1 if quick else 4) * large_files.GIB
    free = shutil.disk_usage(_MEMORY_FOLDER).free
    if free < needed:
        raise ProgramFailed(f"{_MEMORY_FOLDER} needs {needed / large_files.GIB:.0f} GiB free, and has less.")


def main() -> int:
    """Measure, print the tables and write the JSON."""
    arguments = _arguments()
    # Both unwind, so that every program is stopped and every file removed. Started in the background by a shell,
    # Python would otherwise find SIGINT ignored and leave it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        _check_room(arguments.quick)
        with tempfile.TemporaryDirectory(prefix="files-api-bench-", dir=_MEMORY_FOLDER) as folder:
            results = _measure(arguments, Path(folder))
    except KeyboardInterrupt:
        return 130
    except (ProgramFailed, LoadFailed, StreamFailed) as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201
        return 1
    report.write_json(results, arguments.json)
    print(report.text(results))  # noqa: T201
    _say(f"{results['took_seconds']:.0f} seconds; every round is in {arguments.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
