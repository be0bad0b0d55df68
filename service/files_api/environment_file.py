"""Reads settings from a file as systemd reads an EnvironmentFile, so that a command sees what the service sees.

The rules are those of systemd.exec(5), "EnvironmentFile="
(https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=): one assignment a line;
comments begin with `#` or `;`; lines without `=` and names that are none do not count; a backslash at the end of a line
goes on with the next one; '…' is taken as it stands, "…" knows the escapes of a shell, and both may go over lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A comment, an empty line, or one that assigns nothing.
_NOTHING = re.compile(r"[ \t\r]*(?:[#;][^\n]*|[^=\n]*)(?:\n|\Z)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# What a value is made of: any number of quoted pieces, then a bare one to the end of the line.
_QUOTE = re.compile(r"[ \t\r]*(['\"]?)")
_SINGLE_QUOTED = re.compile(r"([^']*)'")
_DOUBLE_QUOTED = re.compile(r'((?:[^"\\]|\\[\s\S])*)"')
# Blanks at its end do not count, unless they are escaped; nor does a backslash that ends the file.
_BARE = re.compile(r"((?:[^\\\n]|\\[\s\S])*?)[ \t\r]*(?:\n|\\?\Z)")

_ESCAPED_IN_QUOTES = re.compile(r'\\([\n"\\`$])')
_ESCAPED = re.compile(r"\\([\s\S])")


class EnvironmentFileError(Exception):
    """A file that cannot be read, or not be understood. The text is one sentence, and tells no value."""


def read_environment_file(path: Path) -> dict[str, str]:
    """Read the settings in a file. Where a name stands twice, the last one holds.

    Raises:
        EnvironmentFileError: The file cannot be read, is not UTF-8, or has a quote that is not closed.
    """
    try:
        return parse_environment(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EnvironmentFileError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise EnvironmentFileError(f"{path} is not UTF-8.") from error
    except EnvironmentFileError as error:
        raise EnvironmentFileError(f"{path}: {error}") from error


def parse_environment(text: str) -> dict[str, str]:
    """Take the text of such a file apart.

    Raises:
        EnvironmentFileError: A quote is not closed.
    """
    settings: dict[str, str] = {}
    position = 0
    while position < len(text):
        nothing = _NOTHING.match(text, position)
        if nothing is not None:
            position = nothing.end()
            continue
        equals = text.index("=", position)
        name = text[position:equals].strip()
        value, position = _value_at(text, equals + 1)
        if _NAME.fullmatch(name):
            settings[name] = value
    return settings


def _value_at(text: str, position: int) -> tuple[str, int]:
    """Read one value, and tell where the next line begins."""
    pieces = []
    while (opening := _match(_QUOTE, text, position))[1]:
        quoted = _SINGLE_QUOTED if opening[1] == "'" else _DOUBLE_QUOTED
        piece = _match(quoted, text, opening.end())
        pieces.append(piece[1] if opening[1] == "'" else _ESCAPED_IN_QUOTES.sub(_meant, piece[1]))
        position = piece.end()
    bare = _match(_BARE, text, opening.end())
    pieces.append(_ESCAPED.sub(_meant, bare[1]))
    return "".join(pieces), bare.end()


def _match(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    match = pattern.match(text, position)
    if match is None:
        # The one thing that can be missing: what `_QUOTE` and `_BARE` look for is always there.
        line = text.count("\n", 0, position) + 1
        raise EnvironmentFileError(f"the quote in line {line} is not closed.")
    return match


def _meant(escape: re.Match[str]) -> str:
    """What an escape stands for: the character itself, or nothing for the end of a line."""
    return "" if escape[1] == "\n" else escape[1]
