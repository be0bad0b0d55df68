"""Writing to S3: one request for what fits into a part, a multipart upload for everything larger."""

from __future__ import annotations

import base64
import logging
import math
import random
import zlib
from typing import TYPE_CHECKING, Any

import gevent
from gevent.pool import Pool

from files_api.adapters.s3.budget import waiting_for_s3
from files_api.adapters.s3.digests import remember_digest
from files_api.adapters.s3.errors import translated
from files_api.domain.errors import FilesApiError, WriteConflict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

    from files_api.domain.content import IncomingContent
    from files_api.domain.models import FileAttributes, WriteCondition

log = logging.getLogger(__name__)

#: S3's bound on the parts of one upload (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
MAX_PARTS = 10_000
# Parts of one upload that are on their way at a time, while the next is being filled.
_PARTS_IN_FLIGHT = 2
# How often a write that S3 refused because of a racing one is tried again, where the body is still at hand.
_CONFLICT_TRIES = 4
# Writers that met once would meet again if they all came back at the same moment.
_CONFLICT_PAUSE_SECONDS = 0.2
# S3 may take minutes to put thousands of parts together.
_COMPLETE_SECONDS = 300.0
# One part, retries included; parts are bounded in size, so their time is too.
_PART_SECONDS = 120.0


def attribute_arguments(attributes: FileAttributes) -> dict[str, Any]:
    """What S3 keeps beside the bytes, as arguments of PutObject and CreateMultipartUpload."""
    arguments: dict[str, Any] = {"ContentType": attributes.content_type}
    if attributes.user_metadata:
        arguments["Metadata"] = dict(attributes.user_metadata)
    if attributes.cache_control is not None:
        arguments["CacheControl"] = attributes.cache_control
    if attributes.content_encoding is not None:
        arguments["ContentEncoding"] = attributes.content_encoding
    if attributes.content_language is not None:
        arguments["ContentLanguage"] = attributes.content_language
    return arguments


def condition_arguments(condition: WriteCondition) -> dict[str, Any]:
    """The condition as S3 evaluates it at the write
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
    """  # noqa: D205
    if condition.if_none_match:
        return {"IfNoneMatch": "*"}
    return {"IfMatch": condition.if_match} if condition.if_match is not None else {}


def _parts(content: IncomingContent, part_bytes: int) -> Iterator[bytearray]:
    """Cut the content into parts of exactly `part_bytes`, but for the last; no part at all for an empty file."""
    part = bytearray()
    for chunk in content:
        view = memoryview(chunk)
        while len(part) + len(view) >= part_bytes:
            room = part_bytes - len(part)
            part += view[:room]
            view = view[room:]
            yield part
            part = bytearray()
        part += view
    if part:
        yield part


class Uploader:
    """Writes files into one bucket.

    Args:
        client: The process's S3 client.
        bucket: The bucket's name.
        part_size_bytes: The size of a part, in bytes, as long as MAX_PARTS of them are enough.
        max_file_bytes: The largest file that may come, in bytes.
    """

    def __init__(self, client: S3Client, bucket: str, *, part_size_bytes: int, max_file_bytes: int) -> None:
        self._client = client
        self._bucket = bucket
        self._part_bytes = max(part_size_bytes, math.ceil(max_file_bytes / MAX_PARTS))

    def put(
        self, key: str, content: IncomingContent, attributes: FileAttributes, condition: WriteCondition
    ) -> str:
        """Store the content, whole or not at all, and tell its ETag. Errors: see ObjectStore.put."""
        parts = _parts(content, self._part_bytes)
        first = next(parts, bytearray())
        # The generator knows only at its next step whether a full part was the last one: the end of the content,
        # and with it the check of length and digest, must have been seen before anything is written.
        second = next(parts, None)
        if second is None:
            return self._put_object(key, first, content.sha256, attributes, condition)
        return self._multipart(
            key,
            content,
            first_parts=[first, second],
            more_parts=parts,
            attributes=attributes,
            condition=condition,
        )

    def _put_object(
        self, key: str, body: bytearray, sha256: str, attributes: FileAttributes, condition: WriteCondition
    ) -> str:
        for tries_left in reversed(range(_CONFLICT_TRIES)):
            try:
                with translated(key), waiting_for_s3():
                    answer = self._client.put_object(
                        Bucket=self._bucket,
                        Key=key,
                        Body=body,
                        ChecksumSHA256=sha256,
                        **attribute_arguments(attributes),
                        **condition_arguments(condition),
                    )
            except WriteConflict:
                if not tries_left:
                    raise
                gevent.sleep(random.uniform(0, _CONFLICT_PAUSE_SECONDS))  # noqa: S311  # jitter, not a secret
            else:
                return answer["ETag"]
        raise AssertionError("the last try returns or raises")  # pragma: no cover

    def _multipart(  # noqa: PLR0913  # a private step of put()
        self,
        key: str,
        content: IncomingContent,
        *,
        first_parts: list[bytearray],
        more_parts: Iterator[bytearray],
        attributes: FileAttributes,
        condition: WriteCondition,
    ) -> str:
        with translated(key), waiting_for_s3():
            upload_id = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ChecksumAlgorithm="CRC32", **attribute_arguments(attributes)
            )["UploadId"]
        pool = Pool(_PARTS_IN_FLIGHT)
        try:
            completed = self._send_parts(pool, key, upload_id, first_parts, more_parts)
            with translated(key), waiting_for_s3(_COMPLETE_SECONDS):
                answer = self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": completed},
                    **condition_arguments(condition),
                )
        except BaseException:
            # Also when the client is gone, the worker is stopped or the deadline has passed: parts cost money.
            pool.kill()
            self._abort(key, upload_id)
            raise
        remember_digest(
            self._client,
            self._bucket,
            key,
            etag=answer["ETag"],
            sha256=content.sha256,
            version_id=answer.get("VersionId"),
        )
        return answer["ETag"]

    def _send_parts(
        self,
        pool: Pool,
        key: str,
        upload_id: str,
        first_parts: list[bytearray],
        more_parts: Iterator[bytearray],
    ) -> list[CompletedPartTypeDef]:
        sending = []
        number = 0

        def send(part: bytearray) -> None:
            nonlocal number
            number += 1
            if number > MAX_PARTS:
                raise AssertionError("part size and maximum file size do not fit together")
            # Blocks while as many parts as are allowed are on their way: this is what bounds memory.
            sending.append(pool.spawn(self._send_part, key, upload_id, number, part))
            for task in sending:
                if task.ready():
                    task.get(block=False)  # a part that failed ends the upload now, not after the last byte

        while first_parts:
            send(first_parts.pop(0))
        for part in more_parts:
            send(part)
        return [task.get() for task in sending]

    def _send_part(self, key: str, upload_id: str, number: int, part: bytearray) -> CompletedPartTypeDef:
        crc32 = base64.b64encode(zlib.crc32(part).to_bytes(4, "big")).decode()
        with translated(key), waiting_for_s3(_PART_SECONDS):
            answer = self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                Body=part,
                ChecksumCRC32=crc32,
            )
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumCRC32": crc32}

    def _abort(self, key: str, upload_id: str) -> None:
        try:
            with translated(key), waiting_for_s3(_PART_SECONDS):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except FilesApiError:
            # The first error is the one to tell; the bucket's lifecycle rule removes what stays behind.
            log.exception(
                "multipart upload left open", extra={"event": "upload_abort_failed", "upload_id": upload_id}
            )
