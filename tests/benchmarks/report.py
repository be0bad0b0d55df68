"""Rows to tables: the median of the rounds, and in brackets the lowest and the highest."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks.processes import find_nginx, find_rclone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Row = dict[str, Any]


def machine() -> dict[str, Any]:
    """On what, with what and when it was measured."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    nginx = find_nginx()
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "cpu": models[0] if models else platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "rclone": _first_line([find_rclone(), "version"]),
        "nginx": _first_line([nginx, "-v"]) if nginx else None,
        "load_before": os.getloadavg()[0],
    }


def _first_line(command: list[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return (said.stdout or said.stderr).splitlines()[0]


def _spread(rows: Iterable[Row], key: str, form: str) -> str:
    values = [row[key] for row in rows]
    low, high = format(min(values), form), format(max(values), form)
    middle = format(median(values), form)
    return middle if low == high else f"{middle} ({low} to {high})"


def _groups(rows: Sequence[Row], *keys: str) -> list[list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return list(found.values())


def _table(title: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(heads, *lines, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([title, "", line(heads), rule, *(line(cells) for cells in lines), ""])


def _by_case(rows: Sequence[Row], *keys: str) -> list[list[Row]]:
    """Groups in the order of the first round, the servers of one case under each other."""
    return sorted(_groups(rows, *keys, "server"), key=_position_of(_groups(rows, *keys), keys))


def _position_of(groups: list[list[Row]], keys: Sequence[str]) -> Callable[[list[Row]], int]:
    places = {tuple(group[0][key] for key in keys): place for place, group in enumerate(groups)}
    return lambda group: places[tuple(group[0][key] for key in keys)]


def text(results: dict[str, Any]) -> str:
    """The whole report, as Markdown."""
    about = results["machine"]
    heading = (
        f"{about['cores']} cores ({about['cpu']}), Linux {about['kernel']}, Python {about['python']}, "
        f"{about['nginx'] or 'no nginx'}, {about['rclone']}, {about['date']}. Load average "
        f"{about['load_before']:.1f} before, {about['load_after']:.1f} after. "
        f"{results['workers']} workers each for nginx and the service. "
        "Median of the rounds, lowest and highest in brackets.\n"
    )
    parts = [heading]
    if results["small"]:
        parts.append(
            _table(
                "Small files",
                ("request", "connections", "server", "requests/s", "p50 ms", "p99 ms", "CPU ms a request"),
                [
                    (
                        group[0]["case"],
                        str(group[0]["connections"]),
                        group[0]["server"],
                        _spread(group, "requests_per_second", ".0f"),
                        _spread(group, "p50_ms", ".1f"),
                        _spread(group, "p99_ms", ".1f"),
                        _spread(group, "cpu_ms_per_request", ".2f"),
                    )
                    for group in _by_case(results["small"], "case", "connections")
                ],
            )
        )
    if results["large"]:
        parts.append(
            _table(
                f"Large files (a SHA-256 alone: {results['sha256_cpu_seconds_per_gib']:.2f} s of CPU a GiB)",
                ("transfer", "size MiB", "server", "MB/s", "CPU s a GiB"),
                [
                    (
                        group[0]["case"],
                        str(group[0]["size_mib"]),
                        group[0]["server"],
                        _spread(group, "megabytes_per_second", ".0f"),
                        _spread(group, "cpu_seconds_per_gib", ".2f"),
                    )
                    for group in _by_case(results["large"], "case")
                ],
            )
        )
    if results["worker"]:
        parts.append(
            _table(
                "One worker, fresh for each line",
                ("transfer", "size MiB", "peak memory over idle, MiB"),
                [
                    (row["case"], str(row["size_mib"]), format(row["peak_growth_mib"], ".0f"))
                    for row in results["worker"]
                ],
            )
        )
        parts.append(
            "Start-up on one core until ready: "
            + _spread(results["worker"], "ready_seconds", ".2f")
            + " s. Memory of the worker when ready: "
            + _spread(results["worker"], "resident_mib_at_start", ".0f")
            + " MiB; idle after its first requests: "
            + _spread(results["worker"], "resident_mib_idle", ".0f")
            + " MiB.\n"
        )
    return "\n".join(parts)


def write_json(results: dict[str, Any], path: Path) -> None:
    """Keep everything, each round of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
