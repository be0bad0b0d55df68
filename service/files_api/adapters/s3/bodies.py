"""The body of an object on its way from S3 to a client."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from files_api.domain.errors import StorageReadCut, StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from files_api.adapters.s3.calls import S3Body
    from files_api.domain.models import ByteSink

#: Bytes that are read from S3 and written to the client at a time. Large enough that a gigabyte costs little CPU,
#: small enough that the pieces of many downloads at once stay in the processor's cache (docs/performance.md).
CHUNK_BYTES = 256 * 1024


class ObjectBody:
    """Streams an object, and makes sure that a body which S3 cut short is never taken for a whole one."""

    def __init__(self, body: S3Body, size_bytes: int) -> None:
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

    def pour(self, sink: ByteSink) -> None:
        """See ByteStream.pour."""
        if self._first:
            first, self._first = self._first, b""
            sink.sendall(memoryview(first))
        with memoryview(bytearray(min(CHUNK_BYTES, self._left))) as room:
            while self._left:
                with self._reading():
                    count = self._body.readinto(room[: self._left])
                self._count(count)
                sink.sendall(room[:count])

    def _next_piece(self) -> bytes:
        if not self._left:
            return b""
        with self._reading():
            piece = self._body.read(min(CHUNK_BYTES, self._left))
        self._count(len(piece))
        return piece

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, HTTPError, OSError) as error:
            raise StorageReadCut(f"S3 broke off with {self._left} bytes to come.") from error

    def _count(self, received: int) -> None:
        if not received:
            raise StorageReadCut(f"S3 ended the body with {self._left} bytes to come.")
        self._left -= received

    def close(self) -> None:
        """Give the connection back to the pool; one with an unread body is closed, since nobody reads the rest."""
        self._body.close()
