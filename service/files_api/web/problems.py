"""Errors on the wire: the one table from a domain error to its status, and the one shape of them all (RFC 9457)."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flask import Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from files_api.domain import errors
from files_api.server.statuses import title_of
from files_api.telemetry import metrics
from files_api.web.access import challenge_of
from files_api.web.request_log import request_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

STATUS_OF: Mapping[type[errors.FilesApiError], HTTPStatus] = MappingProxyType(
    {
        errors.AccessUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.BodyTimeout: HTTPStatus.REQUEST_TIMEOUT,
        errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        errors.DigestMismatch: HTTPStatus.BAD_REQUEST,
        errors.FileExists: HTTPStatus.CONFLICT,
        errors.FileNotFound: HTTPStatus.NOT_FOUND,
        errors.FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        errors.GenerationBusy: HTTPStatus.TOO_MANY_REQUESTS,
        errors.GenerationNotConfigured: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.GenerationRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.GeneratorBadAnswer: HTTPStatus.BAD_GATEWAY,
        errors.GeneratorTimeout: HTTPStatus.GATEWAY_TIMEOUT,
        errors.GeneratorUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.IdempotencyKeyInUse: HTTPStatus.CONFLICT,
        errors.IdempotencyKeyInvalid: HTTPStatus.BAD_REQUEST,
        errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.IncompleteBody: HTTPStatus.BAD_REQUEST,
        errors.InvalidCredential: HTTPStatus.UNAUTHORIZED,
        errors.InvalidDigest: HTTPStatus.BAD_REQUEST,
        errors.InvalidFilePath: HTTPStatus.BAD_REQUEST,
        errors.InvalidHeader: HTTPStatus.BAD_REQUEST,
        errors.InvalidMetadata: HTTPStatus.BAD_REQUEST,
        errors.InvalidPrecondition: HTTPStatus.BAD_REQUEST,
        errors.MalformedBody: HTTPStatus.BAD_REQUEST,
        errors.MissingCredential: HTTPStatus.UNAUTHORIZED,
        errors.MissingScope: HTTPStatus.FORBIDDEN,
        errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
        errors.QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
        errors.RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
        errors.StorageUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        errors.ValidationFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.WriteConflict: HTTPStatus.CONFLICT,
    }
)

# Every 422 says which field it is about; these are always about the same one.
_FIELD_OF: Mapping[type[errors.FilesApiError], tuple[str, str]] = MappingProxyType(
    {
        # The body as a whole: the model may mean the prompt as well as an option.
        errors.GenerationRefused: ("json", ""),
        errors.IdempotencyKeyReused: ("header", "Idempotency-Key"),
    }
)

# Which limit it is; those of budgets are counted where they are known (`web.limits`).
_LIMIT_OF: Mapping[type[errors.FilesApiError], str] = MappingProxyType(
    {errors.GenerationBusy: "generation_slots", errors.QuotaExceeded: "quota"}
)

#: What Flask and Werkzeug raise by themselves.
CODE_OF_STATUS: Mapping[int, str] = MappingProxyType(
    {
        400: "malformed_request",
        404: "not_found",
        405: "method_not_allowed",
        408: "request_timeout",
        413: "body_too_large",
        415: "unsupported_media_type",
        500: "internal_error",
    }
)
# Werkzeug's own words are about pages and spelling.
_DETAIL_OF_STATUS = {
    404: "There is nothing at this URL; the documentation is at /.",
    405: "This URL does not know this method; Allow tells the ones it knows.",
}
_INTERNAL_DETAIL = "Something went wrong here. The cause is in the log, under this request_id."


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    problems: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make a problem+json answer.

    Args:
        status: The HTTP status.
        code: The stable name of the error.
        detail: A sentence for a person.
        problems: For 422: what is wrong, as `{"location", "field", "message"}`.
        headers: More headers, such as Retry-After.
    """
    record = request_record(request.environ)
    record.error_code = code
    body: dict[str, Any] = {
        # RFC 9457 section 4.2.1: `code` is what tells problems apart, there is nothing more to read at a URI.
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        # Printable ASCII already; quoted once more, because not all of that may stand in a URI reference.
        "instance": quote(record.path, safe="/%:@!$&'()*+,;=-._~"),
        "code": code,
        "request_id": record.request_id,
    }
    if problems is not None:
        body["errors"] = list(problems)
    response = Response(json.dumps(body, ensure_ascii=False), status=status, content_type=PROBLEM_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.update(headers or {})
    return response


def on_domain_error(error: errors.FilesApiError) -> Response:
    """Answer an error of the domain."""
    status = next((STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF), None)
    if status is None:
        return on_unexpected_error(error)
    headers: dict[str, str] = {}
    problems = None
    if type(error) in _LIMIT_OF:
        metrics.record_limit_hit(_LIMIT_OF[type(error)])
    if isinstance(error, errors.RetryableError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    challenge = challenge_of(error)
    if challenge is not None:
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, errors.RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size_bytes}"
    if isinstance(error, errors.FileNotFound) and request.method in {"HEAD", "DELETE"}:
        # What a HEAD cannot say in its body; kept to visible ASCII, since it repeats a name that a client chose.
        headers["X-Error"] = quote(str(error), safe=" !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
    if isinstance(error, errors.ValidationFailed):
        problems = [
            {"location": error.location, "field": field, "message": message}
            for field, message in error.problems
        ]
    if type(error) in _FIELD_OF:
        location, field = _FIELD_OF[type(error)]
        problems = [{"location": location, "field": field, "message": str(error)}]
    if status >= 500:
        log.warning(
            "request failed",
            # Trouble that passes comes in thousands of lines at once: its cause in a few words is enough then.
            exc_info=None if isinstance(error, errors.RetryableError) else error,
            extra={
                "event": "request_failed",
                "error_code": error.code,
                "cause": type(error.__cause__).__name__,
                "request_id": request_record(request.environ).request_id,
            },
        )
    return problem(status, error.code, str(error), problems=problems, headers=headers)


def on_http_exception(error: HTTPException) -> Response:
    """Answer what Flask and Werkzeug raise: unknown routes, methods, broken requests."""
    status = error.code or 500
    if error.response is not None or status < 400:
        return Response(error.get_response(request.environ).get_data(), status=status)
    headers = {}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    code = CODE_OF_STATUS.get(status, "http_error")
    detail = _DETAIL_OF_STATUS.get(status) or error.description or HTTPStatus(status).phrase
    return problem(status, code, detail, headers=headers)


def on_unexpected_error(error: Exception) -> Response:
    """Answer what nobody foresaw: the cause goes to the log, the caller gets an id to ask about."""
    metrics.record_unhandled_exception("request")
    log.error(
        "unexpected error",
        exc_info=error,
        extra={"event": "unexpected_error", "request_id": request_record(request.environ).request_id},
    )
    return problem(500, "internal_error", _INTERNAL_DETAIL)
