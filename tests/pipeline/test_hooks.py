"""Before a commit runs what `make lint` runs, and a message is a sentence."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types
from tests.pipeline.workflows import ROOT
from tests.prerequisites import need

TOOLS = ROOT / ".venv-tools" / "bin"


def _hooks() -> dict[str, dict[str, Any]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    return {hook["id"]: hook for repository in config["repos"] for hook in repository["hooks"]}


def _tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    need([] if (TOOLS / name).exists() else [f"{name} (make tools)"], "The hooks are")
    return subprocess.run(
        [str(TOOLS / name), *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_pre_commit_takes_the_file() -> None:
    done = _tool("pre-commit", "validate-config")

    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_fetched_from_anywhere() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))

    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    assert {hook["language"] for hook in _hooks().values()} == {"system"}


def test_before_each_commit_make_lint_runs_whatever_has_changed() -> None:
    hook = _hooks()["lint"]

    assert hook["entry"] == "make lint"
    assert hook["always_run"] is True
    assert hook["pass_filenames"] is False


def test_what_the_hooks_call_is_there() -> None:
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )

    called = {hook["entry"].split()[1] for hook in _hooks().values() if hook["entry"].startswith("make ")}
    assert called - targets == set()


@pytest.mark.parametrize(
    "message",
    [
        "Let clients list one directory",
        "Let clients list one directory\n\nThey asked for it. The old way stays.\n",
        "Release 1.2.0",
    ],
)
def test_a_sentence_in_the_imperative_is_a_message(message: str) -> None:
    done = _tool("cz", "check", "--message", message)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "message",
    [
        "feat: let clients list one directory",
        "let clients list one directory",
        "Let clients list one directory.",
        "Let clients list one directory\nand more",
        "wip",
        "L" + "o" * 120 + "ng",
    ],
)
def test_anything_else_is_not(message: str) -> None:
    assert _tool("cz", "check", "--message", message).returncode != 0
