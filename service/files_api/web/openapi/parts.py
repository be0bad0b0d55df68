"""The smallest parts of the document: header fields, parameters, schemas of bytes, and the values in examples."""

from __future__ import annotations

from typing import Any, TypeAlias

#: A piece of the document, as JSON knows it.
Doc: TypeAlias = dict[str, Any]

ETAG_EXAMPLE = '"9a0364b9e99bb480dd25e1f0284c8555"'
FILE_PATH_EXAMPLE = "reports/2026/q3.pdf"
HTTP_DATE_EXAMPLE = "Mon, 23 Nov 2026 19:07:26 GMT"
REQUEST_ID_EXAMPLE = "6f1c0c4e9d5b4d0a9c3e2f1a0b9c8d7e"

# One character of a path's segment: no slash, no backslash, no control character (C0, DEL, C1).
_CHARACTER = r"[^\/\\\u0000-\u001f\u007f-\u009f]"
_CHARACTER_BUT_DOT = r"[^.\/\\\u0000-\u001f\u007f-\u009f]"
# A segment that is neither `.` nor `..`, without look-ahead, which not every engine has.
_SEGMENT = rf"({_CHARACTER_BUT_DOT}{_CHARACTER}*|\.{_CHARACTER_BUT_DOT}{_CHARACTER}*|\.\.{_CHARACTER}+)"
#: What a regular expression can say of a file path. That it is in form NFC, and counted in bytes, it cannot.
FILE_PATH_PATTERN = rf"^{_SEGMENT}(\/{_SEGMENT})*$"
#: A directory is a file path with or without a final slash, or nothing at all.
DIRECTORY_PATTERN = rf"^({_SEGMENT}(\/{_SEGMENT})*\/?)?$"


def file_path_pattern(extensions: tuple[str, ...]) -> str:
    """Write the pattern of a file path that ends in one of these extensions, and has a name before it."""
    endings = "|".join(extension.removeprefix(".") for extension in extensions)
    return rf"^({_SEGMENT}\/)*{_CHARACTER}+\.({endings})$"


def binary(content_type: str = "application/octet-stream") -> Doc:
    """Describe bytes that are no JSON."""
    return {"type": "string", "contentMediaType": content_type}


def header(description: str, example: str, *, required: bool = True, pattern: str | None = None) -> Doc:
    """Describe a header field of an answer."""
    schema: Doc = {"type": "string"}
    if pattern is not None:
        schema["pattern"] = pattern
    described: Doc = {"description": description, "schema": schema, "example": example}
    if required:
        described["required"] = True
    return described


def header_parameter(
    name: str, description: str, example: str, *, pattern: str | None = None, max_length: int | None = None
) -> Doc:
    """Describe a header field of a request; none of ours is required.

    The example stands in the schema: the documentation page would send the parameter's own with every request.
    """
    schema: Doc = {"type": "string", "examples": [example]}
    if pattern is not None:
        schema["pattern"] = pattern
    if max_length is not None:
        schema["maxLength"] = max_length
    return {"in": "header", "name": name, "description": description, "schema": schema}


#: The fields of every answer.
ALWAYS: Doc = {
    "X-Request-Id": header(
        "The id of this request in the log; the caller's own, if it sent one.",
        REQUEST_ID_EXAMPLE,
        pattern=r"^[A-Za-z0-9._:-]{1,128}$",
    )
}

#: On every answer to a caller who is limited (draft-ietf-httpapi-ratelimit-headers-10).
RATE_LIMIT: Doc = {
    "RateLimit-Policy": header(
        "The budget that this request counts in: so many (`q`) in so many seconds (`w`).",
        '"reads";q=6000;w=60',
        required=False,
    ),
    "RateLimit": header(
        "What is left of it (`r`), and in how many seconds it is full again (`t`).",
        '"reads";r=5999;t=42',
        required=False,
    ),
}
