"""Guessing types, and telling the harmless ones (`domain.content_types`)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.content_types import BY_EXTENSION, guess_content_type, is_inert


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("a.txt", "text/plain"),
        ("A.TXT", "text/plain"),
        ("a.tar.gz", "application/gzip"),
        (".png", "image/png"),
        ("html", "application/octet-stream"),
        ("a.", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_a_type_is_guessed_from_the_extension(name: str, guess: str) -> None:
    assert guess_content_type(name) == guess


@pytest.mark.parametrize("content_type", sorted(set(BY_EXTENSION.values())))
def test_a_type_that_is_guessed_is_in_lower_case(content_type: str) -> None:
    assert content_type == content_type.lower()


@pytest.mark.parametrize(
    "content_type", ["image/png", "IMAGE/JPEG", "audio/x-any", "video/mp4; codecs=av1", "text/plain"]
)
def test_what_runs_nothing_is_inert(content_type: str) -> None:
    assert is_inert(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/html",
        "image/svg+xml",
        "application/pdf",
        "text/plain, text/html",
        "image/png/x",
        "text",
        "image/*",
        "text/plain\n",
    ],
)
def test_what_may_run_something_or_is_no_type_is_not_inert(content_type: str) -> None:
    assert not is_inert(content_type.replace("\n", "\ntext/html"))


@given(st.text())
def test_any_text_is_inert_or_not(text: str) -> None:
    assert is_inert(text) in {True, False}
