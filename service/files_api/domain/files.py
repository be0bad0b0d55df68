"""What can be done with files. Every operation of the API on files is one call into here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from files_api.domain.content import Chunks, IncomingContent
from files_api.domain.errors import FileNotFound, PreconditionFailed
from files_api.domain.models import FileAttributes, FileInfo, Listing, OpenedFile, StoredFile, WriteCondition
from files_api.domain.paths import is_file_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from files_api.domain.conditions import IfRange, Preconditions
    from files_api.domain.models import ByteRange
    from files_api.domain.paths import Directory, FilePath
    from files_api.domain.ports import ObjectStore
    from files_api.domain.quotas import Quota

# How often a read starts again because the file was replaced between the look and the read.
_READ_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class NotModified:
    """The client has the current file already."""

    info: FileInfo


class Files:
    """The files of one caller, in one bucket.

    Args:
        store: The bucket, or the caller's part of it.
        max_file_bytes: The largest file that is taken, in bytes.
        quota: What the caller may use in a day.
    """

    def __init__(self, store: ObjectStore, *, max_file_bytes: int, quota: Quota) -> None:
        self._store = store
        self.max_file_bytes = max_file_bytes
        self.quota = quota

    def look(self, file_path: FilePath) -> FileInfo | None:
        """Look at a file; None where there is none."""
        try:
            return self._store.head(file_path)
        except FileNotFound:
            return None

    def put(
        self,
        file_path: FilePath,
        content: IncomingContent,
        attributes: FileAttributes,
        preconditions: Preconditions,
    ) -> StoredFile:
        """Store a file, whole or not at all.

        Raises:
            PreconditionFailed: A condition does not hold, now or when S3 writes.
            WriteConflict: Another writer was faster, again and again.
            FileTooLarge: More than `max_file_bytes`.
            QuotaExceeded: The caller has stored too much today.
            FilesApiError: What reading the content raised; nothing is stored then.
        """
        current = self.look(file_path)
        condition = preconditions.resolve_for_write(current)
        return self._store_content(file_path, content, attributes, condition, created=current is None)

    def write(
        self,
        file_path: FilePath,
        chunks: Iterable[bytes],
        attributes: FileAttributes,
        condition: WriteCondition,
    ) -> StoredFile:
        """Store bytes that this service made; the condition is S3's to decide.

        Raises:
            PreconditionFailed: The condition did not hold when S3 wrote.
        """
        created = condition.if_none_match or self.look(file_path) is None
        content = IncomingContent(Chunks(chunks), max_bytes=self.max_file_bytes)
        return self._store_content(file_path, content, attributes, condition, created=created)

    def _store_content(
        self,
        file_path: FilePath,
        content: IncomingContent,
        attributes: FileAttributes,
        condition: WriteCondition,
        *,
        created: bool,
    ) -> StoredFile:
        with self.quota.storing(content.declared_bytes) as charge:
            etag = self._store.put(file_path, content, attributes, condition)
            charge.stored(content.size_bytes)
        return StoredFile(
            file_path=file_path,
            size_bytes=content.size_bytes,
            content_type=attributes.content_type,
            etag=etag,
            created=created,
        )

    def inspect(
        self, file_path: FilePath, preconditions: Preconditions, *, with_digest: bool
    ) -> FileInfo | NotModified:
        """Tell everything of a file but its bytes.

        Raises:
            FileNotFound: There is no such file.
            PreconditionFailed: The client wants another file than this.
        """
        info = self._head(file_path, with_digest=with_digest)
        return NotModified(info) if preconditions.is_not_modified(info) else info

    def _head(self, file_path: FilePath, *, with_digest: bool = False) -> FileInfo:
        try:
            return self._store.head(file_path, with_digest=with_digest)
        except FileNotFound:
            # S3's answer to HEAD has no body: a missing bucket looks like a missing file, and must not pass for one.
            self._store.check()
            raise

    def read(
        self,
        file_path: FilePath,
        preconditions: Preconditions,
        *,
        byte_range: ByteRange | None = None,
        if_range: IfRange | None = None,
        with_digest: bool = False,
    ) -> OpenedFile | NotModified:
        """Open a file for streaming; whoever gets an OpenedFile must close its body.

        One call to S3 on the normal path. Where the request has conditions the file is looked at first, so that 304
        and 412 cost no body, and what is then read is pinned to what was looked at.

        Raises:
            FileNotFound: There is no such file.
            PreconditionFailed: The client wants another file than this.
            RangeNotSatisfiable: The range is outside of the file.
        """
        if not preconditions and if_range is None:
            return self._store.open(file_path, byte_range=byte_range, with_digest=with_digest)

        for _ in range(_READ_ATTEMPTS):
            info = self._head(file_path)
            if preconditions.is_not_modified(info):
                return NotModified(info)
            part = byte_range if if_range is None or if_range.holds(info) else None
            try:
                return self._store.open(
                    file_path, byte_range=part, if_match=info.etag, with_digest=with_digest
                )
            except PreconditionFailed:
                continue  # replaced since the look: the conditions are to be evaluated on what is there now
        raise PreconditionFailed(
            "The file is being replaced so often that it cannot be read under this condition."
        )

    def delete(self, file_path: FilePath, preconditions: Preconditions) -> None:
        """Delete a file.

        Raises:
            FileNotFound: There is nothing to delete.
            PreconditionFailed: The file is not what the client wants to delete.
        """
        condition = preconditions.resolve_for_write(self._head(file_path))
        self._store.delete(file_path, if_match=condition.if_match)

    def list(
        self, directory: Directory, *, recursive: bool, page_size: int, continuation: str | None
    ) -> Listing:
        """List one page of a directory.

        Objects that other programs wrote under names that are no file paths (a trailing slash, say) are left out:
        nobody could ask for them.
        """
        page = self._store.list(
            directory, recursive=recursive, page_size=page_size, continuation=continuation
        )
        files = tuple(file for file in page.files if is_file_path(file.file_path))
        directories = tuple(name for name in page.directories if is_file_path(name.removesuffix("/")))
        return Listing(files=files, directories=directories, continuation=page.continuation)

    def presign(
        self, file_path: FilePath, *, disposition: Callable[[FileInfo], str], expires_in_seconds: int
    ) -> str:
        """Make a URL from which S3 serves the file itself.

        Args:
            file_path: The file.
            disposition: Makes the Content-Disposition that S3 is to send.
            expires_in_seconds: How long the URL is good, in seconds.

        Raises:
            FileNotFound: There is no such file.
        """
        info = self._head(file_path)
        return self._store.presign_get(
            file_path,
            content_type=info.attributes.content_type,
            content_disposition=disposition(info),
            expires_in_seconds=expires_in_seconds,
        )
