"""How an operation ends that did not do what it was asked for."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

#: What AWS answers when it is asked too often or is away for a moment; worth asking again.
_PASSING = {
    "InternalFailure",
    "InternalError",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


class OperationError(Exception):
    """It was refused, or it failed. The text is one sentence for a person."""

    #: Exit status of the program.
    status = 1


class NotReadyError(OperationError):
    """Nothing was begun, since something is missing on this side."""

    status = 2


def is_passing(error: BotoCoreError | ClientError) -> bool:
    """Tell whether the same question may well be answered a little later."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response.get("Error", {}).get("Code") in _PASSING or status >= 500
    return not isinstance(error, NoCredentialsError | NoRegionError)


def sentence_of(error: BotoCoreError | ClientError) -> str:
    """Say what AWS, or the way to it, has refused: one line."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        reason = " ".join(str(told.get("Message") or "no reason given").split()).rstrip(".")
        return f"AWS refused {error.operation_name} ({told.get('Code', 'unknown')}): {reason}."
    return f"AWS cannot be asked: {' '.join(str(error).split()).rstrip('.')}."
