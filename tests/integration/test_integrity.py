"""Whole or not at all: what is stored is what was declared (http-api.md)."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING

import pytest
from tests.integration.client import Client, request_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.client import Answer
    from tests.integration.conftest import ClientOf
    from tests.integration.stack import Bucket, Stack

    Digest = Callable[[bytes], str]

MIB = 1024 * 1024
LARGE = 9 * MIB
BOUNDARY = "a-boundary"
FORM_HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file_content"; filename="x"\r\n\r\n'
).encode()
FORM_END = f"\r\n--{BOUNDARY}--\r\n".encode()
SIZES = pytest.mark.parametrize("size", [1000, LARGE], ids=["small", "multipart"])


@pytest.fixture
def old(client: Client) -> str:
    """The ETag of the file that is there before."""
    return client.put("a.bin", b"old").etag


def send_and_half_close(client: Client, *fields: str, body: bytes) -> Answer:
    with client.raw() as connection:
        connection.send(request_head("PUT", client.target("a.bin"), *fields), body)
        connection.half_close()
        return connection.read_answer("PUT")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def form_fields(length: int) -> tuple[str, str]:
    return f"Content-Type: multipart/form-data; boundary={BOUNDARY}", f"Content-Length: {length}"


def send_broken(client: Client, kind: str, size: int) -> Answer:  # noqa: C901, PLR0911  # a table
    """Send an upload of about this size that breaks off in one of the ways there are."""
    body = os.urandom(size)
    form = FORM_HEAD + body
    match kind:
        case "short of its length":
            return send_and_half_close(client, f"Content-Length: {size + 1}", body=body)
        case "short by its last part":
            return send_and_half_close(client, f"Content-Length: {size * 2}", body=body)
        case "chunks without the last":
            return send_and_half_close(client, "Transfer-Encoding: chunked", body=chunk(body))
        case "chunks without the final line":
            return send_and_half_close(client, "Transfer-Encoding: chunked", body=chunk(body) + b"0\r\n")
        case "a chunk cut in the middle":
            return send_and_half_close(client, "Transfer-Encoding: chunked", body=chunk(body)[: size // 2])
        case "a chunk with a size that is none":
            return send_and_half_close(client, "Transfer-Encoding: chunked", body=chunk(body) + b"zz\r\n")
        case "a chunk that is longer than its size":
            return send_and_half_close(
                client, "Transfer-Encoding: chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (size - 1, body)
            )
        case "a form without its end":
            return send_and_half_close(client, *form_fields(len(form)), body=form)
        case "a form cut in its end":
            cut = form + FORM_END[:-4]
            return send_and_half_close(client, *form_fields(len(cut)), body=cut)
        case "a form short of its length":
            return send_and_half_close(client, *form_fields(len(form) + len(FORM_END)), body=form)
        case "a whole form short of its length":
            whole = form + FORM_END
            return send_and_half_close(client, *form_fields(len(whole) + 10), body=whole)
        case "a form in chunks without the last":
            return send_and_half_close(
                client, form_fields(0)[0], "Transfer-Encoding: chunked", body=chunk(form + FORM_END)
            )
    raise AssertionError(kind)


BROKEN = pytest.mark.parametrize(
    "kind",
    [
        "short of its length",
        "short by its last part",
        "chunks without the last",
        "chunks without the final line",
        "a chunk cut in the middle",
        "a chunk with a size that is none",
        "a chunk that is longer than its size",
        "a form without its end",
        "a form cut in its end",
        "a form short of its length",
        "a whole form short of its length",
        "a form in chunks without the last",
    ],
)


@SIZES
@BROKEN
def test_a_body_that_breaks_off_is_400(client: Client, kind: str, size: int) -> None:
    assert send_broken(client, kind, size).status == 400


@SIZES
@BROKEN
def test_of_a_body_that_breaks_off_nothing_is_stored(
    client: Client, bucket: Bucket, kind: str, size: int
) -> None:
    send_broken(client, kind, size)

    assert (bucket.names(), bucket.open_uploads()) == ([], [])


@SIZES
@BROKEN
def test_a_body_that_breaks_off_leaves_the_old_file(
    client: Client, bucket: Bucket, old: str, kind: str, size: int
) -> None:
    send_broken(client, kind, size)

    assert (bucket.body("a.bin"), client.head("a.bin").etag) == (b"old", old)


@pytest.mark.parametrize(
    "fields",
    [("Content-Length: 5", "Transfer-Encoding: chunked"), ("Content-Length: 5", "Content-Length: 6")],
)
def test_two_ways_to_tell_the_length_are_refused(
    client: Client, bucket: Bucket, fields: tuple[str, str]
) -> None:
    answer = send_and_half_close(client, *fields, body=b"0\r\n\r\n")

    assert (answer.status, bucket.names()) == (400, [])


@pytest.mark.parametrize("length", ["-1", "+5", "5.0", "0x5", "", "five", "5 5"])
def test_a_length_that_is_none_is_refused(client: Client, bucket: Bucket, length: str) -> None:
    answer = send_and_half_close(client, f"Content-Length: {length}", body=b"12345")

    assert (answer.status, bucket.names()) == (400, [])


def sha256(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def sha512(body: bytes) -> str:
    return f"sha-512=:{base64.b64encode(hashlib.sha512(body).digest()).decode()}:"


def md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def put_form(client: Client, body: bytes, **headers: str) -> Answer:
    form = FORM_HEAD + body + FORM_END
    return client.put("a.bin", form, Content_Type=f"multipart/form-data; boundary={BOUNDARY}", **headers)


DIGESTS = pytest.mark.parametrize(
    ("field", "digest"),
    [("Content_Digest", sha256), ("Repr_Digest", sha256), ("Repr_Digest", sha512), ("Content_MD5", md5)],
    ids=["Content-Digest", "Repr-Digest", "sha-512", "Content-MD5"],
)


@SIZES
@DIGESTS
def test_a_digest_that_matches_is_taken(client: Client, field: str, digest: Digest, size: int) -> None:
    body = os.urandom(size)

    assert client.put("a.bin", body, **{field: digest(body)}).status == 201


@SIZES
@DIGESTS
def test_a_digest_that_does_not_match_is_400(client: Client, field: str, digest: Digest, size: int) -> None:
    answer = client.put("a.bin", os.urandom(size), **{field: digest(b"other")})

    assert (answer.status, answer.code) == (400, "digest_mismatch")


@SIZES
@DIGESTS
def test_bytes_that_do_not_match_their_digest_are_not_stored(
    client: Client, bucket: Bucket, old: str, *, field: str, digest: Digest, size: int
) -> None:
    client.put("a.bin", os.urandom(size), **{field: digest(b"other")})

    assert (bucket.body("a.bin"), bucket.open_uploads()) == (b"old", [])


@SIZES
def test_the_digest_of_a_form_covers_the_bytes_of_its_file(client: Client, size: int) -> None:
    body = os.urandom(size)

    assert put_form(client, body, Content_Digest=sha256(body)).status == 201


@SIZES
def test_a_digest_of_the_form_itself_does_not_match(client: Client, bucket: Bucket, size: int) -> None:
    body = os.urandom(size)

    answer = put_form(client, body, Content_Digest=sha256(FORM_HEAD + body + FORM_END))

    assert (answer.code, bucket.names(), bucket.open_uploads()) == ("digest_mismatch", [], [])


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Digest": "sha-256=nonsense"},
        {"Content_Digest": "sha-256=:c2hvcnQ=:"},
        {"Content_Digest": "((("},
        {"Repr_Digest": "sha-256"},
        {"Content_MD5": "not base64"},
        {"Content_MD5": "c2hvcnQ="},
        {"Content_Digest": sha256(b"x"), "Repr_Digest": sha256(b"y")},
    ],
)
def test_a_digest_that_cannot_be_read_is_400(client: Client, bucket: Bucket, headers: dict[str, str]) -> None:
    answer = client.put("a.bin", b"x", **headers)

    assert (answer.status, answer.code, bucket.names()) == (400, "invalid_digest", [])


def test_a_digest_of_an_unknown_algorithm_is_ignored(client: Client) -> None:
    assert client.put("a.bin", b"x", Content_Digest="crc32c=:AAAAAA==:").status == 201


LIMIT = 10_000


@pytest.fixture
def limited(stack: Stack, client_of: ClientOf) -> Client:
    """A client of a service that takes files of up to LIMIT bytes."""
    return client_of(stack.service(FILES_API_MAX_FILE_BYTES=str(LIMIT)))


def test_a_file_of_the_largest_size_is_taken(limited: Client) -> None:
    assert limited.put("a.bin", bytes(LIMIT)).status == 201


def test_a_form_with_a_file_of_the_largest_size_is_taken(limited: Client) -> None:
    assert put_form(limited, bytes(LIMIT)).status == 201


def test_a_file_in_chunks_of_the_largest_size_is_taken(limited: Client) -> None:
    assert limited.put("a.bin", iter([bytes(LIMIT - 1), b"x"])).status == 201


@pytest.mark.parametrize("size", [LIMIT + 1, 10**15])
def test_a_file_that_is_declared_too_large_is_refused_before_it_is_sent(limited: Client, size: int) -> None:
    with limited.raw() as connection:
        connection.send(request_head("PUT", limited.target("a.bin"), f"Content-Length: {size}"))
        answer = connection.read_answer("PUT")

    assert (answer.status, answer.code) == (413, "file_too_large")


def test_a_form_that_is_declared_too_large_is_refused_before_it_is_sent(limited: Client) -> None:
    with limited.raw() as connection:
        connection.send(request_head("PUT", limited.target("a.bin"), *form_fields(10**9)))

        assert connection.read_answer("PUT").status == 413


def test_a_file_in_chunks_is_refused_at_the_limit(limited: Client) -> None:
    with limited.raw() as connection:
        # The last chunk never comes: the answer does not wait for it.
        connection.send(
            request_head("PUT", limited.target("a.bin"), "Transfer-Encoding: chunked"),
            chunk(bytes(LIMIT + 1)),
        )

        assert connection.read_answer("PUT").status == 413


def test_a_form_that_is_too_large_by_one_byte_is_refused(limited: Client) -> None:
    assert put_form(limited, bytes(LIMIT + 1)).status == 413


def test_of_what_is_too_large_nothing_is_stored(limited: Client, bucket: Bucket) -> None:
    limited.put("a.bin", iter([bytes(LIMIT + 1)]))

    assert (bucket.names(), bucket.open_uploads()) == ([], [])


def test_a_large_file_in_chunks_over_a_large_limit_leaves_no_upload_open(
    stack: Stack, client_of: ClientOf, bucket: Bucket
) -> None:
    client = client_of(stack.service(FILES_API_MAX_FILE_BYTES=str(20 * MIB)))

    answer = client.put("a.bin", (bytes(MIB) for _ in range(21)))

    assert (answer.status, bucket.names(), bucket.open_uploads()) == (413, [], [])


def test_a_client_that_goes_on_sending_after_a_refusal_can_read_it(limited: Client) -> None:
    with limited.raw() as connection:
        connection.send(request_head("PUT", limited.target("a.bin"), f"Content-Length: {4 * MIB}"))
        connection.send(bytes(4 * MIB))

        assert connection.read_answer("PUT").status == 413


def test_an_unread_body_is_never_taken_for_the_next_request(client: Client) -> None:
    smuggled = request_head("DELETE", client.target("a.bin"))
    client.put("a.bin", b"old")

    with client.raw() as connection:
        connection.send(
            request_head(
                "PUT", client.target("a.bin"), f"Content-Length: {len(smuggled)}", 'If-Match: "other"'
            ),
            smuggled,
        )
        connection.read_answer("PUT")
        connection.half_close()
        connection.read_to_end()

    assert client.get("a.bin").body == b"old"
