"""Which images may go."""

from __future__ import annotations

from files_api.operations.cloud.images import Image
from files_api.operations.pruning import removable


def _images(*names: str, architecture: str = "x86_64") -> list[Image]:
    return [Image(name, name, "available", architecture, created="") for name in names]


def test_the_newest_stay() -> None:
    assert removable(_images("4", "3", "2", "1"), set(), keep=2) == _images("2", "1")


def test_what_is_in_use_stays_however_old_it_is() -> None:
    assert removable(_images("4", "3", "2", "1"), {"1"}, keep=2) == _images("2")


def test_what_is_in_use_counts_among_the_newest() -> None:
    assert removable(_images("3", "2", "1"), {"3"}, keep=1) == _images("2", "1")


def test_each_architecture_is_counted_by_itself() -> None:
    both = _images("4", "3") + _images("2", "1", architecture="arm64")

    assert removable(both, set(), keep=1) == _images("3") + _images("1", architecture="arm64")
