"""What each operation takes and answers, beyond what its view says itself."""

from __future__ import annotations

from files_api.web.fields import MAX_METADATA_BYTES
from files_api.web.openapi.generation import GENERATION_EXAMPLES
from files_api.web.openapi.parts import (
    ALWAYS,
    ETAG_EXAMPLE,
    FILE_PATH_EXAMPLE,
    FILE_PATH_PATTERN,
    HTTP_DATE_EXAMPLE,
    Doc,
    binary,
    header,
    header_parameter,
)

_ETAGS = r'^\s*(\*|(W/)?"[!#-~]*"(\s*,\s*(W/)?"[!#-~]*")*)\s*$'
_DIGEST_EXAMPLE = "sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:"
# Not each of these is in the calendar, but each date looks so (RFC 9110 section 5.6.7, its current form).
_HTTP_DATE = (
    "^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), (0[1-9]|[12][0-9]|3[01]) "
    "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [1-9][0-9]{3} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] GMT$"
)
_SHA256_DIGEST = "^(sha-256=:[A-Za-z0-9+/]{43}=:)?$"
_MD5 = "^[A-Za-z0-9+/]{22}==$"
_VISIBLE_ASCII = r"^([!-~]([ -~]*[!-~])?)?$"

_ETAG = header("The version of the file's content, a strong validator.", ETAG_EXAMPLE, pattern=r'^"[!#-~]+"$')
_NO_STORE = {"Cache-Control": header("Answers of writes are not kept.", "no-store")}
_WRITE_HEADERS: Doc = {"ETag": _ETAG, **_NO_STORE, **ALWAYS}
_CREATED_HEADERS: Doc = {
    **_WRITE_HEADERS,
    "Location": header(
        "The path of the new file, percent-encoded.",
        f"/v1/files/{FILE_PATH_EXAMPLE}",
        pattern="^/v1/files/[!-~]+$",
    ),
}
_VALIDATORS: Doc = {
    "ETag": _ETAG,
    "Last-Modified": header("When the file was written.", HTTP_DATE_EXAMPLE),
    "Cache-Control": header("As uploaded; `private, no-cache` otherwise.", "private, no-cache"),
    "Vary": header("What the answer depends on.", "Origin, Want-Repr-Digest"),
    **ALWAYS,
}
_FILE_HEADERS: Doc = {
    **_VALIDATORS,
    "Accept-Ranges": header("Ranges can be asked for.", "bytes", pattern="^bytes$"),
    "Content-Disposition": header(
        "`inline` for raster images, sound, video and plain text; `attachment` for everything else.",
        "attachment; filename=\"q3.pdf\"; filename*=UTF-8''q3.pdf",
        pattern="^(inline|attachment); filename=",
    ),
    "X-Content-Type-Options": header("Browsers are not to guess another type.", "nosniff"),
    "Content-Security-Policy": header(
        "What a browser may do with the file: nothing but show it.",
        "sandbox; default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
    ),
    "Content-Encoding": header("As uploaded, if it was.", "gzip", required=False),
    "Content-Language": header("As uploaded, if it was.", "en", required=False),
    "Repr-Digest": header(
        "The SHA-256 of the whole file, if wanted and known.", _DIGEST_EXAMPLE, required=False
    ),
    "X-File-Meta-name": header("User metadata, as it was uploaded; any name.", "value", required=False),
}

# What cannot be read in a condition on a read is ignored (RFC 9110 section 13.1), hence no pattern there.
_IF_MATCH = header_parameter(
    "If-Match", "Only while the file has one of these ETags; `*`: any at all.", ETAG_EXAMPLE
)
_IF_NONE_MATCH = header_parameter("If-None-Match", "Only while it has none of these ETags.", ETAG_EXAMPLE)
_IF_UNMODIFIED_SINCE = header_parameter(
    "If-Unmodified-Since", "Only while it was not modified since this HTTP-date.", HTTP_DATE_EXAMPLE
)
_WRITE_IF_UNMODIFIED_SINCE = header_parameter(
    "If-Unmodified-Since",
    "Only while it was not modified since this HTTP-date.",
    HTTP_DATE_EXAMPLE,
    pattern=_HTTP_DATE,
)
_IF_MODIFIED_SINCE = header_parameter(
    "If-Modified-Since", "Only if it was modified since this HTTP-date.", HTTP_DATE_EXAMPLE
)
_WANT_REPR_DIGEST = header_parameter(
    "Want-Repr-Digest",
    "`sha-256=1` asks for `Repr-Digest`, which comes where the SHA-256 of the whole file is known (RFC 9530).",
    "sha-256=1",
)

