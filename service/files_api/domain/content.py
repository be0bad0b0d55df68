"""The bytes of a file on their way in: counted, hashed and checked while they pass, never held whole."""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING, Protocol

from files_api.domain.errors import DigestMismatch, FileTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Names of RFC 9530 (and `md5` for Content-MD5, RFC 1864) and what hashlib calls them.
DIGEST_ALGORITHMS: Mapping[str, str] = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5"}


# What is hashed at a time: it is still in the processor's cache then.
_PIECE_BYTES = 256 * 1024


class ByteSource(Protocol):
    """Where bytes come from."""

    def readinto(self, room: memoryview) -> int:
        """Put some bytes into `room` and tell how many; 0 at the end."""


class Chunks:
    """A ByteSource of chunks that somebody makes.

    Args:
        chunks: In order; empty ones do not matter.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readinto(self, room: memoryview) -> int:
        """See ByteSource.readinto."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        piece = self._rest[: len(room)]
        room[: len(piece)] = piece
        self._rest = self._rest[len(piece) :]
        return len(piece)


class IncomingContent:
    """A stream of bytes that ends with a check; read it once, to its end, before anything is made final.

    Args:
        source: Where the bytes come from.
        max_bytes: The largest size that is taken, in bytes.
        expected_digests: Digests that the client declared, by their names in DIGEST_ALGORITHMS.
        declared_bytes: The size that is known beforehand, in bytes; None when only the end tells.
    """

    def __init__(
        self,
        source: ByteSource,
        *,
        max_bytes: int,
        expected_digests: Mapping[str, bytes] | None = None,
        declared_bytes: int | None = None,
    ) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._expected = dict(expected_digests or {})
        self._sha256 = hashlib.sha256()
        # MD5 is what Content-MD5 is made of: a check of transport, not of trust.
        self._others = {
            name: hashlib.new(DIGEST_ALGORITHMS[name], usedforsecurity=False)
            for name in self._expected
            if name != "sha-256"
        }
        self.declared_bytes = declared_bytes
        self.size_bytes = 0
        #: How long hashing has taken so far, in seconds.
        self.hash_seconds = 0.0

    def readinto(self, room: memoryview) -> int:
        """Put some bytes into `room` and tell how many; 0 at the end, when everything was found to be right.

        Raises:
            FileTooLarge: There are more than `max_bytes`.
            DigestMismatch: At the end: they are not what the client hashed.
            FilesApiError: What the source raises.
        """
        if self.declared_bytes is not None and self.declared_bytes > self._max_bytes:
            self._refuse_size()
        count = self._source.readinto(room[:_PIECE_BYTES])
        if not count:
            self._check_digests()
            return 0
        self.size_bytes += count
        if self.size_bytes > self._max_bytes:
            self._refuse_size()
        began = time.perf_counter()
        self._sha256.update(room[:count])
        for hasher in self._others.values():
            hasher.update(room[:count])
        self.hash_seconds += time.perf_counter() - began
        return count

    def _check_digests(self) -> None:
        for name, digest in self._expected.items():
            hasher = self._sha256 if name == "sha-256" else self._others[name]
            if hasher.digest() != digest:
                raise DigestMismatch(f"The {name} of the bytes that arrived is not the one declared.")

    def _refuse_size(self) -> None:
        raise FileTooLarge(f"The file is larger than {self._max_bytes} bytes.")

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes so far, in base64 as S3 writes it; of the whole file after the last one."""
        return base64.b64encode(self._sha256.digest()).decode()
