"""A caller's root: the one place that turns paths into keys and back.

Everything that a caller does with files goes through here, so that whatever is built later stays inside as well.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from files_api.domain.errors import FileNotFound
from files_api.domain.models import Listing
from files_api.domain.paths import MAX_PATH_BYTES, check_file_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from files_api.domain.content import IncomingContent
    from files_api.domain.models import ByteRange, FileAttributes, FileInfo, OpenedFile, WriteCondition
    from files_api.domain.paths import Directory
    from files_api.domain.ports import ObjectStore


def most_path_bytes(root: Directory) -> int:
    """How many bytes of UTF-8 a path under this root may have, so that the key is none too long for S3."""
    return MAX_PATH_BYTES - len(root.encode())


class RootedStore:
    """An ObjectStore that is one directory of another one.

    Its keys are paths below the root; what it says of files, errors included, never names the root.

    Args:
        store: The bucket.
        root: The directory, with its final slash.
    """

    def __init__(self, store: ObjectStore, root: Directory) -> None:
        self._store = store
        self._root = root

    def _key(self, path: str) -> str:
        # Checked once more: a path with `..` in it, from whatever is built later, must not lead out.
        check_file_path(path, most_bytes=most_path_bytes(self._root))
        return self._root + path

    @contextmanager
    def _named(self, path: str) -> Iterator[str]:
        try:
            yield self._key(path)
        except FileNotFound as error:
            raise FileNotFound(path) from error

    def head(self, key: str, *, with_digest: bool = False) -> FileInfo:
        """See ObjectStore.head."""
        with self._named(key) as inner:
            return self._store.head(inner, with_digest=with_digest)

    def open(
        self,
        key: str,
        *,
        byte_range: ByteRange | None = None,
        if_match: str | None = None,
        with_digest: bool = False,
    ) -> OpenedFile:
        """See ObjectStore.open."""
        with self._named(key) as inner:
            return self._store.open(inner, byte_range=byte_range, if_match=if_match, with_digest=with_digest)

    def put(
        self, key: str, content: IncomingContent, attributes: FileAttributes, condition: WriteCondition
    ) -> str:
        """See ObjectStore.put."""
        with self._named(key) as inner:
            return self._store.put(inner, content, attributes, condition)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        """See ObjectStore.delete."""
        with self._named(key) as inner:
            self._store.delete(inner, if_match=if_match)

    def list(self, prefix: str, *, recursive: bool, page_size: int, continuation: str | None) -> Listing:
        """See ObjectStore.list."""
        if prefix:
            self._key(prefix.removesuffix("/"))
        page = self._store.list(
            self._root + prefix, recursive=recursive, page_size=page_size, continuation=continuation
        )
        return Listing(
            files=tuple(
                replace(file, file_path=file.file_path.removeprefix(self._root)) for file in page.files
            ),
            directories=tuple(name.removeprefix(self._root) for name in page.directories),
            continuation=page.continuation,
        )

    def presign_get(
        self, key: str, *, content_type: str, content_disposition: str, expires_in_seconds: int
    ) -> str:
        """See ObjectStore.presign_get. The URL names the whole key, since S3 knows no roots."""
        return self._store.presign_get(
            self._key(key),
            content_type=content_type,
            content_disposition=content_disposition,
            expires_in_seconds=expires_in_seconds,
        )

    def check(self) -> None:
        """See ObjectStore.check."""
        self._store.check()
