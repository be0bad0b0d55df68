"""The body of an object on its way from S3 to a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from files_api.domain.errors import StorageReadCut, StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.response import StreamingBody

#: Bytes that are read from S3 and written to the client at a time. Large enough that a gigabyte costs little CPU,
#: small enough that many downloads at once fit into memory (docs/performance.md).
CHUNK_BYTES = 512 * 1024


class S3Body:
    """Streams an object, and makes sure that a body which S3 cut short is never taken for a whole one."""

    def __init__(self, body: StreamingBody, size_bytes: int) -> None:
        self._body = body
        self._left = size_bytes
        self._first = b""

    def begin(self) -> None:
        """Fetch the first piece, as long as nothing is promised to the client yet.

        Raises:
            StorageUnavailable: It does not come.
        """
        try:
            self._first = self._next_piece()
        except StorageReadCut as error:
            raise StorageUnavailable("The storage broke off.") from error

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in pieces of at most CHUNK_BYTES.

        Raises:
            StorageReadCut: S3 fell silent, broke the connection, or sent fewer bytes than it had promised.
        """
        piece, self._first = self._first or self._next_piece(), b""
        while piece:
            yield piece
            piece = self._next_piece()

    def _next_piece(self) -> bytes:
        if not self._left:
            return b""
        try:
            piece = self._body.read(min(CHUNK_BYTES, self._left))
        except (BotoCoreError, HTTPError, OSError) as error:
            raise StorageReadCut(f"S3 broke off with {self._left} bytes to come.") from error
        if not piece:
            raise StorageReadCut(f"S3 ended the body with {self._left} bytes to come.")
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Give the connection back to the pool; one with an unread body is closed, since nobody reads the rest."""
        self._body.close()
