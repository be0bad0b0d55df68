"""The one table from what boto3 raises to what the domain knows. boto3's exceptions end here."""

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


def error_code(error: ClientError) -> str:
    """S3's name for what went wrong; the status where the answer had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: ClientError, key: str) -> FilesApiError:
    """Say in the domain's words what S3 answered."""
    code = error_code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISSING:
        return FileNotFound(key)
    if code in _SAID:
        kind, message = _SAID[code]
        return kind(message)
    if code in _PASSING or status == 429 or (status >= 500 and status != 501):
        return StorageUnavailable("The storage is busy; try again.")
    if code == "InvalidArgument" and error.operation_name == "ListObjectsV2":
        return InvalidPageToken("is not valid any more")
    return StorageError(f"S3 answered {code or status} to {error.operation_name}.")


@contextmanager
def translated(key: str = "") -> Iterator[None]:
    """Turn what boto3 raises inside into the domain's errors.

    Raises:
        FilesApiError: See `translate`; StorageUnavailable where S3 cannot be reached.
    """
    try:
        yield
    except ClientError as error:
        raise translate(error, key) from error
    except (BotoConnectionError, HTTPClientError, ReadTimeoutError) as error:
        raise StorageUnavailable("The storage cannot be reached.") from error
    except BotoCoreError as error:
        # Credentials, a region, a parameter: nothing that the caller could mend.
        raise StorageError(f"S3 could not be asked: {type(error).__name__}.") from error
