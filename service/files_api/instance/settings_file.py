"""Writes settings as systemd reads them (EnvironmentFile=), whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from files_api.environment_file import parse_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The owner may write, the service may read, and nobody else.
MODE = 0o640
_HEADER = "# Written by files-api-instance when the instance starts; the settings are SSM parameters.\n"
_ESCAPED_IN_QUOTES = re.compile(r'(["\\`$])')
# A value that is more than one line is none that a setting can have, and systemd drops what is no printable text.
_NOT_ALLOWED = re.compile(r"[\x00-\x1f\x7f]")


class UnwritableSettingsError(Exception):
    """The settings cannot be written so that systemd reads the same. The text is one sentence, and tells no value."""


def render_settings(settings: Mapping[str, str]) -> str:
    """Write settings as text, in the order of their names.

    Raises:
        UnwritableSettingsError: A value cannot be written.
    """
    for name, value in settings.items():
        if _NOT_ALLOWED.search(value):
            raise UnwritableSettingsError(f"The value of {name} has control characters.")
    lines = (f'{name}="{_ESCAPED_IN_QUOTES.sub(_escape, settings[name])}"\n' for name in sorted(settings))
    text = _HEADER + "".join(lines)
    if parse_environment(text) != dict(settings):
        raise UnwritableSettingsError("The settings would be read otherwise than they are.")
    return text


def write_file(path: Path, text: str, *, group_id: int) -> None:
    """Put a file in the place of what is there. A reader sees the old one or the new one, and nothing in between.

    Args:
        path: Where.
        text: What.
        group_id: The group that may read it.

    Raises:
        OSError: It cannot be written; the old one stands as it was.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            # Before it has its name: it is never there with other rights.
            os.fchown(file.fileno(), -1, group_id)
            os.fchmod(file.fileno(), MODE)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _escape(special: re.Match[str]) -> str:
    return f"\\{special[1]}"
