"""Writing to S3: one request for what fits into a part, a multipart upload for everything larger."""

from __future__ import annotations

import base64
import hashlib
import logging
import math
import random
import re
import sys
from collections import deque
from contextlib import suppress
from contextvars import copy_context
from itertools import islice
from typing import TYPE_CHECKING

import gevent
from botocore.exceptions import ClientError
from gevent.pool import Pool
from isal import isal_zlib

from files_api.adapters.s3.answers import attribute_headers, boto3_arguments
from files_api.adapters.s3.budget import waiting_for_s3
from files_api.adapters.s3.digests import remember_digest
from files_api.adapters.s3.errors import S3Refused, refusal_of, translated
from files_api.domain.errors import FilesApiError, WriteConflict
from files_api.telemetry import metrics
from files_api.telemetry.tracing import add_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from types_boto3_s3.type_defs import CompletedPartTypeDef

    from files_api.adapters.s3.client import S3Access
    from files_api.domain.content import IncomingContent
    from files_api.domain.models import FileAttributes, WriteCondition

_MD5 = re.compile("[0-9a-f]{32}")

log = logging.getLogger(__name__)

#: S3's bound on the parts of one upload (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
MAX_PARTS = 10_000
# Room for so much is made at first, and doubled as it fills.
_FIRST_ROOM_BYTES = 256 * 1024
# Parts of one upload that are on their way at a time, while the next is being filled.
_PARTS_IN_FLIGHT = 2
# How often a write that S3 refused because of a racing one is tried again, where the body is still at hand.
_CONFLICT_TRIES = 4
# Writers that met once would meet again if they all came back at the same moment.
_CONFLICT_PAUSE_SECONDS = 0.2
# S3 may take minutes to put thousands of parts together
# (https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html).
_COMPLETE_SECONDS = 120.0
# One part, retries included; parts are bounded in size, so their time is too.
_PART_SECONDS = 120.0


def condition_headers(condition: WriteCondition) -> dict[str, str]:
    """The condition as S3 evaluates it at the write
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
    """  # noqa: D205
    if condition.if_none_match:
        return {"If-None-Match": "*"}
    return {"If-Match": condition.if_match} if condition.if_match is not None else {}


def _parts(content: IncomingContent, part_bytes: int) -> Iterator[memoryview]:
    """Cut the content into parts of exactly `part_bytes`, but for the last; no part at all for an empty file.

    A buffer is never resized once it was lent: whoever was to fill it may still hold on to a view, be it in the frames
    of an exception that is long over, and Python then refuses (BufferError).
    """
    # The first part gets no more memory than what has come asks for: to declare much costs a client nothing.
    room_bytes = _FIRST_ROOM_BYTES
    while True:
        part = bytearray(min(part_bytes, room_bytes, _most_to_come(content)))
        filled = 0
        while filled < part_bytes:
            if filled == len(part):
                smaller, part = part, bytearray(min(2 * filled, part_bytes))
                part[:filled] = smaller
            with memoryview(part) as whole, whole[filled:] as room:
                count = content.readinto(room)
            if not count:
                break
            filled += count
        if filled:
            yield memoryview(part)[:filled]
        if filled < part_bytes:
            return
        room_bytes = part_bytes


def _most_to_come(content: IncomingContent) -> int:
    if content.declared_bytes is None:
        return sys.maxsize
    # One byte more: only who asks beyond the last one learns that it was the last.
    return max(content.declared_bytes - content.size_bytes, 0) + 1


def _one_after_the_other(ahead: deque[memoryview], rest: Iterator[memoryview]) -> Iterator[memoryview]:
    """Yield what was read ahead, then the rest, and hold on to none of it."""
    while ahead:
        yield ahead.popleft()
    yield from rest


def multipart_etag(part_etags: Iterable[str]) -> str | None:
    """The ETag that S3 gives to a multipart object, where it encrypts with keys of its own: the MD5 of the parts'.

    None where ETags are something else, as with KMS keys
    (https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html).
    """
    digests = [etag.strip('"') for etag in part_etags]
    if not all(_MD5.fullmatch(digest) for digest in digests):
        return None
    whole = hashlib.md5(bytes.fromhex("".join(digests)), usedforsecurity=False)
    return f'"{whole.hexdigest()}-{len(digests)}"'