#: The one parameter of the path.
FILE_PATH: Doc = {
    "in": "path",
    "name": "file_path",
    "required": True,
    "description": "The whole path, slashes included as they are: `/v1/files/reports/2026/q3.pdf`. UTF-8 in form "
    "NFC, up to 1,024 bytes, percent-encoded once. No control characters, backslashes, encoded slashes (`%2F`), empty, "
    "`.` or `..` segments, and no slash at either end.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": FILE_PATH_PATTERN},
    "example": FILE_PATH_EXAMPLE,
}


def _stored(message: str) -> Doc:
    return {
        "file_path": FILE_PATH_EXAMPLE,
        "message": f"{message} at path: {FILE_PATH_EXAMPLE}",
        "size_bytes": 48213,
        "content_type": "application/pdf",
        "etag": ETAG_EXAMPLE,
    }


def _answers(example: Doc) -> Doc:
    return {"application/json": {"example": example}}


# Of no type: a file may well be JSON.
_ANY_BYTES: Doc = {"contentMediaType": "application/octet-stream"}
_CREATED, _REPLACED = "The file is new.", "The file was there, and was replaced."

PUT_FILE: Doc = {
    "operationId": "putFile",
    "parameters": [
        header_parameter(
            "If-Match",
            "Replace only the file that has one of these ETags; `*` replaces whatever is there, and creates nothing.",
            ETAG_EXAMPLE,
            pattern=_ETAGS,
        ),
        header_parameter(
            "If-None-Match", "`*` creates only: 412 when there is a file already.", "*", pattern=_ETAGS
        ),
        _WRITE_IF_UNMODIFIED_SINCE,
        header_parameter(
            "Content-Digest",
            "The SHA-256 of the file; checked, and nothing is stored when it does not match (RFC 9530). "
            "Other algorithms are ignored.",
            _DIGEST_EXAMPLE,
            pattern=_SHA256_DIGEST,
        ),
        header_parameter(
            "Repr-Digest", "The same as Content-Digest here.", _DIGEST_EXAMPLE, pattern=_SHA256_DIGEST
        ),
        header_parameter(
            "Content-MD5",
            "Base64 of the MD5, checked likewise (RFC 1864).",
            "1B2M2Y8AsgTpgAmY7PhCfg==",
            pattern=_MD5,
        ),
        header_parameter(
            "Cache-Control", "Kept, and given back with the file.", "max-age=3600", pattern=_VISIBLE_ASCII
        ),
        header_parameter(
            "Content-Language", "Kept, and given back with the file.", "en", pattern=_VISIBLE_ASCII
        ),
        header_parameter(
            "X-File-Meta-name",
            "User metadata, kept and given back: any name behind `X-File-Meta-`, visible ASCII with inner spaces; "
            "names and values have 2,048 bytes together.",
            "value",
            pattern=_VISIBLE_ASCII,
            max_length=MAX_METADATA_BYTES - len("name"),
        ),
    ],
    "requestBody": {
        "required": True,
        "description": "The bytes themselves, with any `Content-Type` (and `Content-Encoding`): both are kept; a type "
        "that is missing is guessed from the extension. Or a form with the one part `file_content`.",
        "content": {
            "application/octet-stream": {"schema": binary()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file_content": {**binary(), "description": "The file."}},
                    "required": ["file_content"],
                    "additionalProperties": False,
                }
            },
        },
    },
    "responses": {
        200: {
            "description": _REPLACED,
            "headers": _WRITE_HEADERS,
            "content": _answers(_stored("Existing file updated")),
        },
        201: {
            "description": _CREATED,
            "headers": _CREATED_HEADERS,
            "content": _answers(_stored("New file uploaded")),
        },
    },
}
GET_FILE: Doc = {
    "operationId": "getFile",
    "parameters": [
        _IF_MATCH,
        _IF_NONE_MATCH,
        _IF_MODIFIED_SINCE,
        _IF_UNMODIFIED_SINCE,
        header_parameter("Range", "One range of bytes; anything else gets the whole file.", "bytes=0-1023"),
        header_parameter(
            "If-Range", "The ETag or date that the range belongs to; else the whole file comes.", ETAG_EXAMPLE
        ),
        _WANT_REPR_DIGEST,
    ],
    "responses": {
        200: {
            "description": "The file, with the type it was uploaded with.",
            "headers": _FILE_HEADERS,
            "content": {"*/*": {"schema": _ANY_BYTES}},
        },
        206: {
            "description": "The part that was asked for.",
            "headers": {
                **_FILE_HEADERS,
                "Content-Range": header(
                    "Which part.", "bytes 0-1023/48213", pattern=r"^bytes [0-9]+-[0-9]+\/[0-9]+$"
                ),
            },
            "content": {"*/*": {"schema": _ANY_BYTES}},
        },
        304: {"description": "The client has this file already.", "headers": _VALIDATORS},
        307: {
            "description": "Fetch it from S3 (`redirect=true`).",
            "headers": {
                "Location": header(
                    "A presigned URL that is good for some minutes.",
                    f"https://files.s3.amazonaws.com/{FILE_PATH_EXAMPLE}?X-Amz-Algorithm=AWS4-HMAC-SHA256",
                ),
                "Cache-Control": header("The URL does not last.", "no-store"),
                **ALWAYS,
            },
        },
    },
}
HEAD_FILE: Doc = {
    "operationId": "headFile",
    "parameters": [_IF_MATCH, _IF_NONE_MATCH, _IF_MODIFIED_SINCE, _IF_UNMODIFIED_SINCE, _WANT_REPR_DIGEST],
    "responses": {
        200: {"description": "The headers of the file.", "headers": _FILE_HEADERS},
        304: {"description": "The client has this file already.", "headers": _VALIDATORS},
    },
}
DELETE_FILE: Doc = {
    "operationId": "deleteFile",
    "parameters": [
        header_parameter(
            "If-Match", "Delete only the file that has one of these ETags.", ETAG_EXAMPLE, pattern=_ETAGS
        ),
        header_parameter(
            "If-None-Match", "Delete only a file that has none of these.", ETAG_EXAMPLE, pattern=_ETAGS
        ),
        _WRITE_IF_UNMODIFIED_SINCE,
    ],
    "responses": {204: {"description": "The file is gone.", "headers": ALWAYS}},
}
LIST_FILES: Doc = {
    "operationId": "listFiles",
    "responses": {
        200: {
            "description": "One page.",
            "headers": {**ALWAYS, "Cache-Control": header("Ask again each time.", "private, no-cache")},
            "content": _answers(
                {
                    "files": [
                        {
                            "file_path": FILE_PATH_EXAMPLE,
                            "size_bytes": 48213,
                            "last_modified": "2026-11-23T19:07:26Z",
                            "etag": ETAG_EXAMPLE,
                        }
                    ],
                    "directories": ["reports/2026/drafts/"],
                    "next_page_token": None,
                }
            ),
        }
    },
}


