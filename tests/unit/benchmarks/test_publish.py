"""The tables go between the markers of the page, and nowhere else."""

from __future__ import annotations

import pytest
from tests.benchmarks.publish import BEGIN, END, PageHasNoPlace, replace_between_markers


def test_what_is_between_the_markers_is_replaced() -> None:
    page = f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    assert replace_between_markers(page, "new\n") == f"before\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"


def test_doing_it_again_changes_nothing() -> None:
    once = replace_between_markers(f"{BEGIN}{END}", "new")
    assert replace_between_markers(once, "new") == once


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}\n{BEGIN}"])
def test_a_page_without_both_markers_is_refused(page: str) -> None:
    with pytest.raises(PageHasNoPlace, match="bench:begin"):
        replace_between_markers(page, "new")
