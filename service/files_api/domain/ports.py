"""The small interfaces that the domain needs and the adapters fill. Their docstrings are the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from files_api.domain.content import IncomingContent
    from files_api.domain.generation import GenerationRequest
    from files_api.domain.models import (
        ByteRange,
        FileAttributes,
        FileInfo,
        GeneratedContent,
        Listing,
        OpenedFile,
        WriteCondition,
    )


class ObjectStore(Protocol):
    """One S3 bucket. Keys are the bytes that the caller named, nothing is added or removed.

    Every method raises StorageUnavailable when S3 cannot be reached, is too slow or throttles, and StorageError
    when it refuses for a reason that is the operator's.
    """

    def head(self, key: str, *, with_digest: bool = False) -> FileInfo:
        """Look at a file without its body. IAM: s3:GetObject (and s3:GetObjectTagging for the digest).

        Args:
            key: The S3 key.
            with_digest: Also find out the SHA-256 of the whole file, where it is known.

        Raises:
            FileNotFound: There is nothing at this key.
        """

    def open(
        self,
        key: str,
        *,
        byte_range: ByteRange | None = None,
        if_match: str | None = None,
        with_digest: bool = False,
    ) -> OpenedFile:
        """Begin to read a file; the body is streamed. One call to S3. IAM: s3:GetObject.

        Args:
            key: The S3 key.
            byte_range: The part to read; S3 clamps an end that is past the file's.
            if_match: Read only this version of the content (an ETag with quotes).
            with_digest: Also find out the SHA-256 of the whole file, where it is known.

        Raises:
            FileNotFound: There is nothing at this key.
            PreconditionFailed: The file is not `if_match` any more.
            RangeNotSatisfiable: The range is outside of the file.
        """

    def put(
        self, key: str, content: IncomingContent, attributes: FileAttributes, condition: WriteCondition
    ) -> str:
        """Store a file, whole or not at all, and tell its ETag (with quotes).

        `content` is read once, to its end, before anything becomes visible. An exception out of it leaves nothing
        behind: neither an object nor an open multipart upload. IAM: s3:PutObject, s3:AbortMultipartUpload (and
        s3:PutObjectTagging for the digest).

        Raises:
            PreconditionFailed: S3 found the condition false at the write.
            WriteConflict: S3 refused because of a racing conditional write, also after retries.
        """

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        """Delete a file; deleting what is not there is no error of S3's. IAM: s3:DeleteObject.

        Raises:
            PreconditionFailed: The file is not `if_match` any more.
        """

    def list(self, prefix: str, *, recursive: bool, page_size: int, continuation: str | None) -> Listing:
        """List one page in the order of UTF-8 bytes. IAM: s3:ListBucket.

        Raises:
            InvalidPageToken: S3 does not accept `continuation`.
        """

    def presign_get(
        self, key: str, *, content_type: str, content_disposition: str, expires_in_seconds: int
    ) -> str:
        """Sign a URL from which anybody may GET this file for a while. No call to S3."""

    def check(self) -> None:
        """Make one cheap call to the bucket, for the deep health check. IAM: s3:ListBucket."""


class Generator(Protocol):
    """Something that makes files from prompts (OpenAI)."""

    def generate(self, request: GenerationRequest) -> GeneratedContent:
        """Make the content. Nothing of the prompt or of the result is logged.

        Raises:
            GenerationNotConfigured: There is no key.
            GenerationRefused: The model refuses the content or the parameters.
            GeneratorUnavailable: Rate limit, no capacity, or not reachable.
            GeneratorBadAnswer: The answer is not a file of the kind asked for, or is too large.
            GeneratorTimeout: The deadline has passed.
        """

    def check(self) -> None:
        """Make one cheap call that needs the key, for the deep health check.

        Raises:
            FilesApiError: As `generate`.
        """


class IdempotencyStore(Protocol):
    """Remembers the answers to requests that carry an Idempotency-Key, for 24 hours."""

    def begin(self, key: str, fingerprint: str) -> bytes | None:
        """Claim a key for a request with this fingerprint.

        Returns:
            None when the caller now owns the key and must call `finish` or `abandon`, else the answer that `finish`
            was given the first time.

        Raises:
            IdempotencyKeyReused: The key belongs to a request with another fingerprint.
            IdempotencyKeyInUse: The first request with this key is still running.
        """

    def finish(self, key: str, answer: bytes) -> None:
        """Keep the answer for the rest of the 24 hours."""

    def abandon(self, key: str) -> None:
        """Give the key back, since the request failed and a repetition is a new try."""
