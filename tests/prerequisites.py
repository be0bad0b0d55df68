"""What a test needs beside Python: skipped where a stranger does not have it, never in the gate."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection


def need(missing: Collection[str], untested: str) -> None:
    """Skip where something is missing; fail where a skip would be a lie: in the gate (CI).

    Args:
        missing: What is not there, each with the command that brings it.
        untested: What is not tested for it, such as "The machine image is".
    """
    if not missing:
        return
    sentence = f"{untested} NOT tested here. Missing: {'; '.join(missing)}."
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def need_program(name: str, untested: str, *, bring: str = "") -> None:
    """The same for one program on the PATH.

    Args:
        name: The program.
        untested: See `need`.
        bring: The command that brings it, where that is not `apt-get install` with the program's name.
    """
    need([] if shutil.which(name) else [f"{name} ({bring or f'apt-get install {name}'})"], untested)
