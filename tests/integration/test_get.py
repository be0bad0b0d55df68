"""Download, look, delete: what comes back, and what it costs."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import requests
from tests.integration.client import Client, request_head

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Service

MIB = 1024 * 1024
PART = 8 * MIB


@pytest.mark.parametrize("size", [0, 1, 512 * 1024, PART + 1])
def test_a_file_comes_back_as_it_was_sent(client: Client, size: int) -> None:
    body = os.urandom(size)
    client.put("a.bin", body)

    assert client.get("a.bin").body == body


@pytest.mark.parametrize("size", [0, 5])
def test_the_length_is_declared(client: Client, size: int) -> None:
    client.put("a.bin", bytes(size))

    assert client.get("a.bin").headers["Content-Length"] == str(size)


def test_a_get_is_one_call_to_s3(watched: Client, storage: StorageProxy) -> None:
    watched.put("a.txt", b"hello")
    storage.forget_calls()

    watched.get("a.txt")

    assert storage.operations == ["GetObject"]


def test_a_range_is_one_call_to_s3(watched: Client, storage: StorageProxy) -> None:
    watched.put("a.txt", b"hello")
    storage.forget_calls()

    watched.get("a.txt", Range="bytes=1-2")

    assert storage.operations == ["GetObject"]


def test_a_head_reads_no_body_from_s3(watched: Client, storage: StorageProxy) -> None:
    watched.put("a.txt", b"hello")
    storage.forget_calls()

    watched.head("a.txt")

    assert storage.operations == ["HeadObject"]


def test_a_head_has_the_headers_of_the_get(client: Client) -> None:
    client.put(
        "a.txt", b"hello", Content_Type="text/plain", X_File_Meta_Colour="red", Cache_Control="no-store"
    )
    ours = {"X-Request-Id", "Date", "RateLimit"}

    get, head = (dict(answer.headers.items()) for answer in (client.get("a.txt"), client.head("a.txt")))

    assert {name: head[name] for name in head if name not in ours} == {
        name: get[name] for name in get if name not in ours
    }


def test_a_head_has_no_body(client: Client) -> None:
    client.put("a.txt", b"hello")

    with client.raw() as connection:
        connection.send(request_head("HEAD", client.target("a.txt"), "Connection: close"))
        raw = connection.read_to_end()

    assert raw.endswith(b"\r\n\r\n")


def test_a_missing_file_is_404(client: Client) -> None:
    answer = client.get("nothing.txt")

    assert (answer.status, answer.code) == (404, "file_not_found")


def test_a_missing_file_is_named(client: Client) -> None:
    assert client.get("ünknown.txt").json()["detail"] == f"File not found: {client.path('ünknown.txt')}"


@pytest.mark.parametrize("method", ["HEAD", "DELETE"])
def test_where_no_body_is_read_the_missing_file_is_named_in_x_error(client: Client, method: str) -> None:
    answer = client.request(method, client.target("a b.txt"))

    assert answer.headers["X-Error"] == f"File not found: {client.path('a b.txt')}"


def test_x_error_is_safe_for_a_header(client: Client) -> None:
    answer = client.head("ü🦊.txt")

    assert answer.headers["X-Error"] == f"File not found: {client.path('%C3%BC%F0%9F%A6%8A.txt')}"


def test_a_deletion_is_204(client: Client) -> None:
    client.put("a.txt", b"hello")

    answer = client.delete("a.txt")

    assert (answer.status, answer.body) == (204, b"")


def test_a_204_declares_neither_length_nor_type(client: Client) -> None:
    client.put("a.txt", b"hello")

    headers = client.delete("a.txt").headers

    assert (headers["Content-Length"], headers["Content-Type"]) == (None, None)


def test_a_deleted_file_is_gone(client: Client, bucket: Bucket) -> None:
    client.put("a.txt", b"hello")

    client.delete("a.txt")

    assert bucket.names() == []


def test_deleting_what_is_not_there_is_404(client: Client) -> None:
    assert client.delete("a.txt").code == "file_not_found"


def test_a_deletion_spares_names_that_begin_alike(client: Client, bucket: Bucket) -> None:
    for name in ("a", "a/b", "ab"):
        client.put(name, b"x")

    client.delete("a")

    assert bucket.names() == ["a/b", "ab"]


@pytest.mark.parametrize("size", [0, 5, PART + 1])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_digest_of_the_whole_file_comes_when_wanted(client: Client, method: str, size: int) -> None:
    body = os.urandom(size)
    client.put("a.bin", body)

    answer = client.request(method, client.target("a.bin"), headers={"Want-Repr-Digest": "sha-256=1"})

    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_the_digest_of_a_part_is_that_of_the_whole(client: Client) -> None:
    client.put("a.txt", b"hello")

    answer = client.get("a.txt", Range="bytes=0-1", Want_Repr_Digest="sha-256=1")

    digest = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"


@pytest.mark.parametrize("wish", ["", "sha-256=0", "sha-512=1", "(((", "sha-256=:eA==:"])
def test_a_digest_that_nobody_wants_does_not_come(client: Client, wish: str) -> None:
    client.put("a.txt", b"hello")

    assert client.get("a.txt", Want_Repr_Digest=wish).headers["Repr-Digest"] is None


@pytest.mark.parametrize("size", [5, PART + 1])
def test_no_digest_is_claimed_for_what_other_programs_wrote(
    client: Client, bucket: Bucket, size: int
) -> None:
    bucket.put("a.bin", bytes(size))

    assert client.get("a.bin", Want_Repr_Digest="sha-256=1").headers["Repr-Digest"] is None


def test_a_tag_of_another_file_proves_no_digest(client: Client, bucket: Bucket) -> None:
    client.put("large.bin", bytes(PART + 1))
    tags = bucket.client.get_object_tagging(Bucket=bucket.name, Key=bucket.key("large.bin"))["TagSet"]
    bucket.put("other.bin", b"other")
    bucket.client.put_object_tagging(
        Bucket=bucket.name, Key=bucket.key("other.bin"), Tagging={"TagSet": tags}
    )

    assert client.get("other.bin", Want_Repr_Digest="sha-256=1").headers["Repr-Digest"] is None


def test_what_other_programs_wrote_can_be_read(client: Client, bucket: Bucket) -> None:
    bucket.put("a.bin", b"theirs", ContentType="text/x-theirs", Metadata={"colour": "red"})

    answer = client.get("a.bin")

    assert (answer.body, answer.headers["Content-Type"], answer.headers["X-File-Meta-Colour"]) == (
        b"theirs",
        "text/x-theirs",
        "red",
    )


def test_metadata_of_other_programs_that_no_header_can_carry_does_not_break_the_file(
    client: Client, bucket: Bucket
) -> None:
    bucket.put("a.bin", b"theirs", Metadata={"name": "=?UTF-8?B?w7zDpA==?="})

    assert client.get("a.bin").body == b"theirs"


def test_curl_resumes_a_download(client: Client, service: Service, tmp_path: Path) -> None:
    body = os.urandom(MIB)
    client.put("a.bin", body)
    target = tmp_path / "a.bin"
    target.write_bytes(body[:1000])

    subprocess.run(
        ["curl", "-sSf", "-C", "-", "-o", target, service.url + client.target("a.bin")],
        check=True,
        timeout=20,
    )

    assert target.read_bytes() == body


def test_curl_uploads_a_file_with_its_name(client: Client, service: Service, tmp_path: Path) -> None:
    source = tmp_path / "photo.png"
    source.write_bytes(os.urandom(MIB + 1))

    subprocess.run(
        ["curl", "-sSf", "-T", source, service.url + client.target("photo.png")],
        check=True,
        timeout=20,
        capture_output=True,
    )

    assert client.get("photo.png").body == source.read_bytes()


def test_curl_knows_that_its_copy_is_current(client: Client, service: Service, tmp_path: Path) -> None:
    client.put("a.txt", b"hello")
    etag = tmp_path / "etag"
    curl = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", service.url + client.target("a.txt")]
    subprocess.run([*curl, "--etag-save", etag], check=True, timeout=20, capture_output=True)

    again = subprocess.run([*curl, "--etag-compare", etag], check=True, timeout=20, capture_output=True)

    assert again.stdout == b"304"


def test_requests_keeps_its_connection_over_every_kind_of_answer(client: Client, service: Service) -> None:
    with requests.Session() as session:
        url = service.url + client.target("a.txt")
        answers = [
            session.put(url, data=b"hello", timeout=20),
            session.get(url, timeout=20),
            session.head(url, timeout=20),
            session.get(url, headers={"If-None-Match": "*"}, timeout=20),
            session.put(url, data=b"x", headers={"If-None-Match": "*"}, timeout=20),
            session.delete(url, timeout=20),
            session.get(url, timeout=20),
        ]

    assert [answer.headers.get("Connection", "keep-alive") for answer in answers] == ["keep-alive"] * 7
