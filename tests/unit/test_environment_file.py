"""Settings out of a file, as systemd reads them (`environment_file`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.environment_file import EnvironmentFileError, parse_environment, read_environment_file

if TYPE_CHECKING:
    from pathlib import Path

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("A=b", {"A": "b"}),
        ("A=b\nC=d\n", {"A": "b", "C": "d"}),
        ("A=b\r\nC=d\r\n", {"A": "b", "C": "d"}),
        ("A=first\nA=last\n", {"A": "last"}),
        ("A=\nB=c", {"A": "", "B": "c"}),
        ("  A = b c \n", {"A": "b c"}),
        ("A=b=c\n", {"A": "b=c"}),
        ("A=b#c ;d\n", {"A": "b#c ;d"}),
        ("\n# A=b\n; A=b\n  # A=b\nC=d", {"C": "d"}),
        ("# ends in a backslash \\\nA=b", {"A": "b"}),
        ("not an assignment\nA=b", {"A": "b"}),
        ("export A=b\n1A=b\nA-B=c\n=d\nE=f", {"E": "f"}),
    ],
)
def test_an_assignment_stands_on_a_line(text: str, settings: dict[str, str]) -> None:
    assert parse_environment(text) == settings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("A='b c' \n", "b c"),
        ('A="b c"\n', "b c"),
        ("A='b\"c'\n", 'b"c'),
        ('A="b\'c"\n', "b'c"),
        ("A=' b '\n", " b "),
        ("A='b\nc'\n", "b\nc"),
        ('A="b\nc"\n', "b\nc"),
        ("A='b\\n\\'\n", "b\\n\\"),
        ('A="\\"b\\" \\\\ \\$ \\` \\n"\n', '"b" \\ $ ` \\n'),
        ('A="b\\\nc"\n', "bc"),
        ("A='b'\"c\"d\n", "bcd"),
        ("A=b'c'\n", "b'c'"),
        ('A="# no comment"\n', "# no comment"),
    ],
)
def test_a_value_may_be_in_quotes(text: str, value: str) -> None:
    assert parse_environment(f"{text}Z=z") == {"A": value, "Z": "z"}


@pytest.mark.parametrize(
    ("text", "value"),
    [("A=b\\\nc\n", "bc"), ("A=b\\\\c\n", "b\\c"), ("A=b\\ \n", "b "), ("A=b\\\\ \n", "b\\"), ("A=b\\", "b")],
)
def test_a_backslash_goes_on_with_the_next_line_or_keeps_a_character(text: str, value: str) -> None:
    assert parse_environment(text) == {"A": value}


@given(st.dictionaries(names, st.text().filter(lambda value: "'" not in value)))
def test_what_is_in_single_quotes_comes_out_as_it_went_in(settings: dict[str, str]) -> None:
    assert parse_environment("".join(f"{name}='{value}'\n" for name, value in settings.items())) == settings


@pytest.mark.parametrize("text", ["A=b\nC='d\nE=f\n", 'A=b\nC="d\\"\n'])
def test_a_quote_that_is_not_closed_is_told_with_its_line_and_without_its_value(text: str) -> None:
    with pytest.raises(EnvironmentFileError, match=r"^the quote in line 2 is not closed\.$"):
        parse_environment(text)


def test_a_file_is_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_bytes("A=ü\n".encode())

    assert read_environment_file(file) == {"A": "ü"}


@pytest.mark.parametrize(
    ("content", "problem"), [(b"A=\xff", "is not UTF-8"), (b"A='", "the quote in line 1 is not closed")]
)
def test_a_file_that_cannot_be_understood_is_named(content: bytes, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_bytes(content)

    with pytest.raises(EnvironmentFileError, match=rf"{file}:? {problem}\."):
        read_environment_file(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFileError, match="nowhere cannot be read: No such file or directory"):
        read_environment_file(tmp_path / "nowhere")
