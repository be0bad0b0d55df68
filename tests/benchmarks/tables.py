"""Rows to Markdown tables: the median of the rounds, and in brackets the lowest and the highest."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its head, and the cell for the rows of all rounds of one thing."""

    head: str
    cell: Callable[[Sequence[Row]], str]


def label(head: str, key: str) -> Column:
    """A column of what is the same in every round."""
    return Column(head, lambda group: str(group[0][key]))


def figure(head: str, key: str, form: str) -> Column:
    """A column of what was measured in each round; a dash where it never was."""
    return Column(head, lambda group: spread([row.get(key) for row in group], form))


def spread(values: Iterable[float | None], form: str) -> str:
    """Median, lowest and highest."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    low, high = format(min(known), form), format(max(known), form)
    middle = format(median(known), form)
    return middle if low == high else f"{middle} ({low} to {high})"


def groups(rows: Iterable[Row], *keys: str) -> list[list[Row]]:
    """The rows with the same values of these keys together, in the order in which they first come."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return list(found.values())


def render(title: str, columns: Sequence[Column], grouped: Iterable[Sequence[Row]]) -> str:
    """A title, and under it a line for each group of rows."""
    lines = [[column.cell(group) for column in columns] for group in grouped]
    return render_cells(title, [column.head for column in columns], lines)


def render_cells(title: str, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """The same of cells that are ready."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *lines, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([title, "", line(heads), rule, *(line(cells) for cells in lines), ""])
