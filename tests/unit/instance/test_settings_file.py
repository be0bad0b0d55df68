"""Settings on the disk (`instance.settings_file`): read by systemd as they were meant, and whole or not at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.environment_file import parse_environment, read_environment_file
from files_api.instance.settings_file import UnwritableSettingsError, render_settings, write_file

if TYPE_CHECKING:
    from pathlib import Path

names = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)


@given(st.dictionaries(names, values))
def test_what_is_written_is_read_the_same(settings: dict[str, str]) -> None:
    assert parse_environment(render_settings(settings)) == settings


def test_the_order_is_that_of_the_names_so_that_files_can_be_compared() -> None:
    first = render_settings({"B": "2", "A": "1"})

    assert first == render_settings({"A": "1", "B": "2"})
    assert first.splitlines()[1:] == ['A="1"', 'B="2"']


@pytest.mark.parametrize("value", ["a\nB=c", "a\r", "\0", "tab\there", "\x7f"])
def test_a_value_that_could_begin_a_line_of_its_own_is_refused_and_not_quoted(value: str) -> None:
    with pytest.raises(UnwritableSettingsError, match=r"^The value of SECRET has control characters\.$"):
        render_settings({"SECRET": value})


def test_the_file_is_for_its_owner_and_the_service_alone(tmp_path: Path) -> None:
    path = tmp_path / "environment"

    write_file(path, "A=1\n", group_id=os.getgid())

    status = path.stat()
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert (status.st_uid, status.st_gid) == (os.getuid(), os.getgid())
    assert read_environment_file(path) == {"A": "1"}


def test_a_new_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "environment"
    write_file(path, "A=1\n", group_id=os.getgid())
    with path.open(encoding="utf-8") as reader:
        write_file(path, "A=2\n", group_id=os.getgid())

        assert reader.read() == "A=1\n", "who had it open reads on in the old one"
    assert path.read_text(encoding="utf-8") == "A=2\n"


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "environment"
    write_file(path, "A=1\n", group_id=os.getgid())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_file(path, "A=2\n", group_id=os.getgid())

    assert path.read_text(encoding="utf-8") == "A=1\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["environment"]


def test_the_file_never_has_other_rights_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "environment"
    seen: list[tuple[bool, int]] = []
    chmod = os.fchmod

    def look(descriptor: int, mode: int) -> None:
        seen.append((path.exists(), stat.S_IMODE(os.fstat(descriptor).st_mode)))
        chmod(descriptor, mode)

    monkeypatch.setattr("os.fchmod", look)
    write_file(path, "A=1\n", group_id=os.getgid())

    assert seen == [(False, 0o600)]
