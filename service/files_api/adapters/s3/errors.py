"""The one table from what S3 refuses, and what botocore raises, to what the domain knows. Both end here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.parsers import ResponseParserError

from files_api.domain.errors import (
    FileNotFound,
    FilesApiError,
    FileTooLarge,
    InvalidPageToken,
    PreconditionFailed,
    StorageError,
    StorageUnavailable,
    WriteConflict,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_MISSING = {"NoSuchKey", "404"}
_CONDITION_FALSE = (PreconditionFailed, "The file was changed by another request.")
_RACING = (WriteConflict, "Another request is writing this file at the same time; try again.")
_SAID: dict[str, tuple[type[FilesApiError], str]] = {
    "PreconditionFailed": _CONDITION_FALSE,
    "412": _CONDITION_FALSE,
    "ConditionalRequestConflict": _RACING,
    "OperationAborted": _RACING,
    "409": _RACING,
    "EntityTooLarge": (FileTooLarge, "The file is larger than the storage takes."),
}
# The statuses are those of a HEAD, which has no code; https://docs.aws.amazon.com/AmazonS3/latest/API/Redirects.html
_ELSEWHERE = {
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "301",
    "400",
}
_PASSING = {
    "InternalError",
    # The upload was completed or cleared away by somebody else: only a new one can succeed.
    "NoSuchUpload",
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    # The bytes were damaged between us and S3: another try sends them again.
    "BadDigest",
    "XAmzContentChecksumMismatch",
}


class S3Refused(Exception):
    """S3 answered a call with an error. Never leaves the adapter.

    Args:
        code: S3's name for what is wrong; the status where the answer had no body.
        status: The HTTP status.
        operation: S3's name of the call.
        was_retried: Whether the call was made before: what is wrong may be what that one did.
        bucket_region: Where the bucket is, where S3 tells.
    """

    def __init__(
        self, code: str, status: int, operation: str, *, was_retried: bool, bucket_region: str | None = None
    ) -> None:
        super().__init__(f"S3 answered {status} {code} to {operation}")
        self.code = code
        self.status = status
        self.operation = operation
        self.was_retried = was_retried
        self.bucket_region = bucket_region


def refusal_of(error: ClientError) -> S3Refused:
    """Say the same of what boto3 raises."""
    metadata = error.response.get("ResponseMetadata", {})
    return S3Refused(
        str(error.response.get("Error", {}).get("Code", "")),
        metadata.get("HTTPStatusCode", 0),
        error.operation_name,
        was_retried=metadata.get("RetryAttempts", 0) > 0,
        bucket_region=metadata.get("HTTPHeaders", {}).get("x-amz-bucket-region"),
    )


def translate(refused: S3Refused, key: str) -> FilesApiError:
    """Say in the domain's words what S3 answered."""
    code, status = refused.code, refused.status
    if code in _MISSING:
        return FileNotFound(key)
    if code in _SAID:
        kind, message = _SAID[code]
        return kind(message)
    if code in _PASSING or status == 429 or (status >= 500 and status != 501):
        return StorageUnavailable("The storage is busy; try again.")
    if code == "InvalidArgument" and refused.operation == "ListObjectsV2":
        return InvalidPageToken("is not valid any more")
    if code in _ELSEWHERE and refused.bucket_region:
        return StorageError(f"The bucket is in {refused.bucket_region}: set AWS_REGION to that.")
    return StorageError(f"S3 answered {code or status} to {refused.operation}.")


@contextmanager
def translated(key: str = "") -> Iterator[None]:
    """Turn what is raised inside into the domain's errors.

    Raises:
        FilesApiError: See `translate`; StorageUnavailable where S3 cannot be reached.
    """
    try:
        yield
    except S3Refused as refused:
        raise translate(refused, key) from refused
    except ClientError as error:
        raise translate(refusal_of(error), key) from error
    except (BotoConnectionError, HTTPClientError, ReadTimeoutError, ResponseParserError) as error:
        raise StorageUnavailable("The storage cannot be reached.") from error
    except BotoCoreError as error:
        # Credentials, a region, a parameter: nothing that the caller could mend.
        raise StorageError(f"S3 could not be asked: {type(error).__name__}.") from error
