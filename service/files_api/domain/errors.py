"""What can go wrong, in the words of files; HTTP statuses are given to these in `web/errors.py`.

Every class has a stable `code` that clients may rely on. `str(error)` is the text that a caller may read, so it
never holds a secret, a credential or another caller's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class FilesApiError(Exception):
    """Base of all errors that a caller is told about."""

    code: ClassVar[str]


class ValidationFailed(FilesApiError):
    """Fields that do not mean anything; `problems` are pairs of (field, message), in order.

    A field inside of another is named with a dot: `options.voice`. `location` is where the fields stand: `json`,
    `query` or `form`.
    """

    code = "validation_error"

    def __init__(self, problems: Iterable[tuple[str, str]], *, location: str = "json") -> None:
        self.location = location
        self.problems: tuple[tuple[str, str], ...] = tuple(problems)
        super().__init__(" ".join(f"{field}: {message}" for field, message in self.problems))


class InvalidFilePath(FilesApiError):
    """A name that is not a legal file path (see `domain.paths`)."""

    code = "invalid_path"


class InvalidMetadata(FilesApiError):
    """User metadata that S3 could not keep and give back as it came."""

    code = "invalid_metadata"


class InvalidHeader(FilesApiError):
    """A header of ours, or of HTTP, whose value cannot be used."""

    code = "invalid_header"


class InvalidPrecondition(FilesApiError):
    """A condition on a write that cannot be parsed: never ignored, since that would make the write unconditional."""

    code = "invalid_precondition"


class InvalidDigest(FilesApiError):
    """A digest field that cannot be parsed."""

    code = "invalid_digest"


class DigestMismatch(FilesApiError):
    """The bytes that arrived are not the bytes that the client hashed."""

    code = "digest_mismatch"


class IncompleteBody(FilesApiError):
    """Fewer bytes than declared, a chunked body or a form without its end."""

    code = "incomplete_body"


class MalformedBody(FilesApiError):
    """A body that is not what its Content-Type says."""

    code = "malformed_body"


class UnsupportedMediaType(FilesApiError):
    """A body of a type that this operation does not take."""

    code = "unsupported_media_type"


class BodyTimeout(FilesApiError):
    """The client sent its body too slowly."""

    code = "request_timeout"


class BodyTooLarge(FilesApiError):
    """A JSON body that is larger than any honest one."""

    code = "body_too_large"


class FileTooLarge(FilesApiError):
    """More bytes than the configured maximum."""

    code = "file_too_large"


class FileNotFound(FilesApiError):
    """There is no file at that path."""

    code = "file_not_found"

    def __init__(self, file_path: str) -> None:
        super().__init__(f"File not found: {file_path}")
        self.file_path = file_path


class FileExists(FilesApiError):
    """There is a file at that path already, and the caller did not ask to replace it."""

    code = "file_exists"

    def __init__(self, file_path: str) -> None:
        super().__init__(f"File exists already: {file_path}")


class PreconditionFailed(FilesApiError):
    """A condition of the request does not hold (RFC 9110 section 13)."""

    code = "precondition_failed"


class WriteConflict(FilesApiError):
    """Another writer was faster, again and again (S3's 409 on conditional writes)."""

    code = "write_conflict"


class RangeNotSatisfiable(FilesApiError):
    """No byte of the file is in the range that was asked for."""

    code = "range_not_satisfiable"

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"The range is outside of the file, which has {size_bytes} bytes.")
        self.size_bytes = size_bytes


class InvalidPageToken(ValidationFailed):
    """A page token that this service did not issue, that was altered, or that has lost its meaning."""

    def __init__(self, message: str = "is not a token of this service, or was altered") -> None:
        super().__init__([("page_token", message)], location="query")


class RetryableError(FilesApiError):
    """Trouble that passes: `retry_after_seconds` says when to come again."""

    def __init__(self, message: str, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class MissingCredential(FilesApiError):
    """Nobody says who they are, where that has to be known."""

    code = "credential_missing"


class InvalidCredential(FilesApiError):
    """A credential that is none, or not any more. `str()` is for the caller and tells little.

    Args:
        reason: For the log: why, in words of this service, never of the caller.
        key_id: Which credential, where that is known; never a secret.
    """

    code = "credential_invalid"

    def __init__(self, reason: str, *, key_id: str | None = None) -> None:
        super().__init__("The credential is not valid.")
        self.reason = reason
        self.key_id = key_id


class MissingScope(FilesApiError):
    """The credential is good, but not for this."""

    code = "scope_missing"

    def __init__(self, scope: str) -> None:
        super().__init__(f"The credential does not have the scope {scope}.")
        self.scope = scope


class AccessUnavailable(RetryableError):
    """Whose credential this is, or how much of a quota is left, cannot be found out now."""

    code = "access_unavailable"


class ClientExists(FilesApiError):
    """There is a client of that name, who has a key already."""

    code = "client_exists"


class KeyNotFound(FilesApiError):
    """There is no such key, or no such client."""

    code = "key_not_found"


class TwoKeysAlready(FilesApiError):
    """A client has two live keys, and there is no third."""

    code = "two_keys_already"


class RateLimited(RetryableError):
    """More requests of this kind in a minute than the caller's plan has."""

    code = "rate_limited"


class QuotaExceeded(RetryableError):
    """More in a day than the caller's plan has."""

    code = "quota_exceeded"


class StorageUnavailable(RetryableError):
    """S3 cannot be reached, answers too late, or is throttling."""

    code = "storage_unavailable"


class StorageError(FilesApiError):
    """S3 refuses for a reason that is ours (no such bucket, access denied): the caller learns nothing of it."""

    code = "internal_error"


class StorageReadCut(FilesApiError):
    """S3 broke off in the middle of a body whose beginning the client already has."""

    code = "storage_read_cut"


class GenerationNotConfigured(FilesApiError):
    """The service runs without an OpenAI key."""

    code = "generation_not_configured"


class GenerationRefused(FilesApiError):
    """OpenAI refuses this request for its content or its parameters: another try would not help."""

    code = "generation_refused"


class GenerationBusy(RetryableError):
    """As many generations are running in this process as are allowed."""

    code = "generation_busy"


class GeneratorUnavailable(RetryableError):
    """OpenAI has no capacity for us now, limits our rate, or cannot be reached."""

    code = "generator_unavailable"


class GeneratorBadAnswer(FilesApiError):
    """OpenAI answered something that is not a file of the kind asked for."""

    code = "generator_bad_answer"


class GeneratorTimeout(FilesApiError):
    """OpenAI did not answer within the deadline."""

    code = "generator_timeout"


class IdempotencyKeyInvalid(FilesApiError):
    """An Idempotency-Key that is not 1 to 255 visible ASCII characters."""

    code = "invalid_idempotency_key"


class IdempotencyKeyReused(FilesApiError):
    """The same Idempotency-Key came with another request body."""

    code = "idempotency_key_reused"


class IdempotencyKeyInUse(RetryableError):
    """The first request with this Idempotency-Key is still running."""

    code = "idempotency_key_in_use"
