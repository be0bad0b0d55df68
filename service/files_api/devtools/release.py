"""What a release has to hold together, beside the numbers that Commitizen counts up: `make release`, and the pipeline.

    python -m files_api.devtools.release preflight 1.1.0    may this be released from this working copy?
    python -m files_api.devtools.release prepare 1.1.0      number the changelog, keep the contract (`cz bump` calls it)
    python -m files_api.devtools.release check 1.1.0        is this commit that release?
    python -m files_api.devtools.release notes 1.1.0        what the changelog says of it

Exit status 1, and one sentence, where something is wrong.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from files_api.devtools.changelog import UNRELEASED, ChangelogError, date_of, part_of, released
from files_api.devtools.openapi import build_document, to_text
from files_api.devtools.openapi_changes import breaking_changes

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class ReleaseError(Exception):
    """This is no release. The text is one sentence for a person."""


class Release:
    """One release, in a working copy.

    Args:
        root: The working copy.
        version: `1.2.3`.

    Raises:
        ReleaseError: That is no version.
    """

    def __init__(self, root: Path, version: str) -> None:
        if _VERSION.fullmatch(version) is None:
            raise ReleaseError(
                f"A version is three numbers with points between, such as 1.2.0, not {version!r}."
            )
        self._root = root
        self._version = version
        self._changelog = root / "CHANGELOG.md"
        self._document = root / "openapi.json"
        #: One for each major: clients of v1 stay while there is a v2.
        self._kept = root / "docs" / "openapi-released" / f"v{version.partition('.')[0]}.json"

    def preflight(self) -> None:
        """Look whether it may be released, before anything is written.

        Raises:
            ReleaseError: It may not.
            ChangelogError: There is nothing to release.
        """
        changed = self._git("status", "--porcelain")
        if changed:
            raise ReleaseError(f"The working copy has changes that are not committed:\n{changed}")
        was = self._project_version()
        if _numbers(self._version) <= _numbers(was):
            raise ReleaseError(f"{self._version} is not newer than {was}.")
        if self._git("tag", "--list", f"v{self._version}"):
            raise ReleaseError(f"There is a tag v{self._version} already.")
        part_of(self._text(self._changelog), UNRELEASED)
        self._check_contract(_read(self._document) | {"info": {"version": self._version}})

    def prepare(self) -> None:
        """Write what belongs to it and is no number: changelog, document, released contract.

        Raises:
            ReleaseError: It would break clients.
            ChangelogError: There is nothing to release.
        """
        text = released(self._text(self._changelog), self._version, datetime.now(UTC).date())
        document = build_document()
        self._check_version("the service", document["info"]["version"])
        self._check_contract(document)
        self._changelog.write_text(text, encoding="utf-8")
        self._document.write_text(to_text(document), encoding="utf-8")
        self._kept.write_text(to_text(document), encoding="utf-8")

    def check(self) -> None:
        """Look whether this working copy is that release.

        Raises:
            ReleaseError: It is not.
            ChangelogError: The changelog does not know of it.
        """
        self._check_version("pyproject.toml", self._project_version())
        self._check_version("openapi.json", _read(self._document)["info"]["version"])
        self.notes()
        if date_of(self._text(self._changelog), self._version) is None:
            raise ReleaseError(f"CHANGELOG.md does not say when {self._version} was released.")
        if self._text(self._kept) != self._text(self._document):
            raise ReleaseError(f"{self._kept.name} is not the document of this release.")

    def notes(self) -> str:
        """Give what the changelog says of it.

        Raises:
            ChangelogError: Nothing.
        """
        return part_of(self._text(self._changelog), self._version)

    def _check_contract(self, document: dict[str, Any]) -> None:
        if not self._kept.exists():
            return  # the first of its major
        found = breaking_changes(_read(self._kept), _read(self._document) | document)
        if found:
            raise ReleaseError(
                f"{self._version} would break clients of {self._kept.name}; a new major may: {' '.join(found)}"
            )

    def _check_version(self, where: str, found: str) -> None:
        if found != self._version:
            raise ReleaseError(f"This is not {self._version}: {where} says {found}.")

    def _project_version(self) -> str:
        with (self._root / "pyproject.toml").open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607  # the git of whoever releases
            cwd=self._root,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ReleaseError(f"git {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout.strip()

    def _text(self, file: Path) -> str:
        try:
            return file.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise ReleaseError(f"{file.relative_to(self._root)} is not there.") from error


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _read(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m files_api.devtools.release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=["preflight", "prepare", "check", "notes"])
    parser.add_argument("version", help="the version, without a v")
    parser.add_argument("--root", type=Path, default=Path(), help="the working copy; this folder")
    options = parser.parse_args(arguments)
    try:
        release = Release(options.root.resolve(), options.version)
        match options.action:
            case "preflight":
                release.preflight()
            case "prepare":
                release.prepare()
            case "check":
                release.check()
            case _:
                sys.stdout.write(release.notes() + "\n")
    except (ReleaseError, ChangelogError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
