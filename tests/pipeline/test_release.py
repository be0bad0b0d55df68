"""`make release`: one number everywhere, a changelog that people wrote, the contract kept, a commit and a tag."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import date
from typing import TYPE_CHECKING

import pytest
from tests.pipeline.workflows import ROOT
from tests.prerequisites import need

from files_api.devtools.changelog import ChangelogError, part_of, released
from files_api.devtools.release import main

if TYPE_CHECKING:
    from pathlib import Path

_CHANGELOG = """\
# Changelog

## Unreleased

- Something new.

## 1.0.0 - 2026-11-28

The first release.
"""
_COPIED = ("pyproject.toml", "openapi.json", "docs/openapi-released", "service", "tests/contract")


class Copy:
    """A repository with what a release touches, begun at 1.0.0 and with something unreleased."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _COPIED:
            source, target = ROOT / name, folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        self.write("CHANGELOG.md", _CHANGELOG)
        self.write(".gitignore", ".venv\n__pycache__\n")
        (folder / ".venv").symlink_to(ROOT / ".venv")
        self.environment = {
            **os.environ,
            **{
                f"GIT_{who}_{what}": "test@localhost"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
            "GIT_CONFIG_GLOBAL": os.devnull,
            # The copy's own package, not the one that is installed.
            "PYTHONPATH": str(folder / "service"),
        }
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("Begin")
        self.git("tag", "v1.0.0")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def git(self, *arguments: str) -> str:
        return self._run("git", *arguments).stdout.strip()

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def release(self, version: str) -> None:
        """What `make release` runs."""
        self._run(".venv/bin/python", "-m", "files_api.devtools.release", "preflight", version)
        self._run(str(ROOT / ".venv-tools/bin/cz"), "bump", "--yes", version)

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """The same, after `make release VERSION=1.1.0`."""
    need([] if (ROOT / ".venv-tools/bin/cz").exists() else ["cz (make tools)"], "Releasing is")
    copy = Copy(tmp_path_factory.mktemp("release"))
    copy.release("1.1.0")
    return copy


def test_it_is_one_commit_with_a_tag_and_nothing_is_left_over(after: Copy) -> None:
    assert after.git("log", "-1", "--format=%s") == "Release 1.1.0"
    assert after.git("describe", "--exact-match") == "v1.1.0"
    assert after.git("status", "--porcelain") == ""


def test_the_number_is_the_same_wherever_it_is(after: Copy) -> None:
    assert 'version = "1.1.0"' in after.read("pyproject.toml")
    assert '_API_VERSION = "1.1.0"' in after.read("service/files_api/app.py")
    assert json.loads(after.read("openapi.json"))["info"]["version"] == "1.1.0"
    assert '== "1.1.0"' in after.read("tests/contract/test_openapi_document.py")


def test_the_contract_of_the_release_is_kept_for_the_next_comparison(after: Copy) -> None:
    assert after.read("docs/openapi-released/v1.json") == after.read("openapi.json")


def test_what_was_unreleased_has_its_number_and_day_and_there_is_room_for_more(after: Copy) -> None:
    text = after.read("CHANGELOG.md")

    assert "## Unreleased\n\n## 1.1.0 - 20" in text
    assert part_of(text, "1.1.0") == "- Something new."


def test_the_pipeline_takes_the_commit_for_that_release(after: Copy) -> None:
    assert main(["check", "1.1.0", "--root", str(after.folder)]) == 0


def test_and_for_no_other(after: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "1.2.0", "--root", str(after.folder)]) == 1
    assert capsys.readouterr().err == "This is not 1.2.0: pyproject.toml says 1.1.0.\n"


def _refused(copy: Copy, version: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["preflight", version, "--root", str(copy.folder)]) == 1
    return capsys.readouterr().err


def test_what_is_not_committed_is_not_released(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    copy.write("openapi.json", "{}")

    assert "has changes that are not committed" in _refused(copy, "1.1.0", capsys)


@pytest.mark.parametrize("version", ["1.0.0", "0.9.9"])
def test_an_older_number_is_refused(copy: Copy, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{version} is not newer than 1.0.0." in _refused(copy, version, capsys)


@pytest.mark.parametrize("version", ["v1.1.0", "1.1", "1.1.0rc1", "01.1.0"])
def test_what_is_no_number_is_refused(copy: Copy, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "A version is three numbers" in _refused(copy, version, capsys)


def test_a_release_without_a_word_is_refused(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    copy.write("CHANGELOG.md", _CHANGELOG.replace("- Something new.\n\n", ""))
    copy.commit("Take the words away")

    assert "CHANGELOG.md says nothing of Unreleased." in _refused(copy, "1.1.0", capsys)


def test_a_tag_that_is_there_is_not_moved(copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    copy.git("tag", "v1.1.0")

    assert "There is a tag v1.1.0 already." in _refused(copy, "1.1.0", capsys)


def _break(copy: Copy) -> None:
    document = json.loads(copy.read("openapi.json"))
    del document["paths"]["/v1/files/generated"]
    copy.write("openapi.json", json.dumps(document))
    copy.commit("Break clients")


def test_a_minor_release_that_breaks_clients_is_refused(
    copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    _break(copy)

    assert "1.1.0 would break clients of v1.json" in _refused(copy, "1.1.0", capsys)


def test_a_major_one_may(copy: Copy) -> None:
    _break(copy)

    assert main(["preflight", "2.0.0", "--root", str(copy.folder)]) == 0


def test_the_changelog_of_this_repository_tells_of_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["notes", "1.0.0", "--root", str(ROOT)]) == 0
    assert capsys.readouterr().out.startswith("The first release.")


def test_a_version_is_not_given_twice() -> None:
    with pytest.raises(ChangelogError, match=r"has a part about 1\.0\.0 already"):
        released(_CHANGELOG, "1.0.0", date(2026, 12, 1))


def test_a_part_ends_where_the_next_one_begins() -> None:
    assert part_of(_CHANGELOG, "Unreleased") == "- Something new."
    assert part_of(_CHANGELOG, "1.0.0") == "The first release."
