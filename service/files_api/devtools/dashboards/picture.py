"""Draws what a dashboard looks like, for the documentation: its panels where they stand, with made-up values.

Plain SVG, so that the same source gives the same bytes with every version of everything.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, TypeAlias
from xml.sax.saxutils import escape
from zlib import crc32

from files_api.devtools.dashboards.layout import COLUMNS, Place, Placed, arrange
from files_api.devtools.dashboards.model import (
    Dashboard,
    Expression,
    Kind,
    Metric,
    Panel,
    PromQL,
    Row,
    Target,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_COLUMN = 52
_UNIT = 26
_GAP = 4
_TOP = 44
_HEAD_HEIGHT = 1
_POINTS = 40
# The width of an average letter, as a share of its size.
_LETTER = 0.53
_COLORS = ("#1f77b4", "#d8722c", "#2e8b57", "#b5359c", "#8a6d3b", "#5b5bd6")
_WHERE = {
    Target.LOCAL: "Grafana, local stack",
    Target.AWS: "Grafana, CloudWatch and X-Ray",
    Target.CLOUDWATCH: "CloudWatch dashboard",
}
# x, y, width, height, in pixels.
_Body: TypeAlias = tuple[int, int, int, int]
_STYLE = """<style>
text { font-family: Helvetica, Arial, sans-serif; fill: #24292f; font-size: 10px }
.name { font-size: 12px; font-weight: bold }
.head { font-size: 14px; font-weight: bold }
.quiet { fill: #656d76 }
.big { font-size: 30px; font-weight: bold; fill: #1a7f37; text-anchor: middle }
.panel { fill: #ffffff; stroke: #d0d7de }
.grid { stroke: #eaeef2 }
.goal { stroke: #cf222e; stroke-dasharray: 4 3 }
.cell { fill: #d8dee4 }
</style>"""


def draw(dashboard: Dashboard, target: Target) -> str:
    """Draw a dashboard as it is shown there.

    Returns:
        An SVG document.
    """
    placed = arrange(dashboard.for_target(target), _HEAD_HEIGHT)
    width = COLUMNS * _COLUMN + 2 * _GAP
    height = max(item.place.y + item.place.height for item in placed) * _UNIT + _TOP + _GAP
    title = f"{dashboard.title}: {_WHERE[target]}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{escape(title)}</title>",
        _STYLE,
        f'<rect width="{width}" height="{height}" fill="#f6f8fa"/>',
        _text(12, 27, title, "head"),
        f'<text x="{width - 12}" y="27" class="quiet" text-anchor="end">values are made up</text>',
        *(line for item in placed for line in _item(item, target)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _item(item: Placed, target: Target) -> Iterator[str]:
    if isinstance(item.content, Row):
        x, y, width, _ = _box(item.place)
        row = item.content
        yield _text(x + 6, y + 17, row.title, "name")
        # A title is set larger and bolder than the rest.
        yield _text(x + 22 + len(row.title) * 7.5, y + 17, _cut(row.question, width - 200), "quiet")
        return
    yield from _panel(item.content, item.place, target)


def _panel(panel: Panel, place: Place, target: Target) -> Iterator[str]:
    x, y, width, height = _box(place)
    yield f'<rect class="panel" x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>'
    yield _text(x + 8, y + 17, _cut(panel.title, width - 16, 12), "name")
    body = (x + 8, y + 26, width - 16, height - 34)
    if panel.kind is Kind.STAT:
        yield _text(x + width / 2, y + height / 2 + 14, panel.example[0], "big")
    elif panel.kind is Kind.TEXT:
        yield from _wrapped(panel.text, body)
    elif panel.kind is Kind.TIME_SERIES:
        yield from _curves(panel, target, body)
    else:
        yield from _rows(panel, body)


def _curves(panel: Panel, target: Target, body: _Body) -> Iterator[str]:
    x, y, width, height = body
    plot = height - 36
    yield _text(x, y + 8, panel.unit_for(target).label, "quiet")
    top = y + 14
    for step in range(4):
        line = top + plot * step / 3
        yield f'<line class="grid" x1="{x}" x2="{x + width}" y1="{line:.1f}" y2="{line:.1f}"/>'
    if panel.threshold is not None:
        goal = top + plot * 0.15
        label = escape(panel.threshold.label)
        yield f'<line class="goal" x1="{x}" x2="{x + width}" y1="{goal:.1f}" y2="{goal:.1f}"/>'
        yield f'<text x="{x + width}" y="{goal - 3:.1f}" class="quiet" text-anchor="end">{label}</text>'
    names = _series(panel, target)
    legend = float(x)
    for index, name in enumerate(names):
        color = _COLORS[index % len(_COLORS)]
        level = 0.75 - 0.6 * index / max(len(names), 2)
        points = " ".join(
            f"{x + width * step / (_POINTS - 1):.1f},{top + plot * (level + wave):.1f}"
            for step, wave in enumerate(_waves(f"{panel.title}/{name}"))
        )
        yield f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{points}"/>'
        needed = 14 + (len(name) + 1) * 10 * _LETTER
        if legend + needed <= x + width + 10:
            yield f'<rect x="{legend:.1f}" y="{y + height - 9}" width="9" height="3" fill="{color}"/>'
            yield _text(legend + 12, y + height - 4, name, "quiet")
            legend += needed


def _series(panel: Panel, target: Target) -> tuple[str, ...]:
    """The names of what is shown, where the source has them; else those of the example."""
    if target is Target.LOCAL:
        names = tuple(query.legend for query in panel.local if isinstance(query, PromQL))
    else:
        names = tuple(
            query.label if isinstance(query, Metric | Expression) else ""
            for query in panel.aws
            if not (isinstance(query, Metric) and not query.is_shown)
        )
    return panel.example if any(not name or "{{" in name for name in names) else names


def _rows(panel: Panel, body: _Body) -> Iterator[str]:
    x, y, width, height = body
    column = width / len(panel.example)
    for index, name in enumerate(panel.example):
        yield _text(x + index * column, y + 12, _cut(name, column), "quiet")
    for line in range(int((height - 20) // 20)):
        top = y + 24 + line * 20
        yield f'<line class="grid" x1="{x}" x2="{x + width}" y1="{top - 6}" y2="{top - 6}"/>'
        for index, name in enumerate(panel.example):
            share = 0.35 + (crc32(f"{panel.title}/{name}/{line}".encode()) % 100) / 200
            yield (
                f'<rect class="cell" x="{x + index * column:.1f}" y="{top}" width="{column * share:.1f}" '
                'height="7" rx="3"/>'
            )


def _wrapped(text: str, body: _Body) -> Iterator[str]:
    x, y, width, height = body
    letters = int(width / (10 * _LETTER))
    lines = [line for part in text.split("\n\n") for line in [*textwrap.wrap(part, letters), ""]]
    for index, line in enumerate(lines[: int(height // 13)]):
        yield _text(x, y + 12 + index * 13, line, "quiet")


def _waves(seed: str) -> Iterable[float]:
    """A curve of its own for each name, the same one each time; between -0.1 and 0.1."""
    number = crc32(seed.encode())
    first, second = number % 628 / 100, number // 628 % 628 / 100
    for step in range(_POINTS):
        yield 0.06 * math.sin(step / 4 + first) + 0.04 * math.sin(step * 1.7 + second)


def _box(place: Place) -> tuple[int, int, int, int]:
    return (
        _GAP + place.x * _COLUMN + _GAP // 2,
        _TOP + place.y * _UNIT + _GAP // 2,
        place.width * _COLUMN - _GAP,
        place.height * _UNIT - _GAP,
    )


def _cut(text: str, width: float, size: int = 10) -> str:
    letters = int(width / (size * _LETTER))
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(text)}</text>'
