"""Ranges (RFC 9110 section 14; http-api.md, Ranges)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.client import Client

BODY = b"0123456789"
PAST = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.fixture
def etag(client: Client) -> str:
    """The tag of a file of ten bytes."""
    return client.put("a.bin", BODY).etag


@pytest.mark.parametrize(
    ("wanted", "part", "told"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=9-9", b"9", "bytes 9-9/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=0-", BODY, "bytes 0-9/10"),
        ("bytes=5-999", b"56789", "bytes 5-9/10"),
        ("bytes=-999", BODY, "bytes 0-9/10"),
        ("bytes=2-99999999999999999999999999", b"23456789", "bytes 2-9/10"),
        ("BYTES=0-0", b"0", "bytes 0-0/10"),
        ("bytes= 0-0 ,", b"0", "bytes 0-0/10"),
    ],
)
def test_a_range_is_206_with_just_these_bytes(
    client: Client, etag: str, wanted: str, part: bytes, told: str
) -> None:
    answer = client.get("a.bin", Range=wanted)

    assert (answer.status, answer.body, answer.headers["Content-Range"]) == (206, part, told)


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,4-5",
        "bytes=5-2",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=--3",
        "bytes=+1-2",
        "bytes=1-2-3",
        "bytes=1.0-2",
        "bytes 0-3",
        "lines=0-3",
        "0-3",
        "",
        "bytes=\u0660-\u0663".encode().decode("latin-1"),
    ],
)
def test_what_is_malformed_or_several_ranges_is_the_whole_file(
    client: Client, etag: str, wanted: str
) -> None:
    answer = client.get("a.bin", Range=wanted)

    assert (answer.status, answer.body) == (200, BODY)


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-20", "bytes=99999999999999999999-", "bytes=-0"])
def test_a_range_outside_of_the_file_is_416(client: Client, etag: str, wanted: str) -> None:
    answer = client.get("a.bin", Range=wanted)

    assert (answer.status, answer.headers["Content-Range"], answer.code) == (
        416,
        "bytes */10",
        "range_not_satisfiable",
    )


@pytest.mark.parametrize("wanted", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_of_an_empty_file_every_range_is_outside(client: Client, wanted: str) -> None:
    client.put("empty", b"")

    answer = client.get("empty", Range=wanted)

    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */0")


def test_a_malformed_range_of_an_empty_file_is_the_whole_file(client: Client) -> None:
    client.put("empty", b"")

    assert client.get("empty", Range="bytes=x").status == 200


def test_a_range_of_a_missing_file_is_404(client: Client) -> None:
    assert client.get("nothing", Range="bytes=0-1").status == 404


def test_a_range_on_head_is_ignored(client: Client, etag: str) -> None:
    answer = client.head("a.bin", Range="bytes=0-1")

    assert (answer.status, answer.headers["Content-Length"]) == (200, "10")


def test_ranges_are_offered(client: Client, etag: str) -> None:
    assert client.head("a.bin").headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("{etag}", 206),
        ("W/{etag}", 200),
        ('"another"', 200),
        ("{date}", 206),
        (PAST, 200),
        ("nonsense", 200),
        ("*", 200),
        ("{etag}, {etag}", 200),
    ],
)
def test_a_part_comes_only_of_the_file_that_if_range_names(
    client: Client, etag: str, condition: str, status: int
) -> None:
    date = client.head("a.bin").headers["Last-Modified"]

    answer = client.get("a.bin", Range="bytes=0-1", If_Range=condition.format(etag=etag, date=date))

    assert answer.status == status


def test_an_if_range_that_fails_brings_the_whole_file(client: Client, etag: str) -> None:
    assert client.get("a.bin", Range="bytes=99-", If_Range='"another"').body == BODY


def test_an_if_range_without_a_range_means_nothing(client: Client, etag: str) -> None:
    assert client.get("a.bin", If_Range='"another"').status == 200


def test_a_condition_goes_before_a_range(client: Client, etag: str) -> None:
    assert client.get("a.bin", Range="bytes=99-", If_None_Match=etag).status == 304


def test_a_range_of_the_second_part_of_a_multipart_file(client: Client) -> None:
    eight_mib = 8 * 1024 * 1024
    client.put("large.bin", bytes(eight_mib) + BODY)

    assert client.get("large.bin", Range=f"bytes={eight_mib + 2}-{eight_mib + 4}").body == b"234"
