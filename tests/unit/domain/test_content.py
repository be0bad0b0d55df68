"""Bytes on their way in: counted and checked (`domain.content`)."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.content import Chunks, IncomingContent
from files_api.domain.errors import DigestMismatch, FileTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable


def content_of(chunks: Iterable[bytes], **options: Any) -> IncomingContent:
    return IncomingContent(Chunks(chunks), **options)


def read(content: IncomingContent) -> bytes:
    room = memoryview(bytearray(100))
    return b"".join(bytes(room[:count]) for count in iter(lambda: content.readinto(room), 0))


@given(st.lists(st.binary()))
def test_the_bytes_pass_unchanged(chunks: list[bytes]) -> None:
    assert read(content_of(chunks, max_bytes=10_000_000)) == b"".join(chunks)


@given(st.lists(st.binary()))
def test_after_the_last_byte_the_digest_is_that_of_the_whole(chunks: list[bytes]) -> None:
    content = content_of(chunks, max_bytes=10_000_000)
    read(content)

    assert content.sha256 == base64.b64encode(hashlib.sha256(b"".join(chunks)).digest()).decode()


def test_the_size_is_counted() -> None:
    content = content_of([b"12", b"345"], max_bytes=5)
    read(content)

    assert content.size_bytes == 5


def test_one_byte_too_many_is_refused() -> None:
    with pytest.raises(FileTooLarge):
        read(content_of([b"12345", b"6"], max_bytes=5))


def test_what_is_declared_too_large_is_refused_before_anything_is_read() -> None:
    chunks = iter([b"123456"])

    with pytest.raises(FileTooLarge):
        read(content_of(chunks, max_bytes=5, declared_bytes=6))

    assert list(chunks) == [b"123456"]


@pytest.mark.parametrize(
    ("name", "algorithm"), [("sha-256", "sha256"), ("sha-512", "sha512"), ("md5", "md5")]
)
def test_a_digest_that_matches_lets_the_bytes_pass(name: str, algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"hello").digest()

    assert read(content_of([b"hello"], max_bytes=5, expected_digests={name: digest})) == b"hello"


@pytest.mark.parametrize(
    ("name", "algorithm"), [("sha-256", "sha256"), ("sha-512", "sha512"), ("md5", "md5")]
)
def test_a_digest_that_does_not_match_fails_at_the_end(name: str, algorithm: str) -> None:
    digest = hashlib.new(algorithm, b"other").digest()

    with pytest.raises(DigestMismatch, match=name):
        read(content_of([b"hello"], max_bytes=5, expected_digests={name: digest}))
