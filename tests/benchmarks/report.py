"""What was measured, as text: Markdown tables, the goals last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks import goals, overload
from tests.benchmarks.tables import Column, figure, groups, label, render, render_cells, spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Results = Mapping[str, Any]


def about(results: Results) -> str:
    """On what, with what, when and how it was measured."""
    machine = results["machine"]
    loads = f"{machine['load_before']:.1f} before, {machine['load_after']:.1f} after"
    return (
        f"{machine['cores']} cores ({machine['cpu']}), Linux {machine['kernel']}, Python {machine['python']}, "
        f"{machine['nginx'] or 'no nginx'}, {machine['rclone']}, {machine['date']}. Load average {loads}. "
        f"{results['workers']} workers each for nginx and the service. "
        f"{results['took_seconds']:.0f} seconds{', a quick run' if results['quick'] else ''}. "
        "Median of the rounds, lowest and highest in brackets.\n"
    )


def goals_table(results: Results) -> str:
    """Each goal, and what became of it."""
    lines = []
    for judgement in goals.judge(results):
        goal = judgement.goal
        unit = f" {goal.unit}" if goal.unit else ""
        lines.append(
            (
                goal.name,
                f"{spread(judgement.samples, goal.form)}{unit}" if judgement.samples else "-",
                f"{goal.direction.value} {goal.bound:g}{unit}",
                judgement.verdict.value,
            )
        )
    return render_cells("Goals", ("goal", "measured", "bound", "met"), lines)


def _small(rows: Sequence[dict[str, Any]]) -> str:
    columns = (
        label("request", "case"),
        label("connections", "connections"),
        label("server", "server"),
        figure("requests/s", "requests_per_second", ".0f"),
        figure("p50 ms", "p50_ms", ".1f"),
        figure("p99 ms", "p99_ms", ".1f"),
        figure("CPU ms a request", "cpu_ms_per_request", ".2f"),
    )
    return render("Small files", columns, groups(rows, "connections", "case", "server"))


def _large(rows: Sequence[dict[str, Any]]) -> str:
    columns = (
        label("to S3", "transport"),
        label("transfer", "case"),
        label("size MiB", "size_mib"),
        label("server", "server"),
        figure("MB/s", "megabytes_per_second", ".0f"),
        figure("CPU s a GiB", "cpu_seconds_per_gib", ".2f"),
    )
    digest = spread((row["sha256_cpu_seconds_per_gib"] for row in rows), ".2f")
    title = f"Large files (one SHA-256 alone: {digest} s of CPU a GiB)"
    return render(title, columns, groups(rows, "transport", "case", "server"))


def _memory(rows: Sequence[dict[str, Any]]) -> str:
    columns = (
        label("transfer", "case"),
        label("size MiB", "size_mib"),
        figure("idle MiB", "idle_mib", ".0f"),
        figure("peak over idle, MiB", "peak_growth_mib", ".1f"),
    )
    return render("Memory of one worker, fresh for each line", columns, groups(rows, "case"))


def _start_up(rows: Sequence[dict[str, Any]]) -> str:
    columns = (
        label("start-up", "case"),
        figure("ready after, s", "ready_seconds", ".2f"),
        figure("worker when ready, MiB", "resident_mib_at_start", ".0f"),
        figure("worker after its first requests, MiB", "resident_mib_idle", ".0f"),
    )
    return render("Start-up, one worker on one core", columns, groups(rows, "case"))


def _slow(rows: Sequence[dict[str, Any]]) -> str:
    columns = (
        label("small GETs, 16 connections", "case"),
        figure("requests/s", "requests_per_second", ".0f"),
        figure("p50 ms", "p50_ms", ".1f"),
        figure("p99 ms", "p99_ms", ".1f"),
    )
    return render("Slow clients", columns, groups(rows, "case"))


def _overload(rows: Sequence[dict[str, Any]]) -> str:
    def load(group: Sequence[dict[str, Any]]) -> str:
        if group[0]["load"] == overload.CLOSED:
            return f"{overload.CONCURRENCY} connections, closed loop"
        return f"{group[0]['multiple']:g}x"

    columns = (
        Column("load", load),
        figure("offered/s", "offered_per_second", ".0f"),
        figure("goodput/s", "goodput_per_second", ".0f"),
        figure("503/s", "refused_per_second", ".0f"),
        figure("failed", "failed", ".0f"),
        figure("p50 ms of the admitted", "p50_ms", ".1f"),
        figure("p99 ms", "p99_ms", ".1f"),
        figure("p99 ms of a 503", "refused_p99_ms", ".1f"),
        figure("client late by, p99 ms", "client_late_p99_ms", ".1f"),
    )
    keyed = [{"multiple": 0.0, **row} for row in rows]
    title = f"Overload: one worker, at most {overload.CONCURRENCY} requests in work at once, small GETs"
    return render(title, columns, groups(keyed, "multiple"))


_SECTIONS = {
    "small": _small,
    "large": _large,
    "memory": _memory,
    "start_up": _start_up,
    "slow": _slow,
    "overload": _overload,
}


def text(results: Results) -> str:
    """The whole report."""
    parts = [about(results)]
    parts += [section(results[name]) for name, section in _SECTIONS.items() if results[name]]
    parts += [f"**Broken off**: {name}\n\n```\n{why}\n```\n" for name, why in results["broken_off"].items()]
    parts.append(goals_table(results))
    return "\n".join(parts)
