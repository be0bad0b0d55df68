"""User metadata, and the fields that are kept with a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.integration.client import request_head

if TYPE_CHECKING:
    from tests.integration.client import Client
    from tests.integration.stack import Bucket


@pytest.mark.parametrize(
    "value",
    ["red", "two words", "%C3%BC%F0%9F%A6%8A", 'a,b;c="d"', "100%", "=?UTF-8?B?w7w=?=", "\\", "~" * 500],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_metadata_comes_back_as_it_came(client: Client, method: str, value: str) -> None:
    client.put("a.txt", b"x", X_File_Meta_Colour=value)

    assert client.request(method, client.target("a.txt")).headers["X-File-Meta-Colour"] == value


def test_metadata_is_s3s_user_metadata(client: Client, bucket: Bucket) -> None:
    client.put("a.txt", b"x", X_File_Meta_Reviewed_By="Ada")

    assert bucket.head("a.txt")["Metadata"] == {"reviewed-by": "Ada"}


def test_metadata_of_a_multipart_file_is_kept(client: Client) -> None:
    client.put("a.bin", bytes(9 * 1024 * 1024), X_File_Meta_Colour="red")

    assert client.head("a.bin").headers["X-File-Meta-Colour"] == "red"


def test_a_new_upload_forgets_the_old_metadata(client: Client) -> None:
    client.put("a.txt", b"x", X_File_Meta_Colour="red")

    client.put("a.txt", b"x")

    assert client.head("a.txt").headers["X-File-Meta-Colour"] is None


@pytest.mark.parametrize(
    "raw", ["ü".encode(), "ü".encode("latin-1"), b"a\tb"], ids=["UTF-8", "Latin-1", "a tab"]
)
def test_a_value_that_is_not_visible_ascii_is_400(client: Client, bucket: Bucket, raw: bytes) -> None:
    with client.raw() as connection:
        head = request_head("PUT", client.target("a.txt"), "Content-Length: 0", "X-File-Meta-A: @")
        connection.send(head.replace(b"@", raw))
        answer = connection.read_answer("PUT")

    assert (answer.code, bucket.names()) == ("invalid_metadata", [])


def test_metadata_of_2048_bytes_is_taken(client: Client) -> None:
    # A name of 1 byte and a value of 47 make 48; the rest is one long value.
    answer = client.put("a.txt", b"x", X_File_Meta_A="x" * 47, X_File_Meta_B="x" * 1999)

    assert answer.status == 201


def test_metadata_of_2049_bytes_is_400(client: Client) -> None:
    answer = client.put("a.txt", b"x", X_File_Meta_A="x" * 47, X_File_Meta_B="x" * 2000)

    assert (answer.status, answer.code) == (400, "invalid_metadata")


def test_metadata_without_a_name_is_400(client: Client) -> None:
    with client.raw() as connection:
        connection.send(request_head("PUT", client.target("a.txt"), "Content-Length: 0", "X-File-Meta-: x"))

        assert connection.read_answer("PUT").status == 400


def test_metadata_with_an_underscore_is_refused_and_not_lost(client: Client) -> None:
    with client.raw() as connection:
        connection.send(
            request_head("PUT", client.target("a.txt"), "Content-Length: 0", "X-File-Meta-a_b: x")
        )

        assert connection.read_answer("PUT").status == 400


def test_cache_control_is_kept_and_given_back(client: Client) -> None:
    client.put("a.txt", b"x", Cache_Control="public, max-age=31536000, immutable")

    assert client.get("a.txt").headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_without_cache_control_a_file_is_private(client: Client) -> None:
    client.put("a.txt", b"x")

    assert client.get("a.txt").headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(("field", "value"), [("Content-Encoding", "gzip"), ("Content-Language", "de, en")])
def test_a_field_of_the_representation_is_kept(client: Client, field: str, value: str) -> None:
    client.put("a.txt", b"x", **{field: value})

    assert client.get("a.txt").headers[field] == value


@pytest.mark.parametrize("field", ["Content-Type", "Cache-Control", "Content-Language"])
def test_a_kept_field_that_no_header_can_give_back_is_400(client: Client, field: str) -> None:
    with client.raw() as connection:
        head = request_head("PUT", client.target("a.txt"), "Content-Length: 0", f"{field}: @")
        connection.send(head.replace(b"@", "ü".encode()))

        assert connection.read_answer("PUT").code == "invalid_header"
