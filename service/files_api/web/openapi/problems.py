"""The errors of the API: every code there is, what it means, and which operation answers which."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from files_api.server.statuses import title_of
from files_api.web.openapi.parts import ALWAYS, FILE_PATH_EXAMPLE, REQUEST_ID_EXAMPLE, Doc, header
from files_api.web.problems import PROBLEM_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apispec import APISpec

_View = TypeVar("_View", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class KnownProblem:
    """One code that clients may rely on.

    `meaning` is for the list of codes, `detail` is what one answer with it said. `wrong_field` is the one entry of
    `errors` in that answer, as (location, field, message).
    """

    code: str
    status: HTTPStatus
    meaning: str
    detail: str
    wrong_field: tuple[str, str, str] | None = None

    def example(self) -> Doc:
        """Write a whole problem."""
        problem: Doc = {
            "type": "about:blank",
            "title": title_of(self.status),
            "status": int(self.status),
            "detail": self.detail,
            "instance": f"/v1/files/{FILE_PATH_EXAMPLE}",
            "code": self.code,
            "request_id": REQUEST_ID_EXAMPLE,
        }
        if self.wrong_field is not None:
            problem["errors"] = [dict(zip(("location", "field", "message"), self.wrong_field, strict=True))]
        return {"summary": self.meaning, "value": problem}


_KNOWN = (
    KnownProblem(
        "credential_missing",
        HTTPStatus.UNAUTHORIZED,
        "The request says nothing of who sends it, and this has to be known.",
        "This needs a credential: Authorization: Bearer, or X-API-Key.",
    ),
    KnownProblem(
        "credential_invalid",
        HTTPStatus.UNAUTHORIZED,
        "The credential is none, has expired, or was revoked.",
        "The credential is not valid.",
    ),
    KnownProblem(
        "scope_missing",
        HTTPStatus.FORBIDDEN,
        "The credential is good, but not for this.",
        "The credential does not have the scope files:write.",
    ),
    KnownProblem(
        "rate_limited",
        HTTPStatus.TOO_MANY_REQUESTS,
        "More requests of this kind in a minute than the caller's plan has; `Retry-After` tells when there are more.",
        "There are 600 reads a minute for this caller.",
    ),
    KnownProblem(
        "quota_exceeded",
        HTTPStatus.TOO_MANY_REQUESTS,
        "More bytes stored, or files generated, in a day than the caller's plan has.",
        "The quota of generations for today is 20; there is not so much left of it.",
    ),
    KnownProblem(
        "access_unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Whose credential it is, or what is left of a quota, cannot be found out now.",
        "The table of keys cannot be reached.",
    ),
    KnownProblem(
        "invalid_path",
        HTTPStatus.BAD_REQUEST,
        "The path is not a legal name of a file.",
        "The path has the segment '..'.",
    ),
    KnownProblem(
        "invalid_metadata",
        HTTPStatus.BAD_REQUEST,
        "User metadata that cannot be kept: not visible ASCII, without a name, or over 2,048 bytes.",
        "The metadata has 3021 bytes; 2048 are allowed.",
    ),
    KnownProblem(
        "invalid_header",
        HTTPStatus.BAD_REQUEST,
        "A header that is kept with the file has other characters than visible ASCII and spaces.",
        "Cache-Control has characters other than visible ASCII and spaces.",
    ),
    KnownProblem(
        "invalid_precondition",
        HTTPStatus.BAD_REQUEST,
        "A condition on a write cannot be read; it is never ignored.",
        "If-Match is not a list of entity tags: 'abc'.",
    ),
    KnownProblem(
        "invalid_digest",
        HTTPStatus.BAD_REQUEST,
        "A digest cannot be read, or two contradict each other.",
        "Content-MD5 is not base64.",
    ),
    KnownProblem(
        "digest_mismatch",
        HTTPStatus.BAD_REQUEST,
        "The bytes that arrived are not the ones that the digest was made of. Nothing is stored.",
        "The sha-256 of the bytes is not the one declared.",
    ),
    KnownProblem(
        "incomplete_body",
        HTTPStatus.BAD_REQUEST,
        "The body ended early. Nothing is stored.",
        "The body has 30000 bytes; Content-Length declared 100000.",
    ),
    KnownProblem(
        "malformed_body",
        HTTPStatus.BAD_REQUEST,
        "The body is not what its type says: no JSON, no form, broken chunks.",
        "The body is not JSON in UTF-8.",
    ),
    KnownProblem(
        "invalid_idempotency_key",
        HTTPStatus.BAD_REQUEST,
        "An Idempotency-Key is 1 to 255 visible ASCII characters.",
        "Idempotency-Key must be 1 to 255 visible ASCII characters.",
    ),
    KnownProblem(
        "malformed_request",
        HTTPStatus.BAD_REQUEST,
        "The request is not well-formed HTTP, or a header has a name that is none (an underscore, say).",
        "The request is not well-formed HTTP/1.1.",
    ),
    KnownProblem(
        "not_found",
        HTTPStatus.NOT_FOUND,
        "There is no such route.",
        "There is nothing at this URL; the documentation is at /.",
    ),
    KnownProblem(
        "file_not_found",
        HTTPStatus.NOT_FOUND,
        "There is no file at this path.",
        f"File not found: {FILE_PATH_EXAMPLE}",
    ),
    KnownProblem(
        "method_not_allowed",
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The route does not know the method; `Allow` tells the ones it knows.",
        "This URL does not know this method; Allow tells the ones it knows.",
    ),
    KnownProblem(
        "request_timeout",
        HTTPStatus.REQUEST_TIMEOUT,
        "The request arrived too slowly.",
        "The body arrived too slowly.",
    ),
    KnownProblem(
        "write_conflict",
        HTTPStatus.CONFLICT,
        "Another request is writing the same file; try again.",
        "Another request is writing this file at the same time; try again.",
    ),
    KnownProblem(
        "file_exists",
        HTTPStatus.CONFLICT,
        "There is a file already, and `overwrite` is false.",
        f"File exists already: {FILE_PATH_EXAMPLE}",
    ),
    KnownProblem(
        "idempotency_key_in_use",
        HTTPStatus.CONFLICT,
        "The first request with this Idempotency-Key is still running; `Retry-After` says when to try again.",
        "The first request with this Idempotency-Key is still running.",
    ),
    KnownProblem(
        "precondition_failed",
        HTTPStatus.PRECONDITION_FAILED,
        "A condition of the request does not hold.",
        "The file is not the one that If-Match names.",
    ),
    KnownProblem(
        "file_too_large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "The file is larger than this service takes. Nothing is stored.",
        "The file is larger than 5368709120 bytes.",
    ),
    KnownProblem(
        "body_too_large",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "A JSON body, or the head of a form, is larger than any honest one.",
        "The JSON body is larger than 8388608 bytes.",
    ),
    KnownProblem(
        "uri_too_long",
        HTTPStatus.REQUEST_URI_TOO_LONG,
        "The request line is longer than 8,190 bytes.",
        "The request line is too long.",
    ),
    KnownProblem(
        "unsupported_media_type",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body has to be JSON.",
        "The body has to be JSON, with Content-Type: application/json.",
    ),
    KnownProblem(
        "range_not_satisfiable",
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "No byte of the file is in the range; `Content-Range` tells its size.",
        "The range is outside of the file, which has 48213 bytes.",
    ),
    KnownProblem(
        "expectation_failed",
        HTTPStatus.EXPECTATION_FAILED,
        "Another expectation than `100-continue`.",
        "Only the expectation 100-continue is supported.",
    ),
    KnownProblem(
        "validation_error",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Fields that mean nothing; `errors` names each.",
        "page_size: must be 1 to 1000",
        ("query", "page_size", "must be 1 to 1000"),
    ),
    KnownProblem(
        "generation_refused",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "OpenAI refuses this prompt, or these options; another try would not help.",
        "The model refuses this request.",
    ),
    KnownProblem(
        "idempotency_key_reused",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The Idempotency-Key was used with another body.",
        "The Idempotency-Key was used with another body.",
    ),
    KnownProblem(
        "generation_busy",
        HTTPStatus.TOO_MANY_REQUESTS,
        "As many generations are running as are allowed; `Retry-After` says when to try again.",
        "Too many generations are running.",
    ),
    KnownProblem(
        "headers_too_large",
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The headers are too large, or too many.",
        "The header fields are too large, or too many.",
    ),
    KnownProblem(
        "internal_error",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong here; the log has the cause under the `request_id`.",
        "Something went wrong here. The cause is in the log, under this request_id.",
    ),
    KnownProblem(
        "unsupported_transfer_coding",
        HTTPStatus.NOT_IMPLEMENTED,
        "Another transfer coding than `chunked`.",
        "The transfer coding is not supported.",
    ),
    KnownProblem(
        "generator_bad_answer",
        HTTPStatus.BAD_GATEWAY,
        "OpenAI answered something that is not the file asked for. Nothing is stored.",
        "The answer of the model is not a file of this kind.",
    ),
    KnownProblem(
        "storage_unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "S3 cannot be reached, or is throttling; `Retry-After` says when to try again.",
        "The storage is busy; try again.",
    ),
    KnownProblem(
        "generator_unavailable",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "OpenAI cannot be reached, or has no capacity; `Retry-After` says when to try again.",
        "The model has no capacity now; try again.",
    ),
    KnownProblem(
        "generation_not_configured",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This service runs without a key for OpenAI.",
        "This service has no key for OpenAI.",
    ),
    KnownProblem(
        "overloaded",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This instance has more requests than it can serve now; `Retry-After` says when to try again.",
        "The service has more requests than it can serve now; try again.",
    ),
    KnownProblem(
        "draining",
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This instance is about to stop; another one takes over.",
        "This instance is about to stop.",
    ),
    KnownProblem(
        "generator_timeout",
        HTTPStatus.GATEWAY_TIMEOUT,
        "OpenAI did not answer in time. Nothing is stored.",
        "The model did not answer in time.",
    ),
)
#: Every code that an answer may have, by itself; in the order of their statuses.
KNOWN_PROBLEMS: Mapping[str, KnownProblem] = MappingProxyType({known.code: known for known in _KNOWN})

_MORE_HEADERS: Mapping[int, Doc] = {
    401: {"WWW-Authenticate": header("How to say who you are (RFC 6750).", 'Bearer realm="files-api"')},
    403: {
        "WWW-Authenticate": header(
            "Which scope is missing (RFC 6750).",
            'Bearer realm="files-api", error="insufficient_scope", scope="files:write"',
        )
    },
    409: {"Retry-After": header("Seconds after which to try again, if that may help.", "1", required=False)},
    416: {"Content-Range": header("The size of the file.", "bytes */48213", pattern=r"^bytes \*/[0-9]+$")},
    429: {"Retry-After": header("Seconds after which to try again.", "5", pattern="^[0-9]+$")},
    503: {"Retry-After": header("Seconds after which to try again, if that may help.", "1", required=False)},
}
_X_ERROR: Doc = {
    "X-Error": header(
        "The `detail`, made safe for a header.",
        f"File not found: {FILE_PATH_EXAMPLE}",
        pattern=r"^File not found: [ -~]*$",
    )
}


def _response(known: list[KnownProblem], *, has_body: bool, tells_x_error: bool) -> Doc:
    status = known[0].status
    headers = {**ALWAYS, **_MORE_HEADERS.get(status, {})}
    if tells_x_error and status == HTTPStatus.NOT_FOUND:
        headers |= _X_ERROR
    response: Doc = {
        "description": "\n".join(f"- `{one.code}`: {one.meaning}" for one in known),
        "headers": headers,
    }
    if has_body:
        examples = {one.code: {"$ref": f"#/components/examples/{one.code}"} for one in known}
        response["content"] = {
            PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}
        }
    return response


#: What any operation that needs a scope may answer.
BEHIND_THE_GATE = (
    "credential_missing",
    "credential_invalid",
    "scope_missing",
    "rate_limited",
    "access_unavailable",
)


def problems(*codes: str, has_body: bool = True, tells_x_error: bool = False) -> Callable[[_View], _View]:
    """Document the errors that an operation answers, and `internal_error`, which every operation may.

    Args:
        codes: Out of KNOWN_PROBLEMS.
        has_body: Whether the method lets an answer have a body: all do but HEAD.
        tells_x_error: Whether a 404 has X-Error.
    """
    by_status: dict[int, list[KnownProblem]] = {}
    for code in (*codes, "internal_error"):
        known = KNOWN_PROBLEMS[code]
        by_status.setdefault(known.status, []).append(known)

    def decorate(view: _View) -> _View:
        doc = deepcopy(getattr(view, "_apidoc", {}))
        responses = doc.setdefault("manual_doc", {}).setdefault("responses", {})
        for status, known in by_status.items():
            responses[int(status)] = _response(known, has_body=has_body, tells_x_error=tells_x_error)
        view._apidoc = doc  # type: ignore[attr-defined]  # noqa: SLF001  # where flask-smorest keeps it
        return view

    return decorate


def register_problems(spec: APISpec) -> None:
    """Put the examples that `problems` refers to into the document."""
    for known in KNOWN_PROBLEMS.values():
        spec.components.example(known.code, known.example())


def table_of_problems() -> str:
    """List every code, as Markdown."""
    rows = (f"| {int(one.status)} | `{one.code}` | {one.meaning} |" for one in KNOWN_PROBLEMS.values())
    return "\n".join(("| status | `code` | meaning |", "|---|---|---|", *rows))
