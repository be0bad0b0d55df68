"""Where things stand: a grid of 24 columns, which Grafana and CloudWatch both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from files_api.devtools.dashboards.model import Kind, Panel, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = 24
_HEIGHT_OF = {
    Kind.TIME_SERIES: 7,
    Kind.STAT: 7,
    Kind.TABLE: 8,
    Kind.LOGS: 8,
    Kind.TRACES: 8,
    Kind.TEXT: 7,
}


@dataclass(frozen=True)
class Place:
    """A rectangle of the grid."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Placed:
    """A row's head or a panel, and where it stands."""

    content: Row | Panel
    place: Place


def arrange(rows: Sequence[Row], head_height: int) -> tuple[Placed, ...]:
    """Give everything its place: rows below one another, panels from left to right as long as there is room.

    Args:
        rows: What there is.
        head_height: How high the head of a row is, in units of the grid.
    """
    placed: list[Placed] = []
    y = 0
    for row in rows:
        placed.append(Placed(row, Place(0, y, COLUMNS, head_height)))
        y += head_height
        for line in _lines(row.panels):
            height = max(_HEIGHT_OF[panel.kind] for panel in line)
            x = 0
            for panel in line:
                # The last of a line goes to the edge: what stood beside it may not be there in this form.
                width = COLUMNS - x if panel is line[-1] else panel.width
                placed.append(Placed(panel, Place(x, y, width, height)))
                x += width
            y += height
    return tuple(placed)


def _lines(panels: Sequence[Panel]) -> list[list[Panel]]:
    lines: list[list[Panel]] = []
    for panel in panels:
        if not lines or sum(other.width for other in lines[-1]) + panel.width > COLUMNS:
            lines.append([])
        lines[-1].append(panel)
    return lines
