"""Upload: what is answered, and what is stored."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from tests.integration.client import Client, request_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.conftest import ClientOf
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Stack

MIB = 1024 * 1024
PART = 8 * MIB
# Around the size from which on S3 is sent parts.
SIZES = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1]


def in_chunks(body: bytes, size: int = 100_000) -> Iterator[bytes]:
    """Without a length: http.client then sends chunks."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def test_a_new_file_is_201(client: Client) -> None:
    assert client.put("a.txt", b"hello").status == 201


def test_a_replaced_file_is_200(client: Client) -> None:
    client.put("a.txt", b"hello")

    assert client.put("a.txt", b"bye").status == 200


def test_the_answer_tells_of_the_new_file(client: Client) -> None:
    answer = client.put("a.txt", b"hello", Content_Type="text/x-mine")

    assert answer.json() == {
        "file_path": client.path("a.txt"),
        "message": f"New file uploaded at path: {client.path('a.txt')}",
        "size_bytes": 5,
        "content_type": "text/x-mine",
        "etag": '"5d41402abc4b2a76b9719d911017c592"',
    }


def test_the_message_tells_of_the_replaced_file(client: Client) -> None:
    client.put("a.txt", b"hello")

    message = client.put("a.txt", b"bye").json()["message"]

    assert message == f"Existing file updated at path: {client.path('a.txt')}"


def test_the_etag_stands_in_the_header_too(client: Client) -> None:
    answer = client.put("a.txt", b"hello")

    assert answer.etag == answer.json()["etag"]


def test_a_new_file_has_a_location(client: Client) -> None:
    assert client.put("a b.txt", b"hello").headers["Location"] == client.target("a b.txt")


def test_a_replaced_file_has_no_location(client: Client) -> None:
    client.put("a.txt", b"hello")

    assert client.put("a.txt", b"bye").headers["Location"] is None


@pytest.mark.parametrize("size", SIZES)
def test_the_bytes_are_stored_as_they_came(client: Client, bucket: Bucket, size: int) -> None:
    body = os.urandom(size)

    client.put("a.bin", body)

    assert bucket.body("a.bin") == body


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1])
def test_a_chunked_body_is_stored_as_it_came(client: Client, bucket: Bucket, size: int) -> None:
    body = os.urandom(size)

    client.put("a.bin", in_chunks(body))

    assert bucket.body("a.bin") == body


@pytest.mark.parametrize("size", SIZES)
def test_the_size_is_told(client: Client, size: int) -> None:
    assert client.put("a.bin", bytes(size)).json()["size_bytes"] == size


def test_a_small_file_goes_to_s3_in_one_write(watched: Client, storage: StorageProxy) -> None:
    watched.put("a.bin", b"small")

    assert storage.operations == ["HeadObject", "PutObject"]


def test_a_large_file_goes_to_s3_in_parts(watched: Client, storage: StorageProxy) -> None:
    watched.put("a.bin", bytes(2 * PART + 1))

    assert storage.operations.count("UploadPart") == 3


def test_a_large_upload_leaves_no_multipart_upload_open(client: Client, bucket: Bucket) -> None:
    client.put("a.bin", bytes(PART + 1))

    assert bucket.open_uploads() == []


def test_a_put_without_length_and_without_chunks_makes_an_empty_file(client: Client, bucket: Bucket) -> None:
    with client.raw() as connection:
        connection.send(request_head("PUT", client.target("empty")))
        connection.read_answer("PUT")

    assert bucket.body("empty") == b""


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.txt", "text/plain"),
        ("A.PDF", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        ("a.webp", "image/webp"),
        ("noextension", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("folder.txt/noextension", "application/octet-stream"),
        ("html", "application/octet-stream"),
    ],
)
def test_the_type_is_guessed_from_the_extension(client: Client, name: str, content_type: str) -> None:
    assert client.put(name, b"x").json()["content_type"] == content_type


def test_the_type_of_the_request_is_kept_exactly(client: Client, bucket: Bucket) -> None:
    client.put("a.txt", b"x", Content_Type='Text/HTML; Charset="utf-8"; x=y')

    assert bucket.head("a.txt")["ContentType"] == 'Text/HTML; Charset="utf-8"; x=y'


def test_a_form_type_that_is_only_similar_is_stored_as_it_is(client: Client, bucket: Bucket) -> None:
    client.put("a.bin", b"x", Content_Type="multipart/form-data-not")

    assert bucket.body("a.bin") == b"x"


@pytest.mark.parametrize("size", [5, PART + 1])
def test_a_file_in_a_versioned_bucket_keeps_its_digest(stack: Stack, client_of: ClientOf, size: int) -> None:
    client = client_of(stack.service(FILES_API_BUCKET="versioned"))
    body = os.urandom(size)
    client.put("a.bin", b"older")

    client.put("a.bin", body)

    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert client.head("a.bin", Want_Repr_Digest="sha-256=1").headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_an_unknown_query_is_refused(client: Client) -> None:
    answer = client.request("PUT", client.target("a.txt") + "?overwrite=true", b"x")
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "overwrite")


def test_a_file_under_the_name_of_another_ones_folder_is_a_file_of_its_own(
    client: Client, bucket: Bucket
) -> None:
    client.put("a/b", b"inner")

    client.put("a", b"outer")

    assert bucket.names() == ["a", "a/b"]


def test_two_requests_on_one_connection_are_two_files(client: Client, bucket: Bucket) -> None:
    with client.raw() as connection:
        for name in ("one", "two"):
            connection.send(request_head("PUT", client.target(name), "Content-Length: 3"), name)
            connection.read_answer("PUT")

    assert bucket.body("two") == b"two"


def test_pipelined_requests_are_answered_in_order(client: Client) -> None:
    with client.raw() as connection:
        connection.send(
            request_head("PUT", client.target("one"), "Content-Length: 3") + b"one",
            request_head("GET", client.target("one")),
        )
        connection.read_answer("PUT")

        assert connection.read_answer().body == b"one"
