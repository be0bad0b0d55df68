"""What the OpenAPI document says beyond what flask-smorest finds in the code: headers, bodies, errors, examples."""

from __future__ import annotations

from copy import deepcopy
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from apispec import APISpec

_View = TypeVar("_View", bound="Callable[..., Any]")
_Doc = dict[str, Any]

PROBLEM_TYPE = "application/problem+json"


def _header(description: str, example: str | None = None) -> _Doc:
    header: _Doc = {"description": description, "schema": {"type": "string"}}
    if example is not None:
        header["example"] = example
    return header


def _parameter(
    name: str, description: str, example: str | None = None, *, pattern: str | None = None
) -> _Doc:
    schema: _Doc = {"type": "string"}
    if pattern is not None:
        schema["pattern"] = pattern
    parameter: _Doc = {"in": "header", "name": name, "description": description, "schema": schema}
    if example is not None:
        parameter["example"] = example
    return parameter


_ETAG_EXAMPLE = '"9a0364b9e99bb480dd25e1f0284c8555"'
_ETAGS = r'^\s*(\*|(W/)?"[!#-~]*"(\s*,\s*(W/)?"[!#-~]*")*)\s*$'
_HTTP_DATE = "Mon, 23 Nov 2026 19:07:26 GMT"

ETAG = _header("The version of the file's content, a strong validator.", _ETAG_EXAMPLE)
REQUEST_ID = _header("The id of this request in the log.", "6f1c0c4e9d5b4d0a9c3e2f1a0b9c8d7e")
WRITE_HEADERS = {"ETag": ETAG, "X-Request-Id": REQUEST_ID}
CREATED_HEADERS = {
    **WRITE_HEADERS,
    "Location": _header("The path of the new file.", "/v1/files/reports/2026/q3.pdf"),
}

FILE_PATH: _Doc = {
    "in": "path",
    "name": "file_path",
    "required": True,
    "description": "The whole path, slashes included as they are (`/v1/files/reports/2026/q3.pdf`). UTF-8 in form "
    "NFC, up to 1,024 bytes, percent-encoded once; no control characters, backslashes, encoded slashes, empty, `.` "
    "or `..` segments, and no slash at either end.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 1024},
    "example": "reports/2026/q3.pdf",
}

_BINARY: _Doc = {"type": "string", "contentMediaType": "application/octet-stream"}

_IF_MATCH = _parameter(
    "If-Match", "Only while the file has one of these ETags.", _ETAG_EXAMPLE, pattern=_ETAGS
)
_IF_NONE_MATCH = _parameter("If-None-Match", "Only while it has none of these ETags.", pattern=_ETAGS)
_IF_UNMODIFIED_SINCE = _parameter("If-Unmodified-Since", "Only while it was not modified since.", _HTTP_DATE)
_IF_MODIFIED_SINCE = _parameter("If-Modified-Since", "Only if it was modified since.", _HTTP_DATE)
_WANT_REPR_DIGEST = _parameter(
    "Want-Repr-Digest",
    "`sha-256=1` asks for `Repr-Digest`, which comes where the SHA-256 of the whole file is known (RFC 9530).",
    "sha-256=1",
)

_VALIDATORS: _Doc = {
    "ETag": ETAG,
    "Last-Modified": _header("When the file was written.", _HTTP_DATE),
    "Cache-Control": _header("As uploaded; `private, no-cache` otherwise.", "private, no-cache"),
    "Vary": _header("What the answer depends on.", "Origin, Want-Repr-Digest"),
    "X-Request-Id": REQUEST_ID,
}
_FILE_HEADERS: _Doc = {
    **_VALIDATORS,
    "Accept-Ranges": _header("Ranges can be asked for.", "bytes"),
    "Content-Disposition": _header(
        "`inline` for raster images, sound, video and plain text; `attachment` for everything else.",
        "attachment; filename=\"q3.pdf\"; filename*=UTF-8''q3.pdf",
    ),
    "Repr-Digest": _header("The SHA-256 of the whole file, if wanted and known.", "sha-256=:…:"),
    "X-File-Meta-name": _header("User metadata, as it was uploaded.", "value"),
}

