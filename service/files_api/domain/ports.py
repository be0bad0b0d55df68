"""The small interfaces that the domain needs and the adapters fill. Their docstrings are the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from files_api.domain.api_keys import ApiKey
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


class Claim(Protocol):
    """An Idempotency-Key that one request owns while it runs."""

    def finish(self, answer: bytes) -> None:
        """Keep the answer for the rest of the 24 hours."""

    def abandon(self) -> None:
        """Give the key back, since the request failed and a repetition is a new try."""


class IdempotencyStore(Protocol):
    """Remembers the answers to requests that carry an Idempotency-Key, for 24 hours."""

    def claim(self, key: str, fingerprint: str) -> Claim | bytes:
        """Claim a key for a request with this fingerprint.

        Args:
            key: The key, already scoped to its caller.
            fingerprint: Of the request's body.

        Returns:
            A claim, of which the caller must call `finish` or `abandon`; or the answer that was kept the first time.

        Raises:
            IdempotencyKeyReused: The key belongs to a request with another fingerprint.
            IdempotencyKeyInUse: The first request with this key is still running.
            AccessUnavailable: It cannot be found out now.
        """


class KeyStore(Protocol):
    """Keeps the API keys. Every method raises AccessUnavailable when it cannot be reached in time.

    The use cases on top of it are in `domain.key_management`.
    """

    def find(self, key_id: str) -> ApiKey | None:
        """Find a key by its id. IAM: dynamodb:GetItem."""

    def of_client(self, client: str) -> tuple[ApiKey, ...]:
        """Find the keys of a client, live or not, the older one first; empty where there is no such client.

        IAM: dynamodb:GetItem.
        """

    def all(self) -> Iterable[ApiKey]:
        """Go through all keys, in no order. IAM: dynamodb:Scan."""

    def add_client(self, key: ApiKey) -> None:
        """Keep the first key of a new client. IAM: dynamodb:PutItem (in a transaction).

        Raises:
            ClientExists: There is a client of that name.
        """

    def add_successor(self, key: ApiKey, *, to: ApiKey, expires_at: datetime) -> None:
        """Keep a second key for the client of `to`, and let `to` expire. All or nothing.

        A key of that client that is not live any more is forgotten, to make room.

        Args:
            key: The new one.
            to: The one that it takes the place of.
            expires_at: When `to` ends.

        Raises:
            TwoKeysAlready: The client has two live keys, or somebody else has just given it one.
            KeyNotFound: `to` is not there any more.
        """

    def disable(self, key_id: str) -> ApiKey:
        """Disable a key, and return it. IAM: dynamodb:UpdateItem.

        Raises:
            KeyNotFound: There is no such key.
        """

    def delete(self, key_id: str) -> ApiKey:
        """Delete a key, and the client when it was its last one; return what was deleted. IAM: dynamodb:DeleteItem.

        Raises:
            KeyNotFound: There is no such key.
        """

    def note_use(self, key_id: str, at: datetime) -> None:
        """Note when a key was used last, unless a later time stands there. IAM: dynamodb:UpdateItem."""


class UsageStore(Protocol):
    """Counts what callers have used of their quotas. All raise AccessUnavailable when it cannot be reached in time."""

    def take(self, subject: str, day: date, what: str, amount: int, *, limit: int) -> int | None:
        """Count so much more, unless that would go over the limit: decided at one moment, also between instances.

        Args:
            subject: Who.
            day: On which day of UTC.
            what: Of what, such as `stored_bytes`.
            amount: How much.
            limit: How much there may be in all.

        Returns:
            How much is used now, or None where it would be too much and nothing was counted. IAM: dynamodb:UpdateItem.
        """

    def add(self, subject: str, day: date, what: str, amount: int) -> None:
        """Count so much more, or less where `amount` is negative, whatever the limit. IAM: dynamodb:UpdateItem."""
