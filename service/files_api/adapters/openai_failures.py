"""What a failed call to OpenAI means in the words of the domain. Imported with the SDK, at first use."""

from __future__ import annotations

import logging
import math
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx2
import openai

from files_api.domain.errors import (
    FilesApiError,
    GenerationNotConfigured,
    GenerationRefused,
    GeneratorBadAnswer,
    GeneratorTimeout,
    GeneratorUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = logging.getLogger(__name__)

MIN_RETRY_AFTER_SECONDS, MAX_RETRY_AFTER_SECONDS, DEFAULT_RETRY_AFTER_SECONDS = 1, 3600, 10
_MAX_MESSAGE_CHARACTERS = 300
#: So many characters in a row of a prompt are a quotation, fewer are a coincidence.
_QUOTED_CHARACTERS = 20
#: Keys, organizations and projects, as OpenAI writes them into its messages.
_IDENTIFIER = re.compile(r"\b(?:sk|org|proj)[-_]\w", re.IGNORECASE)
_OVERLOADED_STATUSES = (503, 529)


@dataclass(frozen=True, slots=True)
class Failure:
    """What to tell the caller, and what to try before.

    `retry` means that the same request may be sent once more; `key_refused` that another key might help.
    """

    error: FilesApiError
    retry: bool = False
    key_refused: bool = False


def failure_of(error: Exception, *, secrets: tuple[str, ...]) -> Failure:
    """Translate what the SDK, or HTTP below it, has raised, and log it without a word of the bodies.

    Args:
        error: An `openai.OpenAIError` or `httpx2.HTTPError`.
        secrets: Texts that must not be told: the prompt, the key.
    """
    match error:
        case openai.APIStatusError():
            return _status_failure(error, secrets)
        case openai.APIConnectionError():
            return _connection_failure(error)
        case httpx2.TimeoutException():
            return Failure(GeneratorTimeout("The model did not answer in time."))
        case httpx2.HTTPError():
            _log.warning(
                "OpenAI's answer broke off: %s", type(error).__name__, extra={"event": "generator_failed"}
            )
            return Failure(GeneratorBadAnswer("The model's answer broke off."))
        case _:
            _log.warning(
                "The OpenAI SDK failed: %s", type(error).__name__, extra={"event": "generator_failed"}
            )
            return Failure(GeneratorBadAnswer("The model's answer is malformed."))


def _connection_failure(error: openai.APIConnectionError) -> Failure:
    cause = error.__cause__
    # Only these are about reaching the server; reading and writing have all the time of the request.
    unreached = isinstance(cause, (httpx2.ConnectTimeout, httpx2.PoolTimeout))
    if isinstance(error, openai.APITimeoutError) and not unreached:
        return Failure(GeneratorTimeout("The model did not answer in time."))
    _log.warning(
        "OpenAI cannot be reached: %s", type(cause or error).__name__, extra={"event": "generator_failed"}
    )
    unavailable = GeneratorUnavailable("The model cannot be reached.", DEFAULT_RETRY_AFTER_SECONDS)
    return Failure(unavailable, retry=True)


def _status_failure(error: openai.APIStatusError, secrets: tuple[str, ...]) -> Failure:
    status = error.status_code
    operators_fault = status in {401, 403, 404} or error.code == "insufficient_quota"
    _log.log(
        logging.ERROR if operators_fault else logging.WARNING,
        "OpenAI answered %d (code %s, request %s)",
        status,
        _plain(error.code),
        _plain(error.request_id),
        extra={"event": "generator_failed"},
    )
    retry_after = retry_after_seconds(error.response.headers, now_seconds=time.time())
    if status in {401, 403}:
        refused = GenerationNotConfigured("Generation is not configured: OpenAI refuses the key.")
        return Failure(refused, key_refused=status == 401)
    if status in {408, 409, 429}:
        message = "The model's rate limit is reached." if status == 429 else "The model is busy."
        return Failure(GeneratorUnavailable(message, retry_after or DEFAULT_RETRY_AFTER_SECONDS))
    if status >= 500:
        if status in _OVERLOADED_STATUSES or retry_after is not None:
            busy = GeneratorUnavailable(
                "The model is overloaded.", retry_after or DEFAULT_RETRY_AFTER_SECONDS
            )
            return Failure(busy, retry=retry_after is None)
        return Failure(GeneratorBadAnswer("The model failed."), retry=True)
    if status >= 400:
        return Failure(GenerationRefused(_refusal_text(error, secrets)))
    return Failure(GeneratorBadAnswer("The model's answer is malformed."))


def retry_after_seconds(headers: Mapping[str, str], *, now_seconds: float) -> int | None:
    """Read Retry-After (RFC 9110 section 10.2.3), or OpenAI's finer retry-after-ms.

    Args:
        headers: Of the answer; their names in any case, or in lower case.
        now_seconds: The time of day, in seconds since 1970.

    Returns:
        Whole seconds within 1 and 3600; None when there is no such header that can be read.
    """
    seconds = _number(headers.get("retry-after-ms", ""), 1000)
    if seconds is None:
        seconds = _number(headers.get("retry-after", ""), 1)
    if seconds is None:
        seconds = _seconds_until(headers.get("retry-after", ""), now_seconds)
    if seconds is None:
        return None
    return math.ceil(min(max(seconds, MIN_RETRY_AFTER_SECONDS), MAX_RETRY_AFTER_SECONDS))


def _number(text: str, per_second: int) -> float | None:
    return float(text) / per_second if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,9})?", text.strip()) else None


def _seconds_until(text: str, now_seconds: float) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() - now_seconds
    except (ValueError, OverflowError):
        return None


def _refusal_text(error: openai.APIStatusError, secrets: tuple[str, ...]) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, dict) else None
    told = (
        "".join(c for c in " ".join(message.split()) if c.isprintable()) if isinstance(message, str) else ""
    )
    told = told[:_MAX_MESSAGE_CHARACTERS]
    if not told or _IDENTIFIER.search(told) or any(_quotes(told, secret) for secret in secrets):
        return "The model refuses this request."
    return f"The model refuses this request: {told}"


def _quotes(message: str, secret: str) -> bool:
    """Tell whether a message holds a secret, or a good piece of it."""
    flat = " ".join(secret.split())
    length = min(len(flat), _QUOTED_CHARACTERS)
    return any(message[start : start + length] in flat for start in range(len(message) - length + 1))


def _plain(text: str | None) -> str:
    """Make what came from outside safe for a line of a log."""
    return re.sub(r"[^\w.:-]", "?", text)[:80] if text else "none"
