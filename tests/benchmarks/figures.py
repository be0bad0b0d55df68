"""How every picture looks, and that the same figures give the same file, byte for byte."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

# What is kept free at the bottom, for the footer and above it the legend.
_FOOTER_INCHES = 0.25
_LEGEND_INCHES = 0.3
GOAL_COLOUR = "#CC3311"


def _set_style() -> None:
    rcdefaults()  # nothing of what the user's own matplotlibrc says
    rcParams.update(
        {
            # Ids in the file would otherwise be random.
            "svg.hashsalt": "files-api",
            # Text stays text: it can be searched and copied, and the files are small.
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "font.size": 9.0,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.titlesize": 10.0,
            "figure.facecolor": "white",
            "legend.frameon": False,
        }
    )


@contextmanager
def sheet(
    path: Path,
    title: str,
    footer: str,
    *,
    columns: Sequence[float] = (1,),
    rows: int = 1,
    inches: tuple[float, float] = (9.0, 4.0),
) -> Iterator[list[Axes]]:
    """Give the axes to draw on, row by row, and write the picture at the end.

    Args:
        path: The SVG file.
        title: What is shown.
        footer: On what and when it was measured.
        columns: How wide the columns are, in proportion.
        rows: How many rows of axes.
        inches: Width and height.
    """
    with rc_context():
        _set_style()
        figure = Figure(figsize=inches, layout="constrained")
        axes = figure.subplots(rows, len(columns), width_ratios=columns, squeeze=False)
        figure.suptitle(title, fontsize=12)
        reserved = (_FOOTER_INCHES + _LEGEND_INCHES) / inches[1]
        figure.get_layout_engine().set(rect=(0.0, reserved, 1.0, 1.0 - reserved))  # type: ignore[union-attr,call-arg]
        figure.text(0.01, 0.02, footer, fontsize=7, color="#555555", va="bottom", wrap=True)
        yield list(axes.flat)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})
    # matplotlib leaves blanks at the ends of lines, which are noise in a diff.
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n")


def legend_below(axes: Axes) -> None:
    """Explain what these axes show under the whole picture, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    figure = axes.get_figure(root=True)
    assert figure is not None
    place = (0.5, _FOOTER_INCHES / figure.get_size_inches()[1])
    figure.legend(
        handles, labels, loc="lower center", bbox_to_anchor=place, ncols=len(labels), fontsize=8
    ).set_in_layout(False)
