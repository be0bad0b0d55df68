"""Measure the service beside what it stands in front of: `make bench`, or `python -m tests.benchmarks.run --quick`.

It ends with a table of the goals; with `--check` a goal that is missed, or not measured, is a failure. What is
measured, and how to read it: docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import (
    goals,
    large_files,
    machine,
    memory,
    overload,
    report,
    servers,
    slow_clients,
    small_files,
    start_up,
)
from tests.benchmarks.clients import LoadFailed
from tests.benchmarks.processes import ProgramFailed
from tests.benchmarks.streams import StreamFailed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

PROJECT = Path(__file__).parents[2]
RESULTS = PROJECT / "build/bench.json"
# tmpfs: neither the large files nor the logs may wait for a disk.
MEMORY_FOLDER = Path("/dev/shm")  # the folders made there have names of their own
#: What can be asked for by itself, and where its rows go.
_PARTS = {
    "small": "small",
    "large": "large",
    "tls": "large",
    "memory": "memory",
    "start_up": "start_up",
    "slow": "slow",
    "overload": "overload",
}


@dataclass(frozen=True, slots=True)
class _Effort:
    """How thoroughly to measure; sizes are MiB of the file of which so many are moved at a time."""

    rounds: int
    small_seconds: int
    slow_seconds: int
    overload_seconds: int
    sizes: Mapping[int, int]


_THOROUGH = _Effort(5, 2, 4, 2, {1: 512, 4: 128, 8: 128, 24: 64})
_QUICK = _Effort(1, 1, 2, 1, {1: 128, 4: 64, 8: 32, 24: 16})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measure the service beside S3 directly, nginx in front of it, and itself on plain boto3."
    )
    parser.add_argument(
        "--quick", action="store_true", help="under 4 minutes: one short round of each, smaller files"
    )
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed or not measured")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often everything is measured")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    parser.add_argument("--only", choices=_PARTS, action="append", help="only this part; may be repeated")
    return parser.parse_args()


def say(text: str) -> None:
    """Tell what is going on, beside the results."""
    print(f"… {text}", file=sys.stderr, flush=True)  # noqa: T201  # this is a command


def _measurements(
    effort: _Effort, rounds: int, workers: int, work: Path
) -> Iterator[tuple[str, Generator[dict[str, Any], None, None]]]:
    """Each part, as the rows that it will measure when asked for them."""
    objects = work / "objects"
    files = large_files.lay_out(objects, effort.sizes)
    yield (
        "small",
        small_files.measure(
            work,
            connections=(16, 64),
            rounds=rounds,
            seconds=effort.small_seconds,
            workers=workers,
            progress=say,
        ),
    )
    for part in ("large", "tls"):
        yield (
            part,
            large_files.measure(
                work, objects, files, tls=part == "tls", rounds=rounds, workers=workers, progress=say
            ),
        )
    yield "memory", memory.measure(work, objects, files, rounds=rounds, progress=say)
    yield "start_up", start_up.measure(work, objects, rounds=rounds, progress=say)
    yield (
        "slow",
        slow_clients.measure(work, rounds=rounds, seconds=effort.slow_seconds, progress=say),
    )
    yield "overload", overload.measure(work, rounds=rounds, seconds=effort.overload_seconds, progress=say)


def _measure(arguments: argparse.Namespace, work: Path) -> dict[str, Any]:
    effort = _QUICK if arguments.quick else _THOROUGH
    rounds = arguments.rounds or effort.rounds
    broken_off: dict[str, str] = {}
    results: dict[str, Any] = {
        "machine": machine.describe(),
        "workers": arguments.workers,
        "quick": arguments.quick,
        "rounds": rounds,
        "broken_off": broken_off,
        **{place: [] for place in _PARTS.values()},
    }
    started = time.monotonic()
    for part, rows in _measurements(effort, rounds, arguments.workers, work):
        if arguments.only and part not in arguments.only:
            continue
        try:
            with closing(rows):
                results[_PARTS[part]].extend(rows)
        except (ProgramFailed, LoadFailed, StreamFailed) as error:
            # The other parts are still worth their time.
            broken_off[part] = f"{error}\nThe service's last error: {servers.last_error(work) or 'none'}"
            say(f"{part} broken off: {broken_off[part]}")
    results["machine"]["load_after"] = os.getloadavg()[0]
    results["took_seconds"] = time.monotonic() - started
    return results


def _check_room(effort: _Effort) -> None:
    """Fail before anything starts: the files, those that are uploaded, and as much again while S3 writes them."""
    needed = sum(effort.sizes.values()) * 2 + max(streams * size for streams, size in effort.sizes.items())
    free = shutil.disk_usage(MEMORY_FOLDER).free
    if free < needed * large_files.MIB:
        raise ProgramFailed(f"{MEMORY_FOLDER} needs {needed / 1024:.1f} GiB free, and has less.")


def _write(results: Mapping[str, Any], path: Path) -> None:
    """Keep everything, each round of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")


def unwind_when_stopped() -> None:
    """Make SIGINT, SIGTERM and SIGHUP unwind, so that every program is stopped and every file removed.

    Started in the background by a shell, Python would otherwise find SIGINT ignored and leave it so.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))


def main() -> int:
    """Measure, print the tables and write the JSON."""
    arguments = _arguments()
    unwind_when_stopped()
    try:
        _check_room(_QUICK if arguments.quick else _THOROUGH)
        with tempfile.TemporaryDirectory(prefix="files-api-bench-", dir=MEMORY_FOLDER) as folder:
            results = _measure(arguments, Path(folder))
    except KeyboardInterrupt:
        return 130
    except ProgramFailed as error:
        print(f"bench: {error}", file=sys.stderr)  # noqa: T201
        return 1
    _write(results, arguments.json)
    print(report.text(results))  # noqa: T201
    say(f"{results['took_seconds']:.0f} seconds; every round is in {arguments.json}")
    if results["broken_off"]:
        return 1
    unmet = [judgement for judgement in goals.judge(results) if judgement.verdict is not goals.Verdict.MET]
    if arguments.check and unmet:
        print(f"bench: {len(unmet)} of {len(goals.GOALS)} goals are not met.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
