"""What the service promises, as data: each goal with its bound, and how its value is computed from what was measured.

A value is computed in each round by itself, from what was measured right after one another, and the median of the
rounds is judged: a disturbance that lasts for a round or two changes nothing. docs/performance.md is the prose to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks import memory, overload, slow_clients, start_up
from tests.benchmarks.servers import NGINX, PLAIN_BOTO3, SERVICE, STOCK_NGINX, TRACED
from tests.benchmarks.small_files import FORM_PUT, GET, HEAD, LIST, RAW_PUT
from tests.benchmarks.streams import DOWNLOADS, FORM_UPLOAD, RAW_UPLOAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.benchmarks.streams import Operation

    Results = Mapping[str, Any]
    Samples = Callable[[Results], list[float]]

# The service's defaults: docs/settings.md.
_PART_MIB = 8
_PARTS_AT_ONCE = 3
_MEMORY_MARGIN_MIB = 32.0
START_UP_SECONDS = 1.5
CPU_MS = {GET: 1.3, HEAD: 1.2, RAW_PUT: 1.8, FORM_PUT: 1.8}
_CONNECTIONS = (16, 64)
_OVERLOAD = 4.0
# Telemetry may cost so much of the requests a second, at its default sampling.
_WITH_TELEMETRY = 0.85


class Direction(Enum):
    """On which side of its bound a value is good."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


