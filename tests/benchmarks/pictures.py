"""The pictures of docs/performance.md, drawn from what `make bench` has kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.benchmarks import goals, overload
from tests.benchmarks.figures import GOAL_COLOUR, legend_below, sheet
from tests.benchmarks.servers import NGINX, PLAIN_BOTO3, S3_DIRECTLY, SERVICE, STOCK_NGINX, TRACED
from tests.benchmarks.small_files import LIST
from tests.benchmarks.tables import groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    Row = dict[str, Any]
    Results = Mapping[str, Any]

# Told apart by people who see few colours too (Okabe and Ito).
_COLOURS = {
    S3_DIRECTLY: "#999999",
    NGINX: "#009E73",
    STOCK_NGINX: "#56B4E9",
    SERVICE: "#0072B2",
    PLAIN_BOTO3: "#E69F00",
    TRACED: "#CC79A7",
}
_OTHER_COLOURS = ("#0072B2", "#E69F00", "#009E73")
_GROUP_WIDTH = 0.84


@dataclass(frozen=True, slots=True)
class _Bars:
    """What bars show: one for each series in each group, with the goals for groups that have one."""

    key: str
    label: str
    form: str
    group: str = "case"
    series: str = "server"
    bounds: Mapping[str, float] = field(default_factory=dict)


def _draw(axes: Axes, rows: Sequence[Row], bars: _Bars) -> None:
    """Draw bars: medians, with whiskers from the lowest to the highest."""
    names = [group[0][bars.group] for group in groups(rows, bars.group)]
    series = [group[0][bars.series] for group in groups(rows, bars.series)]
    width = _GROUP_WIDTH / len(series)
    for place, one in enumerate(series):
        positions, middles, below, above = [], [], [], []
        for position, name in enumerate(names):
            values = [row[bars.key] for row in rows if (row[bars.group], row[bars.series]) == (name, one)]
            if values:
                positions.append(position - _GROUP_WIDTH / 2 + width * (place + 0.5))
                middles.append(median(values))
                below.append(middles[-1] - min(values))
                above.append(max(values) - middles[-1])
        drawn = axes.bar(
            positions,
            middles,
            width * 0.92,
            yerr=(below, above),
            label=one,
            color=_COLOURS.get(one, _OTHER_COLOURS[place % len(_OTHER_COLOURS)]),
            error_kw={"elinewidth": 0.7, "ecolor": "#333333"},
        )
        axes.bar_label(drawn, fmt=f"{{:{bars.form}}}", fontsize=6.5, padding=1)
    label = "goal of the service: at most"
    for position, name in enumerate(names):
        if name in bars.bounds:
            ends = (position - 0.5, position + 0.5)
            axes.hlines(bars.bounds[name], *ends, colors=GOAL_COLOUR, linestyles="dashed", label=label)
            label = "_goal"  # one entry in the legend is enough
    axes.set_xticks(range(len(names)), [name.replace(", ", ",\n") for name in names])
    axes.set_ylabel(bars.label)
    axes.grid(axis="y", linewidth=0.4)
    axes.margins(y=0.12)
    axes.set_ylim(bottom=0)


def _small(results: Results, path: Path, title: str, bars: _Bars) -> None:
    rows = results["small"]
    with sheet(path, title, _footer(results), columns=(4, 4, 1.7), inches=(12.0, 4.2)) as panels:
        *by_connections, listing = panels
        for axes, count in zip(by_connections, (16, 64), strict=True):
            shown = [row for row in rows if row["connections"] == count and row["case"] != LIST]
            _draw(axes, shown, bars)
            axes.set_title(f"{count} connections")
        _draw(listing, [row for row in rows if row["case"] == LIST], bars)
        listing.set_title("16 connections")
        legend_below(by_connections[0])


def _draw_cpu(results: Results, path: Path) -> None:
    bars = _Bars("cpu_ms_per_request", "CPU, ms a request", ".2f", bounds=goals.CPU_MS)
    _small(results, path, "CPU a small request: of the server's processes alone", bars)


def _draw_requests(results: Results, path: Path) -> None:
    bars = _Bars("requests_per_second", "requests a second", ".0f")
    _small(results, path, "Small requests a second: client, server and S3 share the cores", bars)


def _draw_large(results: Results, path: Path) -> None:
    measures = (
        _Bars("cpu_seconds_per_gib", "CPU, s a GiB", ".2f"),
        _Bars("megabytes_per_second", "MB/s", ".0f"),
    )
    title = "Large transfers: CPU of the server's processes, and throughput"
    with sheet(path, title, _footer(results), columns=(1, 1), rows=2, inches=(11.0, 6.5)) as panels:
        places = [(bars, transport) for bars in measures for transport in ("http", "https")]
        for axes, (bars, transport) in zip(panels, places, strict=True):
            rows = [row for row in results["large"] if row["transport"] == transport]
            if rows:
                _draw(axes, rows, bars)
            axes.set_title(f"{transport} to S3")
        legend_below(panels[0])


def _draw_memory(results: Results, path: Path) -> None:
    rows = [{**row, "server": SERVICE} for row in results["memory"]]
    bars = _Bars("peak_growth_mib", "peak over idle, MiB", ".0f", bounds=goals.MEMORY_MIB)
    title = "Memory that one worker grows by while large files pass"
    with sheet(path, title, _footer(results), inches=(7.0, 4.0)) as (axes,):
        _draw(axes, rows, bars)
        legend_below(axes)


def _draw_slow(results: Results, path: Path) -> None:
    rows = [
        {"figure": name, "case": row["case"], "ms": row[key]}
        for name, key in (("p50", "p50_ms"), ("p99", "p99_ms"))
        for row in results["slow"]
    ]
    bars = _Bars("ms", "latency, ms", ".1f", group="figure", series="case")
    title = "Small GETs beside 64 clients that send a byte each 0.2 s"
    with sheet(path, title, _footer(results), inches=(7.0, 4.0)) as (axes,):
        _draw(axes, rows, bars)
        legend_below(axes)


def _draw_start_up(results: Results, path: Path) -> None:
    rows = [{**row, "server": SERVICE} for row in results["start_up"]]
    ready = _Bars(
        "ready_seconds",
        "ready after, s",
        ".2f",
        bounds={row["case"]: goals.START_UP_SECONDS for row in rows},
    )
    idle = _Bars("resident_mib_idle", "idle memory of the worker, MiB", ".0f")
    title = "Start-up with one worker on one core"
    with sheet(path, title, _footer(results), columns=(1, 1), inches=(9.0, 4.0)) as (left, right):
        _draw(left, rows, ready)
        _draw(right, rows, idle)
        legend_below(left)


def _draw_overload(results: Results, path: Path) -> None:
    closed = [row for row in results["overload"] if row["load"] == overload.CLOSED]
    opened = [row for row in results["overload"] if row["load"] == overload.OPEN]
    title = f"Overload of one worker that has at most {overload.CONCURRENCY} requests in work at once"
    with sheet(path, title, _footer(results), rows=2, inches=(8.0, 6.5)) as (rates, latencies):
        _curve(rates, opened, "goodput_per_second", "served (goodput)", "#0072B2")
        _curve(rates, opened, "refused_per_second", "503, come back later", "#E69F00")
        _curve(rates, opened, "offered_per_second", "offered", "#999999")
        rates.set_ylabel("requests a second")
        rates.set_ylim(bottom=0)
        _curve(latencies, opened, "p50_ms", "p50 of the served", "#009E73")
        _curve(latencies, opened, "p99_ms", "p99 of the served", "#0072B2")
        _curve(latencies, opened, "refused_p99_ms", "p99 of a 503", "#E69F00")
        at_capacity = [row["p99_ms"] for row in closed]
        if at_capacity:
            latencies.axhline(
                median(at_capacity),
                color="#333333",
                linestyle="dotted",
                label=f"p99 with {overload.CONCURRENCY} connections, closed loop",
            )
        latencies.set_yscale("log")
        latencies.set_ylabel("latency, ms")
        latencies.set_xlabel("offered load, times the capacity")
        for axes in (rates, latencies):
            axes.grid(linewidth=0.4)
            axes.legend(fontsize=8)


def _curve(axes: Axes, rows: Sequence[Row], key: str, label: str, colour: str) -> None:
    """Draw the medians, and a band from the lowest to the highest."""
    points = [
        (group[0]["multiple"], [row[key] for row in group if row[key] is not None])
        for group in groups(rows, "multiple")
    ]
    points = [(multiple, values) for multiple, values in points if values]
    multiples = [multiple for multiple, _ in points]
    axes.plot(
        multiples, [median(values) for _, values in points], marker="o", ms=3, label=label, color=colour
    )
    lowest, highest = [min(values) for _, values in points], [max(values) for _, values in points]
    axes.fill_between(multiples, lowest, highest, color=colour, alpha=0.15, linewidth=0)


def _footer(results: Results) -> str:
    machine = results["machine"]
    return (
        f"{machine['date'][:10]}, {machine['cores']} cores ({machine['cpu']}), Linux {machine['kernel']}, "
        f"Python {machine['python']}. Rounds: {results['rounds']}; median, lowest to highest."
    )


#: The part of the results that a picture shows, and how to draw it.
_PICTURES: Mapping[str, tuple[str, Callable[[Results, Path], None]]] = {
    "cpu-small": ("small", _draw_cpu),
    "requests-small": ("small", _draw_requests),
    "large": ("large", _draw_large),
    "memory": ("memory", _draw_memory),
    "slow-clients": ("slow", _draw_slow),
    "overload": ("overload", _draw_overload),
    "start-up": ("start_up", _draw_start_up),
}


def draw(results: Results, folder: Path) -> list[Path]:
    """Draw everything that was measured, and tell what was written."""
    written = []
    for name, (part, draw_one) in _PICTURES.items():
        if results[part]:
            path = folder / f"performance-{name}.svg"
            draw_one(results, path)
            written.append(path)
    return written