def _generated(message: str) -> Doc:
    return _answers(
        {
            "file_path": "poems/autumn.txt",
            "message": f"{message} at path: poems/autumn.txt",
            "size_bytes": 71,
            "content_type": "text/plain",
            "etag": ETAG_EXAMPLE,
            "model": "gpt-6.1-terra",
            "usage": {"input_tokens": 12, "output_tokens": 23, "total_tokens": 35},
        }
    )


GENERATE_FILE: Doc = {
    "operationId": "generateFile",
    "parameters": [
        header_parameter(
            "Idempotency-Key",
            "1 to 255 visible ASCII characters. The same key and body replay the first answer for 24 hours, and are "
            "billed once.",
            "5d3f0c1e-2b7a-4f7e-9d0c-6a1b2c3d4e5f",
            pattern=r"^[!-~]{1,255}$",
        )
    ],
    "requestBody": {"content": {"application/json": {"examples": GENERATION_EXAMPLES}}},
    "responses": {
        200: {
            "description": _REPLACED,
            "headers": _WRITE_HEADERS,
            "content": _generated("New Text file generated and uploaded"),
        },
        201: {
            "description": _CREATED,
            "headers": _CREATED_HEADERS,
            "content": _generated("New Text file generated and uploaded"),
        },
    },
}

_FRESH: Doc = {**ALWAYS, "Cache-Control": header("Always asked anew.", "no-store")}


def _health(operation_id: str, description: str, example: Doc) -> Doc:
    answer = {"description": description, "headers": _FRESH, "content": _answers(example)}
    return {"operationId": operation_id, "responses": {200: answer}}


GET_LIVENESS: Doc = _health("getLiveness", "The process answers.", {"status": "ok"})
GET_READINESS: Doc = _health("getReadiness", "Requests are welcome.", {"status": "ok"})
GET_VERSION: Doc = _health(
    "getVersion", "The release and its commit.", {"version": "1.0.0", "commit": "127ff3b"}
)
GET_DEEP_HEALTH: Doc = _health(
    "getDeepHealth",
    "All of it is well.",
    {
        "status": "ok",
        "checks": {
            "s3": {"status": "ok", "duration_ms": 12.5},
            "openai": {"status": "ok", "duration_ms": 240.1},
        },
    },
)
GET_DEEP_HEALTH["responses"][503] = {
    "description": "At least one dependency is not well.",
    "headers": _FRESH,
    "content": _answers({"status": "failed", "checks": {"s3": {"status": "failed", "duration_ms": 2000.4}}}),
}