class Verdict(Enum):
    """What became of a goal."""

    MET = "yes"
    MISSED = "no"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Goal:
    """Something that is to be true.

    `samples` computes one value for each round; `unit` is empty for ratios and numbers; `form` is how to show a value.
    """

    name: str
    samples: Samples
    direction: Direction
    bound: float
    unit: str = ""
    form: str = ".2f"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A goal, and what was measured of it: a value for each round."""

    goal: Goal
    samples: Sequence[float]

    @property
    def measured(self) -> float | None:
        """The value that is judged."""
        return median(self.samples) if self.samples else None

    @property
    def verdict(self) -> Verdict:
        """Is the goal met?"""
        value = self.measured
        if value is None:
            return Verdict.NOT_MEASURED
        if self.goal.direction is Direction.AT_MOST:
            return Verdict.MET if value <= self.goal.bound else Verdict.MISSED
        return Verdict.MET if value >= self.goal.bound else Verdict.MISSED


def judge(results: Results) -> list[Judgement]:
    """Judge every goal."""
    return [Judgement(goal, goal.samples(results)) for goal in GOALS]


@dataclass(frozen=True, slots=True)
class _Figure:
    """One figure of one kind of row: calling it finds its value in each round."""

    part: str
    key: str
    of: Mapping[str, object]

    def __call__(self, results: Results) -> dict[int, float]:
        return {
            row["round"]: row[self.key]
            for row in results.get(self.part, ())
            if self.of.items() <= row.items() and row[self.key] is not None
        }


def _figure(part: str, key: str, **of: object) -> _Figure:
    return _Figure(part, key, of)


def _plain(figure: _Figure) -> Samples:
    return lambda results: list(figure(results).values())


def _ratio(figure: _Figure, base: _Figure, *, less: _Figure | None = None) -> Samples:
    """A figure as a multiple of another of the same round; `less` is taken off it before."""

    def samples(results: Results) -> list[float]:
        found, bases = figure(results), base(results)
        taken_off = dict.fromkeys(found, 0.0) if less is None else less(results)
        return [
            (found[turn] - taken_off[turn]) / bases[turn]
            for turn in found.keys() & bases.keys() & taken_off.keys()
            if bases[turn]
        ]

    return samples


def _small_goals() -> Iterator[Goal]:
    for case, milliseconds in CPU_MS.items():
        # S3 has no forms, so nginx, which passes on what S3 takes, is given the same file raw.
        at_nginx = RAW_PUT if case == FORM_PUT else case
        for count in _CONNECTIONS:
            name = f"{case}, {count} connections"
            here = {"case": case, "connections": count}
            cpu = _figure("small", "cpu_ms_per_request", server=SERVICE, **here)
            yield Goal(f"{name}: CPU a request", _plain(cpu), Direction.AT_MOST, milliseconds, "ms")
            yield Goal(
                f"{name}: CPU on plain boto3, times ours",
                _ratio(_figure("small", "cpu_ms_per_request", server=PLAIN_BOTO3, **here), cpu),
                Direction.AT_LEAST,
                2.0,
            )
            yield Goal(
                f"{name}: requests/s, of nginx's as it comes",
                _ratio(
                    _figure("small", "requests_per_second", server=SERVICE, **here),
                    _figure(
                        "small", "requests_per_second", server=STOCK_NGINX, case=at_nginx, connections=count
                    ),
                ),
                Direction.AT_LEAST,
                0.25,
            )
            rate = _figure("small", "requests_per_second", server=SERVICE, **here)
            yield Goal(
                f"{name}: requests/s with telemetry, of those without",
                _ratio(_figure("small", "requests_per_second", server=TRACED, **here), rate),
                Direction.AT_LEAST,
                _WITH_TELEMETRY,
            )
    yield Goal(
        f"{LIST}: CPU on plain boto3, times ours",
        _ratio(
            _figure("small", "cpu_ms_per_request", case=LIST, server=PLAIN_BOTO3),
            _figure("small", "cpu_ms_per_request", case=LIST, server=SERVICE),
        ),
        Direction.AT_LEAST,
        3.0,
    )


def _large_goals() -> Iterator[Goal]:
    for transport in ("http", "https"):

        def figure(key: str, case: str, server: str, transport: str = transport) -> _Figure:
            return _figure("large", key, transport=transport, case=case, server=server)

        for operation in DOWNLOADS:
            name = f"large {operation.name}, {transport} to S3"
            yield Goal(
                f"{name}: MB/s, of nginx's",
                _ratio(
                    figure("megabytes_per_second", operation.name, SERVICE),
                    figure("megabytes_per_second", operation.name, NGINX),
                ),
                Direction.AT_LEAST,
                0.9,
            )
            yield Goal(
                f"{name}: CPU a GiB, times nginx's",
                _ratio(
                    figure("cpu_seconds_per_gib", operation.name, SERVICE),
                    figure("cpu_seconds_per_gib", operation.name, NGINX),
                ),
                Direction.AT_MOST,
                1.15,
            )
        raw = figure("cpu_seconds_per_gib", RAW_UPLOAD.name, SERVICE)
        yield Goal(
            f"large {RAW_UPLOAD.name}, {transport} to S3: CPU a GiB less one SHA-256, times nginx's",
            _ratio(
                raw,
                figure("cpu_seconds_per_gib", RAW_UPLOAD.name, NGINX),
                less=figure("sha256_cpu_seconds_per_gib", RAW_UPLOAD.name, SERVICE),
            ),
            Direction.AT_MOST,
            1.3,
        )
        yield Goal(
            f"large {FORM_UPLOAD.name}, {transport} to S3: CPU a GiB, times raw",
            _ratio(figure("cpu_seconds_per_gib", FORM_UPLOAD.name, SERVICE), raw),
            Direction.AT_MOST,
            1.5,
        )


def _memory_bound(operation: Operation) -> float:
    held = 0 if operation.is_download else operation.streams * _PARTS_AT_ONCE * _PART_MIB
    return held + _MEMORY_MARGIN_MIB


#: What a worker may grow by, in MiB, for each way of moving files.
MEMORY_MIB = {operation.name: _memory_bound(operation) for operation in memory.OPERATIONS}


def _memory_goals() -> Iterator[Goal]:
    for case, bound in MEMORY_MIB.items():
        yield Goal(
            f"large {case}: memory of one worker over idle",
            _plain(_figure("memory", "peak_growth_mib", case=case)),
            Direction.AT_MOST,
            bound,
            "MiB",
            ".0f",
        )


def _slow_client_goals() -> Iterator[Goal]:
    yield Goal(
        "64 slow clients: p99 of small GETs, times that without",
        _ratio(
            _figure("slow", "p99_ms", case=slow_clients.WITH),
            _figure("slow", "p99_ms", case=slow_clients.WITHOUT),
        ),
        Direction.AT_MOST,
        1.5,
    )


def _failures(results: Results) -> list[float]:
    """All of all rounds, in one value: the median would hide them."""
    failed = [row["failed"] for row in results.get("overload", ()) if row["load"] == overload.OPEN]
    return [float(sum(failed))] if failed else []


def _share_of_best_goodput(results: Results) -> list[float]:
    at_overload = _figure("overload", "goodput_per_second", load=overload.OPEN, multiple=_OVERLOAD)(results)
    best: dict[int, float] = {}
    for row in results.get("overload", ()):
        best[row["round"]] = max(row["goodput_per_second"], best.get(row["round"], 0.0))
    return [goodput / best[turn] for turn, goodput in at_overload.items() if best[turn]]


def _overload_goals() -> Iterator[Goal]:
    yield Goal("overload: failures other than 503", _failures, Direction.AT_MOST, 0, form=".0f")
    yield Goal(
        f"overload, nothing collapses: goodput at {_OVERLOAD:.0f}x, of the best",
        _share_of_best_goodput,
        Direction.AT_LEAST,
        0.7,
    )
    yield Goal(
        f"overload, the admitted keep their latency: p99 at {_OVERLOAD:.0f}x, times that at capacity",
        _ratio(
            _figure("overload", "p99_ms", load=overload.OPEN, multiple=_OVERLOAD),
            _figure("overload", "p99_ms", load=overload.CLOSED),
        ),
        Direction.AT_MOST,
        3.0,
    )


def _start_up_goals() -> Iterator[Goal]:
    for case in (start_up.WITHOUT_KEY, start_up.WITH_KEY):
        yield Goal(
            f"start-up on one core, {case}: until ready",
            _plain(_figure("start_up", "ready_seconds", case=case)),
            Direction.AT_MOST,
            START_UP_SECONDS,
            "s",
        )


GOALS = (
    *_small_goals(),
    *_large_goals(),
    *_memory_goals(),
    *_slow_client_goals(),
    *_overload_goals(),
    *_start_up_goals(),
)
