"""Page tokens (`web.page_tokens`)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.errors import InvalidPageToken
from files_api.web.page_tokens import Page, read_page_token, write_page_token

PAGE = Page("a/b/", recursive=False, continuation="from-s3==")
pages = st.builds(
    Page,
    st.text(st.characters(codec="utf-8")),
    st.booleans(),
    st.text(st.characters(codec="utf-8")),
)


@given(pages)
def test_a_token_carries_its_page(page: Page) -> None:
    assert read_page_token(write_page_token(page, "files"), "files") == page


@given(pages)
def test_a_token_needs_no_escape_in_a_query(page: Page) -> None:
    assert set(write_page_token(page, "files")) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    )


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidPageToken):
        read_page_token(text, "files")


@given(st.integers(0, 200), st.sampled_from("AZaz09-_=+/ "))
def test_a_token_altered_in_one_place_is_refused(place: int, letter: str) -> None:
    token = write_page_token(PAGE, "files")
    altered = token[: place % len(token)] + letter + token[place % len(token) + 1 :]

    if altered != token:
        with pytest.raises(InvalidPageToken):
            read_page_token(altered, "files")


def test_a_token_of_another_bucket_is_refused() -> None:
    with pytest.raises(InvalidPageToken):
        read_page_token(write_page_token(PAGE, "theirs"), "files")
