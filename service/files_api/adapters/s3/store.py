"""One S3 bucket as the domain's ObjectStore, on plain boto3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from files_api.adapters.s3.bodies import S3Body
from files_api.adapters.s3.budget import waiting_for_s3
from files_api.adapters.s3.digests import recall_digest
from files_api.adapters.s3.errors import error_code, translated
from files_api.domain.content_types import DEFAULT_CONTENT_TYPE
from files_api.domain.errors import RangeNotSatisfiable
from files_api.domain.models import ContentRange, FileAttributes, FileInfo, ListedFile, Listing, OpenedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_s3 import S3Client

    from files_api.adapters.s3.uploads import Uploader
    from files_api.domain.content import IncomingContent
    from files_api.domain.models import ByteRange, WriteCondition

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def _info(answer: Mapping[str, Any], size_bytes: int, sha256: str | None) -> FileInfo:
    return FileInfo(
        size_bytes=size_bytes,
        etag=answer["ETag"],
        last_modified=answer["LastModified"],
        attributes=FileAttributes(
            content_type=answer.get("ContentType", DEFAULT_CONTENT_TYPE),
            cache_control=answer.get("CacheControl"),
            content_encoding=answer.get("ContentEncoding"),
            content_language=answer.get("ContentLanguage"),
            user_metadata=answer.get("Metadata", {}),
        ),
        sha256=sha256,
        version_id=answer.get("VersionId"),
    )


class S3Store:
    """Implements `domain.ports.ObjectStore`.

    Args:
        client: The process's S3 client.
        bucket: The bucket's name.
        uploader: Writes into that bucket.
    """

    def __init__(self, client: S3Client, bucket: str, uploader: Uploader) -> None:
        self._client = client
        self._bucket = bucket
        self._uploader = uploader

    def head(self, key: str, *, with_digest: bool = False) -> FileInfo:
        """See ObjectStore.head."""
        arguments = {"ChecksumMode": "ENABLED"} if with_digest else {}
        with translated(key), waiting_for_s3():
            answer = self._client.head_object(Bucket=self._bucket, Key=key, **arguments)  # type: ignore[arg-type]
        sha256 = recall_digest(self._client, self._bucket, key, answer) if with_digest else None
        return _info(answer, answer["ContentLength"], sha256)

    def open(
        self,
        key: str,
        *,
        byte_range: ByteRange | None = None,
        if_match: str | None = None,
        with_digest: bool = False,
    ) -> OpenedFile:
        """See ObjectStore.open."""
        arguments: dict[str, Any] = {}
        if byte_range is not None:
            arguments["Range"] = str(byte_range)
        if if_match is not None:
            arguments["IfMatch"] = if_match
        if with_digest:
            arguments["ChecksumMode"] = "ENABLED"
        try:
            with translated(key), waiting_for_s3():
                answer = self._get(key, arguments)
        except _OutsideOfFile as error:
            raise RangeNotSatisfiable(self.head(key).size_bytes) from error
        body = S3Body(answer["Body"], answer["ContentLength"])
        try:
            return self._opened(key, answer, body, byte_range, with_digest=with_digest)
        except BaseException:
            body.close()
            raise

    def _get(self, key: str, arguments: dict[str, Any]) -> Any:  # boto3's own answer type says no more
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key, **arguments)
        except ClientError as error:
            if error_code(error) in {"InvalidRange", "416"}:
                raise _OutsideOfFile from error
            raise

    def _opened(
        self,
        key: str,
        answer: Mapping[str, Any],
        body: S3Body,
        byte_range: ByteRange | None,
        *,
        with_digest: bool,
    ) -> OpenedFile:
        size_bytes = answer["ContentLength"]
        content_range = None
        match = _CONTENT_RANGE.fullmatch(answer.get("ContentRange", ""))
        if match is not None:
            first, last, size_bytes = (int(number) for number in match.groups())
            content_range = ContentRange(first, last, size_bytes)
        elif byte_range is not None and size_bytes == 0:
            # RFC 9110 section 14.1.2: nothing of an empty file can be satisfied; not every S3 server says so.
            raise RangeNotSatisfiable(0)
        sha256 = None
        if with_digest:
            # S3 tells no checksum with a part of an object: ask for that of the whole.
            about = answer if match is None else self._head_of(key, answer["ETag"])
            sha256 = recall_digest(self._client, self._bucket, key, about)
        body.begin()
        return OpenedFile(info=_info(answer, size_bytes, sha256), body=body, content_range=content_range)

    def _head_of(self, key: str, etag: str) -> Mapping[str, Any]:
        with translated(key), waiting_for_s3():
            return self._client.head_object(
                Bucket=self._bucket, Key=key, IfMatch=etag, ChecksumMode="ENABLED"
            )

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
        arguments: dict[str, Any] = {} if recursive else {"Delimiter": "/"}
        if continuation is not None:
            arguments["ContinuationToken"] = continuation
        with translated(), waiting_for_s3():
            answer = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, MaxKeys=page_size, **arguments
            )
        files = tuple(
            ListedFile(item["Key"], item["Size"], item["LastModified"], item["ETag"])
            for item in answer.get("Contents", [])
        )
        directories = tuple(item["Prefix"] for item in answer.get("CommonPrefixes", []))
        return Listing(files=files, directories=directories, continuation=answer.get("NextContinuationToken"))

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
            self._client.list_objects_v2(Bucket=self._bucket, MaxKeys=1)


class _OutsideOfFile(Exception):  # never leaves this module
    """S3 answered 416."""
