"""What may be the name of a file (`domain.paths`)."""

from __future__ import annotations

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.errors import InvalidFilePath
from files_api.domain.paths import (
    MAX_PATH_BYTES,
    check_directory,
    check_file_path,
    decode_url_path,
    encode_url_path,
    is_file_path,
)

segments = st.text(min_size=1, max_size=20).map(lambda text: unicodedata.normalize("NFC", text))
paths = st.lists(segments, min_size=1, max_size=5).map("/".join).filter(is_file_path)


@given(paths)
def test_a_legal_path_survives_its_url(path: str) -> None:
    assert decode_url_path(encode_url_path(path)) == path


@given(paths)
def test_the_url_of_a_path_is_visible_ascii(path: str) -> None:
    url = encode_url_path(path)

    assert url.isascii()
    assert url.isprintable()
    assert " " not in url


@given(st.text())
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    with suppress(InvalidFilePath):
        assert is_file_path(decode_url_path(text))


@given(paths, paths)
def test_two_paths_have_two_urls(one: str, other: str) -> None:
    assert (encode_url_path(one) == encode_url_path(other)) is (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/./b",
        "a/..",
        "a\\b",
        "a\x00",
        "a\x1f",
        "a\x7f",
        "a\x85",
        "\ud800",
        "e\u0301",
    ],
)
def test_an_illegal_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilePath):
        check_file_path(text)


def test_the_length_is_counted_in_bytes() -> None:
    with pytest.raises(InvalidFilePath, match="1026 bytes"):
        check_file_path("é" * 513)


def test_the_longest_path_is_taken() -> None:
    assert check_file_path("x" * MAX_PATH_BYTES)


@pytest.mark.parametrize("raw", ["%", "a%4", "a%zz", "%2F", "a%2fb", "%ff", "%ed%a0%80", "a#b", "%00"])
def test_a_url_that_is_no_path_is_refused(raw: str) -> None:
    with pytest.raises(InvalidFilePath):
        decode_url_path(raw)


def test_a_url_is_decoded_once() -> None:
    assert decode_url_path("%2541") == "%41"


@pytest.mark.parametrize(("text", "directory"), [("", ""), ("a", "a/"), ("a/", "a/"), ("a/b", "a/b/")])
def test_a_directory_ends_in_one_slash(text: str, directory: str) -> None:
    assert check_directory(text) == directory


@pytest.mark.parametrize("text", ["/", "a//", "../a", "//"])
def test_an_illegal_directory_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilePath):
        check_directory(text)
