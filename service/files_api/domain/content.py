"""The bytes of a file on their way in: counted, hashed and checked while they pass, never held whole."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from files_api.domain.errors import DigestMismatch, FileTooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Names of RFC 9530 (and `md5` for Content-MD5, RFC 1864) and what hashlib calls them.
DIGEST_ALGORITHMS: Mapping[str, str] = {"sha-256": "sha256", "sha-512": "sha512", "md5": "md5"}


class IncomingContent:
    """A stream of bytes that ends with a check; read it once, to its end, before anything is made final.

    Args:
        chunks: Where the bytes come from.
        max_bytes: The largest size that is taken, in bytes.
        expected_digests: Digests that the client declared, by their names in DIGEST_ALGORITHMS.
        declared_bytes: The size that is known beforehand, in bytes; None when only the end tells.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        *,
        max_bytes: int,
        expected_digests: Mapping[str, bytes] | None = None,
        declared_bytes: int | None = None,
    ) -> None:
        self._chunks = chunks
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

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes.

        Raises:
            FileTooLarge: There are more than `max_bytes`.
            DigestMismatch: At the end: they are not what the client hashed.
        """
        if self.declared_bytes is not None and self.declared_bytes > self._max_bytes:
            self._refuse_size()
        for chunk in self._chunks:
            self.size_bytes += len(chunk)
            if self.size_bytes > self._max_bytes:
                self._refuse_size()
            self._sha256.update(chunk)
            for hasher in self._others.values():
                hasher.update(chunk)
            yield chunk
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
