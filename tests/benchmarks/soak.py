"""A leak test: `make soak MINUTES=10`. One worker under mixed load, its memory and descriptors every second.

It fails when there is more at the end than at the beginning: `leaks.py` says what more means.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from tests.benchmarks import machine
from tests.benchmarks.cpu import open_descriptors, resident_bytes
from tests.benchmarks.figures import legend_below, sheet
from tests.benchmarks.large_files import MIB, lay_out
from tests.benchmarks.leaks import Growth, Sample, growth, trend
from tests.benchmarks.memory import use_once
from tests.benchmarks.processes import ProgramFailed
from tests.benchmarks.run import MEMORY_FOLDER, PROJECT, say, unwind_when_stopped
from tests.benchmarks.servers import s3_server, service
from tests.benchmarks.soak_traffic import Files, Traffic

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAMPLE_SECONDS = 1.0
_DOWNLOADED_MIB, _UPLOADED_MIB = 32, 20
# One request in so many may fail: the S3 server is not perfect, and this test is about what stays behind.
_REQUESTS_A_FAILURE = 1000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Press one worker for a long time; fail when it leaks.")
    parser.add_argument("--minutes", type=float, default=10.0, metavar="N")
    parser.add_argument("--json", type=Path, default=PROJECT / "build/soak.json", metavar="FILE")
    parser.add_argument(
        "--picture", type=Path, default=PROJECT / "docs/pictures/performance-soak.svg", metavar="FILE"
    )
    return parser.parse_args()


def _soak(work: Path, seconds: float) -> dict[str, Any]:
    """Have traffic for so long, and look at the worker every second."""
    objects = work / "objects"
    large = lay_out(objects, {1: _DOWNLOADED_MIB, 2: _UPLOADED_MIB})
    about = machine.describe()
    with s3_server(work, str(objects)) as s3, service(work, s3, 1) as server:
        (worker,) = server.worker_ids
        use_once(server)
        with Traffic(server, Files(downloaded=large[1], uploaded=large[2])) as traffic:
            samples = _sample(psutil.Process(worker), seconds)
    return {
        "machine": about,
        "minutes": seconds / 60,
        "done": traffic.done,
        "failures": traffic.failures,
        "samples": [asdict(sample) for sample in samples],
    }


def _sample(worker: psutil.Process, seconds: float) -> list[Sample]:
    samples = []
    started = time.monotonic()
    while (now := time.monotonic() - started) < seconds:
        samples.append(Sample(now, resident_bytes(worker.pid) / MIB, open_descriptors(worker.pid)))
        if len(samples) % 60 == 0:
            say(f"{now / 60:.0f} minutes: {samples[-1].resident_mib:.1f} MiB, {samples[-1].descriptors} open")
        # The pause between two looks is a wait for what must not happen.
        with suppress(psutil.TimeoutExpired):
            worker.wait(max(0.0, len(samples) * _SAMPLE_SECONDS - now))
            raise ProgramFailed("The worker ended by itself.")
    return samples


def _draw(results: dict[str, Any], samples: Sequence[Sample], path: Path) -> None:
    about = results["machine"]
    footer = (
        f"{about['date'][:10]}, {about['cores']} cores ({about['cpu']}), Linux {about['kernel']}, "
        f"Python {about['python']}. {sum(results['done'].values())} requests."
    )
    title = f"One worker under mixed load for {results['minutes']:g} minutes"
    minutes = [sample.seconds / 60 for sample in samples]
    with sheet(path, title, footer, rows=2, inches=(8.0, 5.5)) as (memory, descriptors):
        memory.plot(
            minutes, [sample.resident_mib for sample in samples], color="#0072B2", label="resident memory"
        )
        slope, intercept = trend(samples)
        ends = [samples[len(samples) // 2].seconds, samples[-1].seconds]
        memory.plot(
            [second / 60 for second in ends],
            [slope * second + intercept for second in ends],
            color="#CC3311",
            linestyle="dashed",
            label=f"trend of the last half: {slope * 3600:+.1f} MiB an hour",
        )
        memory.set_ylabel("MiB")
        descriptors.plot(minutes, [sample.descriptors for sample in samples], color="#009E73")
        descriptors.set_ylabel("open file descriptors")
        descriptors.set_xlabel("minutes")
        for axes in (memory, descriptors):
            axes.set_ylim(bottom=0)
            axes.grid(linewidth=0.4)
        legend_below(memory)


def _complaints(results: dict[str, Any], grown: Growth) -> list[str]:
    requests, failed = sum(results["done"].values()), sum(results["failures"].values())
    complaints = grown.complaints
    if failed * _REQUESTS_A_FAILURE > requests:
        complaints.append(f"{failed} of {requests} requests did not go as they should have.")
    return complaints


def main() -> int:
    """Press, keep the samples, draw them and judge."""
    arguments = _arguments()
    unwind_when_stopped()
    try:
        with tempfile.TemporaryDirectory(prefix="files-api-soak-", dir=MEMORY_FOLDER) as folder:
            results = _soak(Path(folder), arguments.minutes * 60)
        samples = [Sample(**sample) for sample in results["samples"]]
        grown = growth(samples)
    except KeyboardInterrupt:
        return 130
    except (ProgramFailed, ValueError) as error:
        print(f"soak: {error}", file=sys.stderr)  # noqa: T201
        return 1
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    _draw(results, samples, arguments.picture)
    print(  # noqa: T201
        f"{sum(results['done'].values())} requests in {arguments.minutes:g} minutes. From the second tenth to the "
        f"last, memory grew by {grown.memory_mib:.1f} MiB and descriptors by {grown.descriptors:.0f}; the slope of "
        f"the last half is {grown.slope:+.1f} MiB an hour."
    )
    for how, often in results["failures"].items():
        print(f"failed {often} times: {how}")  # noqa: T201
    complaints = _complaints(results, grown)
    for complaint in complaints:
        print(f"soak: {complaint}", file=sys.stderr)  # noqa: T201
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
