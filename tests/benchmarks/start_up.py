"""How long the service takes to start, and what a worker weighs that has nothing to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tests.benchmarks.cpu import resident_bytes
from tests.benchmarks.large_files import MIB
from tests.benchmarks.memory import use_once
from tests.benchmarks.servers import s3_server, service

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

WITHOUT_KEY = "without OPENAI_API_KEY"
WITH_KEY = "with OPENAI_API_KEY"
# A key makes the service get ready for OpenAI; nobody listens at port 9 (discard), and nobody needs to.
_CASES = {
    WITHOUT_KEY: {},
    WITH_KEY: {"OPENAI_API_KEY": "bench", "OPENAI_BASE_URL": "http://127.0.0.1:9"},
}


def measure(
    work: Path, objects: Path, *, rounds: int, progress: Callable[[str], None]
) -> Generator[dict[str, Any], None, None]:
    """Start the service with one worker on one core, in each way in turn.

    Args:
        work: A folder for logs.
        objects: The folder that the S3 server serves.
        rounds: How often.
        progress: Told what is going on.
    """
    core = min(os.sched_getaffinity(0))
    with s3_server(work, str(objects)) as s3:
        progress("start-up: warm-up")
        with service(work, s3, 1, core=core):
            pass  # from now on, compiled modules are there and files are in memory
        for turn in range(1, rounds + 1):
            progress(f"start-up: round {turn} of {rounds}")
            for case, settings in _CASES.items():
                with service(work, s3, 1, core=core, settings=settings) as server:
                    (worker,) = server.worker_ids
                    at_start = resident_bytes(worker)
                    use_once(server)
                    yield {
                        "case": case,
                        "round": turn,
                        "ready_seconds": server.ready_seconds,
                        "resident_mib_at_start": at_start / MIB,
                        "resident_mib_idle": resident_bytes(worker) / MIB,
                    }
