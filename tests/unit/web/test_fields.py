"""Request header fields (`web.fields`)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.errors import InvalidDigest, InvalidMetadata, InvalidPrecondition
from files_api.domain.models import ByteRange
from files_api.web import fields

if TYPE_CHECKING:
    from flask.ctx import RequestContext

APP = Flask(__name__)


def request_with(**headers: str) -> RequestContext:
    """A request with these headers; `If_Match` stands for `If-Match`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return APP.test_request_context("/", headers=named)


latin = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"))


@pytest.mark.parametrize(
    ("value", "tags"),
    [
        ('"a"', ['"a"']),
        ('"a", "b"', ['"a"', '"b"']),
        ('"a","b",', ['"a"', '"b"']),
        (' , "a" ,', ['"a"']),
        ('""', ['""']),
        ('"a,b"', ['"a,b"']),
        ('W/"a"', ['"a"']),
    ],
)
def test_a_list_of_entity_tags_is_read(value: str, tags: list[str]) -> None:
    assert [tag.value for tag in fields.entity_tags(value).tags] == tags


@pytest.mark.parametrize(
    "value", ["", "a", '"a', '"a" "b"', '"a"b', 'w/"a"', '*, "a"', "**", ",", '"a"; "b"']
)
def test_what_is_no_list_of_entity_tags_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="entity tags"):
        fields.entity_tags(value)


@pytest.mark.parametrize(
    "value", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_every_form_of_an_http_date_is_read(value: str) -> None:
    assert fields.http_date(value) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", "yesterday", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 CET"])
def test_what_is_no_http_date_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="HTTP-date"):
        fields.http_date(value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("bytes=0-3", ByteRange(0, 3)),
        ("bytes=4-", ByteRange(4)),
        ("bytes=-5", ByteRange(suffix_length=5)),
        ("BYTES=0-0", ByteRange(0, 0)),
        ("bytes=3-1", None),
        ("bytes=0-1,2-3", None),
        ("bytes=-", None),
        ("chars=0-1", None),
        ("", None),
    ],
)
def test_a_range_is_read(value: str, wanted: ByteRange | None) -> None:
    with request_with(Range=value):
        assert fields.byte_range() == wanted


@given(latin.map(lambda rest: f"bytes={rest}") | latin)
def test_no_range_can_break_anything(value: str) -> None:
    with request_with(Range=value):
        found = fields.byte_range()

    assert found is None or str(found).startswith("bytes=")


@given(latin)
def test_no_condition_of_a_read_can_break_anything(value: str) -> None:
    with request_with(If_Match=value, If_None_Match=value, If_Modified_Since=value, If_Range=value):
        fields.if_range()

        assert fields.read_preconditions() is not None


@given(latin)
def test_a_condition_of_a_write_is_read_or_refused(value: str) -> None:
    with request_with(If_Match=value), suppress(InvalidPrecondition):
        assert fields.write_preconditions().if_match is not None


@given(latin)
def test_a_digest_is_read_or_refused(value: str) -> None:
    with request_with(Content_Digest=value, Content_MD5=value), suppress(InvalidDigest):
        assert set(fields.declared_digests()) <= {"sha-256", "sha-512", "md5"}


@given(latin)
def test_no_wish_for_a_digest_can_break_anything(value: str) -> None:
    with request_with(Want_Repr_Digest=value):
        assert fields.wants_sha256() in {True, False}


@given(latin)
def test_metadata_is_kept_unchanged_or_refused(value: str) -> None:
    with request_with(X_File_Meta_Name=value), suppress(InvalidMetadata):
        assert fields.user_metadata() == {"name": value}
