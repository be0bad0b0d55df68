"""One S3 bucket as the domain's ObjectStore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from files_api.adapters.s3.answers import content_range, file_info, told
from files_api.adapters.s3.bodies import ObjectBody
from files_api.adapters.s3.budget import waiting_for_s3
from files_api.adapters.s3.digests import recall_digest
from files_api.adapters.s3.errors import S3Refused, translated
from files_api.domain.errors import RangeNotSatisfiable
from files_api.domain.models import OpenedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_s3 import S3Client

    from files_api.adapters.s3.calls import ObjectAnswer, S3Calls
    from files_api.adapters.s3.uploads import Uploader
    from files_api.domain.content import IncomingContent
    from files_api.domain.models import ByteRange, FileAttributes, FileInfo, Listing, WriteCondition

# Without it S3 does not tell the checksums that it keeps.
_WITH_CHECKSUM = {"x-amz-checksum-mode": "ENABLED"}


class S3Store:
    """Implements `domain.ports.ObjectStore`.

    Args:
        calls: What is done all the time.
        client: The process's boto3 client, for everything else.
        bucket: The bucket's name.
        uploader: Writes into that bucket.
    """

    def __init__(self, calls: S3Calls, client: S3Client, bucket: str, uploader: Uploader) -> None:
        self._calls = calls
        self._client = client
        self._bucket = bucket
        self._uploader = uploader

    def head(self, key: str, *, with_digest: bool = False) -> FileInfo:
        """See ObjectStore.head."""
        with translated(key), waiting_for_s3():
            headers = self._calls.head_object(key, _WITH_CHECKSUM if with_digest else {})
        sha256 = recall_digest(self._client, self._bucket, key, headers) if with_digest else None
        return file_info(headers, int(told(headers, "content-length")), sha256)

    def open(
        self,
        key: str,
        *,
        byte_range: ByteRange | None = None,
        if_match: str | None = None,
        with_digest: bool = False,
    ) -> OpenedFile:
        """See ObjectStore.open."""
        headers: dict[str, str] = dict(_WITH_CHECKSUM) if with_digest else {}
        if byte_range is not None:
            headers["Range"] = str(byte_range)
        if if_match is not None:
            headers["If-Match"] = if_match
        try:
            with translated(key), waiting_for_s3():
                answer = self._get(key, headers)
        except _OutsideOfFile as error:
            raise RangeNotSatisfiable(self.head(key).size_bytes) from error
        try:
            return self._opened(key, answer, byte_range, with_digest=with_digest)
        except BaseException:
            answer.body.close()
            raise

    def _get(self, key: str, headers: Mapping[str, str]) -> ObjectAnswer:
        try:
            return self._calls.get_object(key, headers)
        except S3Refused as refused:
            if refused.code in {"InvalidRange", "416"}:
                raise _OutsideOfFile from refused
            raise

    def _opened(
        self,
        key: str,
        answer: ObjectAnswer,
        byte_range: ByteRange | None,
        *,
        with_digest: bool,
    ) -> OpenedFile:
        headers = answer.headers
        size_bytes = int(told(headers, "content-length"))
        body = ObjectBody(answer.body, size_bytes)
        part = content_range(headers)
        if part is not None:
            size_bytes = part.size_bytes
        elif byte_range is not None and size_bytes == 0:
            # RFC 9110 section 14.1.2: nothing of an empty file can be satisfied; not every S3 server says so.
            raise RangeNotSatisfiable(0)
        sha256 = None
        if with_digest:
            # S3 tells no checksum with a part of an object: ask for that of the whole.
            about = headers if part is None else self._head_of(key, told(headers, "etag"))
            sha256 = recall_digest(self._client, self._bucket, key, about)
        body.begin()
        return OpenedFile(info=file_info(headers, size_bytes, sha256), body=body, content_range=part)

    def _head_of(self, key: str, etag: str) -> Mapping[str, str]:
        with translated(key), waiting_for_s3():
            return self._calls.head_object(key, {**_WITH_CHECKSUM, "If-Match": etag})

    def put(
        self, key: str, content: IncomingContent, attributes: FileAttributes, condition: WriteCondition
    ) -> str:
        """See ObjectStore.put."""
        return self._uploader.put(key, content, attributes, condition)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        """See ObjectStore.delete."""
        arguments = {"IfMatch": if_match} if if_match is not None else {}
        with translated(key), waiting_for_s3():
            self._client.delete_object(Bucket=self._bucket, Key=key, **arguments)  # type: ignore[arg-type]

    def list(self, prefix: str, *, recursive: bool, page_size: int, continuation: str | None) -> Listing:
        """See ObjectStore.list."""
        query = {"prefix": prefix, "max-keys": str(page_size)}
        if not recursive:
            query["delimiter"] = "/"
        if continuation is not None:
            query["continuation-token"] = continuation
        with translated(), waiting_for_s3():
            return self._calls.list_objects(query)

    def presign_get(
        self, key: str, *, content_type: str, content_disposition: str, expires_in_seconds: int
    ) -> str:
        """See ObjectStore.presign_get."""
        with translated(key):
            return self._client.generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentType": content_type,
                    "ResponseContentDisposition": content_disposition,
                },
                ExpiresIn=expires_in_seconds,
            )

    def check(self) -> None:
        """See ObjectStore.check."""
        with translated(), waiting_for_s3():
            self._calls.list_objects({"max-keys": "1"})


class _OutsideOfFile(Exception):  # never leaves this module
    """S3 answered 416."""