PUT_FILE: _Doc = {
    "operationId": "putFile",
    "parameters": [
        _parameter(
            "If-Match",
            "Replace only the file with this ETag; `*` replaces whatever is there.",
            pattern=_ETAGS,
        ),
        _parameter("If-None-Match", "`*` creates only: 412 when there is a file already.", pattern=_ETAGS),
        _IF_UNMODIFIED_SINCE,
        _parameter("Content-Digest", "`sha-256=:…:`, checked before anything is stored (RFC 9530)."),
        _parameter("Repr-Digest", "The same as Content-Digest here."),
        _parameter("Content-MD5", "Base64 of the MD5, checked before anything is stored (RFC 1864)."),
        _parameter(
            "X-File-Meta-name",
            "User metadata: any name behind `X-File-Meta-`, visible ASCII with inner spaces; names and values have "
            "2,048 bytes together.",
            pattern=r"^([!-~]([ -~]*[!-~])?)?$",
        ),
    ],
    "requestBody": {
        "required": True,
        "description": "The bytes, or a form with the one part `file_content`.",
        "content": {
            "application/octet-stream": {"schema": _BINARY},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file_content": _BINARY},
                    "required": ["file_content"],
                    "additionalProperties": False,
                }
            },
        },
    },
}
GET_FILE: _Doc = {
    "operationId": "getFile",
    "parameters": [
        _IF_MATCH,
        _IF_NONE_MATCH,
        _IF_MODIFIED_SINCE,
        _IF_UNMODIFIED_SINCE,
        _parameter("Range", "One range of bytes.", "bytes=0-1023"),
        _parameter("If-Range", "The ETag or date that the range belongs to; else the whole file comes."),
        _WANT_REPR_DIGEST,
    ],
    "responses": {
        200: {"description": "The file.", "headers": _FILE_HEADERS, "content": {"*/*": {"schema": _BINARY}}},
        206: {
            "description": "The part that was asked for.",
            "headers": {**_FILE_HEADERS, "Content-Range": _header("Which part.", "bytes 0-1023/48213")},
            "content": {"*/*": {"schema": _BINARY}},
        },
        304: {"description": "The client has this file already.", "headers": _VALIDATORS},
        307: {
            "description": "Fetch it from S3 (`redirect=true`).",
            "headers": {"Location": _header("A presigned URL."), "X-Request-Id": REQUEST_ID},
        },
    },
}
HEAD_FILE: _Doc = {
    "operationId": "headFile",
    "parameters": [_IF_MATCH, _IF_NONE_MATCH, _IF_MODIFIED_SINCE, _IF_UNMODIFIED_SINCE, _WANT_REPR_DIGEST],
    "responses": {
        200: {"description": "The headers of the file.", "headers": _FILE_HEADERS},
        304: {"description": "The client has this file already.", "headers": _VALIDATORS},
        **{
            status: {"description": description, "headers": {"X-Request-Id": REQUEST_ID}}
            for status, description in (
                (400, "Bad Request"),
                (412, "Precondition Failed"),
                (422, "Unprocessable Content"),
                (500, "Internal Server Error"),
                (503, "Service Unavailable"),
            )
        },
        404: {
            "description": "Not Found",
            "headers": {
                "X-Error": _header(
                    "What the body of a GET would say.", "File not found: reports/2026/q3.pdf"
                ),
                "X-Request-Id": REQUEST_ID,
            },
        },
    },
}
DELETE_FILE: _Doc = {
    "operationId": "deleteFile",
    "parameters": [_IF_MATCH, _IF_NONE_MATCH, _IF_UNMODIFIED_SINCE],
    "responses": {204: {"description": "The file is gone.", "headers": {"X-Request-Id": REQUEST_ID}}},
}
LIST_FILES: _Doc = {"operationId": "listFiles"}
GENERATE_FILE: _Doc = {
    "operationId": "generateFile",
    "parameters": [
        _parameter(
            "Idempotency-Key",
            "1 to 255 visible ASCII characters. The same key and body replay the first answer for 24 hours.",
            pattern=r"^[!-~]{1,255}$",
        )
    ],
}
GENERATION_EXAMPLES: _Doc = {
    "text": {
        "summary": "A text",
        "value": {"file_path": "poems/autumn.txt", "prompt": "A haiku about autumn.", "file_type": "Text"},
    },
    "image": {
        "summary": "An image",
        "value": {
            "file_path": "pictures/fox.png",
            "prompt": "A fox in the snow, watercolour.",
            "file_type": "Image",
            "options": {"size": "1024x1024", "quality": "low"},
        },
    },
    "speech": {
        "summary": "Speech",
        "value": {
            "file_path": "talks/welcome.mp3",
            "prompt": "Welcome to the Files API.",
            "file_type": "Text-to-Speech",
            "options": {"voice": "coral"},
        },
    },
}


def problems(*statuses: int) -> Callable[[_View], _View]:
    """Document the errors that an operation answers, and 500, which every operation may."""

    def decorate(view: _View) -> _View:
        doc = deepcopy(getattr(view, "_apidoc", {}))
        responses = doc.setdefault("manual_doc", {}).setdefault("responses", {})
        for status in (*statuses, 500):
            responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
        view._apidoc = doc  # type: ignore[attr-defined]  # noqa: SLF001  # where flask-smorest keeps it
        return view

    return decorate


def register_problem_responses(spec: APISpec) -> None:
    """Put the answers that `problems` refers to into the document."""
    for status in (400, 404, 405, 408, 409, 412, 413, 415, 416, 422, 429, 500, 502, 503, 504):
        headers: _Doc = {"X-Request-Id": REQUEST_ID}
        if status in {409, 429, 503}:
            headers["Retry-After"] = _header("Seconds after which to try again, if that may help.", "1")
        if status == 416:
            headers["Content-Range"] = _header("The size of the file.", "bytes */48213")
        spec.components.response(
            f"Problem{status}",
            {
                "description": HTTPStatus(status).phrase,
                "headers": headers,
                "content": {PROBLEM_TYPE: {"schema": "ProblemSchema"}},
            },
        )
