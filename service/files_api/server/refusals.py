"""Answers to what gunicorn refuses by itself, in the shape of every other error (RFC 9457)."""

from __future__ import annotations

import json
import random
import time
import uuid
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

from gunicorn.http import errors

from files_api.server.statuses import title_of

# The detail is ours: gunicorn's own texts repeat what the client sent.
_REFUSED: tuple[tuple[type[BaseException], int, str, str], ...] = (
    (errors.LimitRequestLine, 414, "uri_too_long", "The request line is too long."),
    (errors.LimitRequestHeaders, 431, "headers_too_large", "The header fields are too large, or too many."),
    (
        errors.UnsupportedTransferCoding,
        501,
        "unsupported_transfer_coding",
        "The transfer coding is not supported.",
    ),
    (errors.ExpectationFailed, 417, "expectation_failed", "Only the expectation 100-continue is supported."),
    (errors.InvalidResponseHeader, 500, "internal_error", "Something went wrong here; it is logged."),
    (errors.InvalidResponseHeaderName, 500, "internal_error", "Something went wrong here; it is logged."),
    (
        errors.InvalidHeaderName,
        400,
        "malformed_request",
        "A header has a name that is none, or has an underscore.",
    ),
    (errors.ParseException, 400, "malformed_request", "The request is not well-formed HTTP/1.1."),
)
_TIMEOUT = (408, "request_timeout", "The head of the request did not arrive in time.")
_UNKNOWN = (500, "internal_error", "Something went wrong here; it is logged.")


def new_uuid() -> uuid.UUID:
    """Make a UUID that no other request has. Not a secret: the system's randomness would cost more than the rest."""
    return uuid.UUID(int=random.getrandbits(128), version=4)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One answer of the server itself; mostly its connection is closed then.

    Args:
        status: The HTTP status.
        code: The stable name of the error.
        detail: A sentence for a person.
        request_id: The caller's, where it could be read.
        retry_after_seconds: When to come again, in seconds, where that may help.
        has_body: False for the answer to a HEAD.
        closes: Whether the connection is closed.
    """

    status: int
    code: str
    detail: str
    request_id: str
    retry_after_seconds: int | None = None
    has_body: bool = True
    closes: bool = True

    def to_bytes(self) -> bytes:
        """Write the whole HTTP/1.1 response."""
        title = title_of(self.status)
        body = json.dumps(
            {
                "type": "about:blank",
                "title": title,
                "status": self.status,
                "detail": self.detail,
                # What was asked for was not read, so the occurrence itself is what there is to point at.
                "instance": f"urn:uuid:{new_uuid()}",
                "code": self.code,
                "request_id": self.request_id,
            }
        ).encode()
        retry = f"Retry-After: {self.retry_after_seconds}\r\n" if self.retry_after_seconds is not None else ""
        head = (
            f"HTTP/1.1 {self.status} {title}\r\n"
            f"Date: {_date(int(time.time()))}\r\n"
            f"Connection: {'close' if self.closes else 'keep-alive'}\r\n"
            "Content-Type: application/problem+json\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"X-Request-Id: {self.request_id}\r\n"
            f"{retry}"
            "X-Content-Type-Options: nosniff\r\n"
            "Cache-Control: no-store\r\n"
            "\r\n"
        )
        return head.encode("ascii") + (body if self.has_body else b"")


def refusal(cause: BaseException | None) -> Refusal:
    """Find the answer; None stands for a head that did not arrive in time."""
    status, code, detail = _UNKNOWN
    if cause is None:
        status, code, detail = _TIMEOUT
    for kind, *answer in _REFUSED:
        if isinstance(cause, kind):
            status, code, detail = answer  # type: ignore[assignment]
            break
    return Refusal(status=status, code=code, detail=detail, request_id=new_uuid().hex)
