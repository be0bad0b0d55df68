"""What is served of more than can be served: goodput against offered load, and what the admitted wait."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from tests.benchmarks import clients, small_files
from tests.benchmarks.cpu import settled_cpu_seconds
from tests.benchmarks.servers import s3_server, service

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

CLOSED = "closed loop"
OPEN = "open loop"
MULTIPLES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
# Requests in work at once in one process; a closed loop with as many connections is never refused.
CONCURRENCY = 32


def measure(
    work: Path, *, rounds: int, seconds: int, progress: Callable[[str], None]
) -> Generator[dict[str, Any], None, None]:
    """Measure the capacity of one worker, and then offer it multiples of that, in each round.

    Args:
        work: A folder for logs.
        rounds: How often.
        seconds: How long one measurement takes.
        progress: Told what is going on.
    """
    settings = {"FILES_API_MAX_CONCURRENCY": str(CONCURRENCY)}
    with s3_server(work, ":memory:") as s3, service(work, s3, 1, settings=settings) as server:
        small_files.put(s3, small_files.READ_FILE)
        # The same kind of client for both loops, so that their latencies compare.
        request = clients.Request("GET", [f"{server.files}{small_files.READ_FILE}"], awaited=True)

        def press() -> clients.Load:
            settled_cpu_seconds(server.process)
            return clients.press(request, server.port, connections=CONCURRENCY, seconds=seconds, work=work)

        press()
        for turn in range(1, rounds + 1):
            progress(f"overload: round {turn} of {rounds}")
            closed = press()
            capacity = closed.requests_per_second
            yield {
                "load": CLOSED,
                "round": turn,
                "goodput_per_second": capacity,
                "p50_ms": closed.p50_ms,
                "p99_ms": closed.p99_ms,
            }
            for multiple in MULTIPLES:
                settled_cpu_seconds(server.process)
                orders = {
                    "port": server.port,
                    "request": b64encode(request.encoded(server.port)[0]).decode(),
                    "rate": capacity * multiple,
                    "seconds": seconds,
                }
                seen = clients.run_client("open_loop_client.py", orders)
                yield {
                    "load": OPEN,
                    "round": turn,
                    "multiple": multiple,
                    "offered_per_second": capacity * multiple,
                    **_figures(seen, seconds),
                }


def _figures(seen: dict[str, Any], seconds: float) -> dict[str, Any]:
    return {
        "goodput_per_second": len(seen["admitted"]) / seconds,
        "refused_per_second": len(seen["refused"]) / seconds,
        "failed": sum(seen["failures"].values()),
        "failures": seen["failures"],
        # None where nothing was admitted, or refused.
        "p50_ms": _milliseconds(seen["admitted"], 0.5),
        "p99_ms": _milliseconds(seen["admitted"], 0.99),
        "refused_p99_ms": _milliseconds(seen["refused"], 0.99),
        # How late the client itself was: where this is not small, the latencies are partly its own.
        "client_late_p99_ms": _milliseconds(seen["lags"], 0.99),
    }


def _milliseconds(seconds: Sequence[float], share: float) -> float | None:
    return clients.percentile(sorted(seconds), share) * 1000 if seconds else None