class Uploader:
    """Writes files into one bucket.

    Args:
        access: The ways to the bucket.
        bucket: The bucket's name.
        part_size_bytes: The size of a part, in bytes, as long as MAX_PARTS of them are enough.
        max_file_bytes: The largest file that may come, in bytes.
    """

    def __init__(
        self,
        access: S3Access,
        bucket: str,
        *,
        part_size_bytes: int,
        max_file_bytes: int,
    ) -> None:
        self._calls = access.calls
        self._client = access.client
        self._patient_client = access.patient_client
        self._bucket = bucket
        self._part_bytes = max(part_size_bytes, math.ceil(max_file_bytes / MAX_PARTS))

    def put(
        self, key: str, content: IncomingContent, attributes: FileAttributes, condition: WriteCondition
    ) -> str:
        """Store the content, whole or not at all, and tell its ETag. Errors: see ObjectStore.put."""
        etag = self._put(key, content, attributes, condition)
        metrics.record_bytes_uploaded(content.size_bytes)
        add_span("hash", content.hash_seconds)
        return etag

    def _put(
        self, key: str, content: IncomingContent, attributes: FileAttributes, condition: WriteCondition
    ) -> str:
        headers = attribute_headers(attributes)
        parts = _parts(content, self._part_bytes)
        # Only the step behind the last part sees the end of the content, where length and digest are checked: a
        # file is written in one request when that step has been taken, never before.
        ahead = deque(islice(parts, 2))
        if len(ahead) < 2:
            body = ahead.pop() if ahead else memoryview(b"")
            return self._put_object(key, body, content.sha256, {**headers, **condition_headers(condition)})
        return self._multipart(key, content, _one_after_the_other(ahead, parts), headers, condition)

    def _put_object(self, key: str, body: memoryview, sha256: str, headers: Mapping[str, str]) -> str:
        def write() -> Mapping[str, str]:
            return self._calls.put_object(key, body, sha256, headers)

        for tries_left in reversed(range(_CONFLICT_TRIES)):
            try:
                answer = self._write_once(
                    key, write, lambda found: found.get("x-amz-checksum-sha256") == sha256
                )
            except WriteConflict:
                if not tries_left:
                    raise
                gevent.sleep(random.uniform(0, _CONFLICT_PAUSE_SECONDS))  # noqa: S311  # jitter, not a secret
            else:
                return answer["etag"]
        raise AssertionError("the last try returns or raises")  # pragma: no cover

    def _multipart(
        self,
        key: str,
        content: IncomingContent,
        parts: Iterator[memoryview],
        headers: Mapping[str, str],
        condition: WriteCondition,
    ) -> str:
        with translated(key), waiting_for_s3():
            upload_id = self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ChecksumAlgorithm="CRC32",
                **boto3_arguments(self._client, "CreateMultipartUpload", headers),
            )["UploadId"]
        pool = Pool(_PARTS_IN_FLIGHT)
        try:
            sent = self._send_parts(pool, key, upload_id, parts)

            def complete() -> Mapping[str, str]:
                answer = self._patient_client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": sent},
                    **boto3_arguments(
                        self._patient_client, "CompleteMultipartUpload", condition_headers(condition)
                    ),
                )
                version_id = answer.get("VersionId")
                return {"etag": answer["ETag"], **({"x-amz-version-id": version_id} if version_id else {})}

            expected = multipart_etag(part["ETag"] for part in sent)
            answer = self._write_once(
                key, complete, lambda found: found["etag"] == expected, seconds=_COMPLETE_SECONDS
            )
        except BaseException:
            # Also when the client is gone, the worker is stopped or the deadline has passed: parts cost money.
            pool.kill()
            self._abort(key, upload_id)
            raise
        etag = answer["etag"]
        remember_digest(
            self._client,
            self._bucket,
            key,
            etag=etag,
            sha256=content.sha256,
            version_id=answer.get("x-amz-version-id"),
        )
        return etag

    def _write_once(
        self,
        key: str,
        write: Callable[[], Mapping[str, str]],
        is_ours: Callable[[Mapping[str, str]], bool],
        *,
        seconds: float | None = None,
    ) -> Mapping[str, str]:
        """Write, and see through our own success.

        When S3 has done the write but its answer was lost on the way, the call is tried again and meets what it has
        written itself: a condition that was true is false now, an upload that was there is gone. What then stands
        there tells whether it is ours.
        """
        with translated(key), waiting_for_s3(seconds):
            try:
                return write()
            except (S3Refused, ClientError) as error:
                refused = refusal_of(error) if isinstance(error, ClientError) else error
                if not refused.was_retried or refused.code not in {
                    "PreconditionFailed",
                    "412",
                    "NoSuchUpload",
                }:
                    raise
                found = self._calls.head_object(key, {"x-amz-checksum-mode": "ENABLED"})
                if not is_ours(found):
                    raise
                return found

    def _send_parts(
        self, pool: Pool, key: str, upload_id: str, parts: Iterator[memoryview]
    ) -> list[CompletedPartTypeDef]:
        sent: list[CompletedPartTypeDef] = []
        on_the_way: deque[gevent.Greenlet] = deque()
        for number, part in enumerate(parts, start=1):
            if len(on_the_way) == _PARTS_IN_FLIGHT:
                # Bounds memory; and a part that failed ends the upload now, not after the last byte.
                sent.append(on_the_way.popleft().get())
            # A greenlet begins without its parent's context, and with it without the trace.
            task = pool.spawn(copy_context().run, self._send_part, key, upload_id, number, part)
            on_the_way.append(task)
        sent += [task.get() for task in on_the_way]
        return sent

    def _send_part(self, key: str, upload_id: str, number: int, part: memoryview) -> CompletedPartTypeDef:
        crc32 = base64.b64encode(isal_zlib.crc32(part).to_bytes(4, "big")).decode()
        with translated(key), waiting_for_s3(_PART_SECONDS):
            answer = self._calls.upload_part(key, upload_id, number, part, {"x-amz-checksum-crc32": crc32})
        return {"PartNumber": number, "ETag": answer["etag"], "ChecksumCRC32": crc32}

    def _abort(self, key: str, upload_id: str) -> None:
        try:
            # NoSuchUpload: S3 has completed it after all, or somebody has cleared it away: nothing is left.
            gone = suppress(self._client.exceptions.NoSuchUpload)
            with translated(key), waiting_for_s3(_PART_SECONDS), gone:
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except FilesApiError:
            # The first error is the one to tell; the bucket's lifecycle rule removes what stays behind.
            log.exception(
                "multipart upload left open", extra={"event": "upload_abort_failed", "upload_id": upload_id}
            )
