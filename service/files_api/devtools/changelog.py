"""Reads and moves on CHANGELOG.md, which people write.

A version begins with `## 1.2.3 - 2026-11-28`, or with `## Unreleased` while it has no number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

UNRELEASED = "Unreleased"
_HEADING = re.compile(r"^## (?P<title>\S+)(?: - (?P<date>\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)


class ChangelogError(Exception):
    """The changelog is not as it should be. The text is one sentence for a person."""


def part_of(text: str, version: str) -> str:
    """Give what a changelog says of a version, without its heading.

    Raises:
        ChangelogError: It has no such part, or nothing in it.
    """
    headings = list(_HEADING.finditer(text))
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        if heading["title"] == version:
            part = text[heading.end() : following.start() if following else None].strip()
            if not part:
                raise ChangelogError(f"CHANGELOG.md says nothing of {version}.")
            return part
    raise ChangelogError(f"CHANGELOG.md has no part about {version}.")


def date_of(text: str, version: str) -> str | None:
    """Tell the day on which a version was released, as the changelog says; None where it does not."""
    return next((found["date"] for found in _HEADING.finditer(text) if found["title"] == version), None)


def released(text: str, version: str, today: date) -> str:
    """Give what is unreleased a number and a date, and make room for what comes.

    Raises:
        ChangelogError: Nothing is unreleased, or the version is there already.
    """
    part_of(text, UNRELEASED)
    if any(heading["title"] == version for heading in _HEADING.finditer(text)):
        raise ChangelogError(f"CHANGELOG.md has a part about {version} already.")
    return text.replace(f"## {UNRELEASED}\n", f"## {UNRELEASED}\n\n## {version} - {today.isoformat()}\n", 1)
