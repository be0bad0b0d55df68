"""The body of an object on its way from S3 to a client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from files_api.domain.errors import StorageReadCut

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

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in pieces of at most CHUNK_BYTES.

        Raises:
            StorageReadCut: S3 fell silent, broke the connection, or sent fewer bytes than it had promised.
        """
        while self._left:
            try:
                chunk = self._body.read(min(CHUNK_BYTES, self._left))
            except (BotoCoreError, HTTPError, OSError) as error:
                raise StorageReadCut(f"S3 broke off with {self._left} bytes to come.") from error
            if not chunk:
                raise StorageReadCut(f"S3 ended the body with {self._left} bytes to come.")
            self._left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Give the connection back to the pool; one with an unread body is closed, since nobody reads the rest."""
        self._body.close()
