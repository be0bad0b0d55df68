"""The headers with which a file is served: what it is, and what a browser must not do with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.http import http_date

from files_api.domain.content_types import is_inert
from files_api.domain.paths import FilePath, file_name

if TYPE_CHECKING:
    from files_api.domain.models import FileInfo

DEFAULT_CACHE_CONTROL = "private, no-cache"
VARY = "Origin, Want-Repr-Digest"

#: On every answer that carries bytes which somebody uploaded.
PROTECTIVE_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    (
        "Content-Security-Policy",
        "sandbox; default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
    ),
)
# What cannot stand in a quoted string of ASCII, or is treated differently by different browsers
# (RFC 6266 appendix D).
_NOT_PLAIN = re.compile(r'[^\x20-\x7e]|["\\%]')
# RFC 8187 section 3.2.1: attr-char
_ATTR_CHAR = "!#$&+-.^_`|~"


def content_disposition(file_path: FilePath, info: FileInfo, wanted: str | None) -> str:
    """Write Content-Disposition (RFC 6266, RFC 8187).

    Args:
        file_path: The file; its last segment is the name to save it under.
        info: What S3 knows of it; only types that are inert may be shown inline.
        wanted: `attachment` where the client asks for it.
    """
    inline = wanted != "attachment" and is_inert(info.attributes.content_type)
    name = file_name(file_path)
    return (
        f"{'inline' if inline else 'attachment'}; "
        f'filename="{_NOT_PLAIN.sub("_", name)}"; '
        f"filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"
    )


def validator_headers(info: FileInfo) -> list[tuple[str, str]]:
    """The fields that 200, 206 and 304 share (RFC 9110 section 15.4.5)."""
    return [
        ("ETag", info.etag),
        ("Last-Modified", http_date(info.last_modified)),
        ("Cache-Control", info.attributes.cache_control or DEFAULT_CACHE_CONTROL),
        ("Vary", VARY),
    ]


def file_headers(file_path: FilePath, info: FileInfo, disposition: str | None) -> list[tuple[str, str]]:
    """All fields of a file but those of its length and range."""
    attributes = info.attributes
    headers = [
        ("Content-Type", attributes.content_type),
        *validator_headers(info),
        ("Accept-Ranges", "bytes"),
        ("Content-Disposition", content_disposition(file_path, info, disposition)),
        *PROTECTIVE_HEADERS,
    ]
    if attributes.content_encoding is not None:
        headers.append(("Content-Encoding", attributes.content_encoding))
    if attributes.content_language is not None:
        headers.append(("Content-Language", attributes.content_language))
    if info.sha256 is not None:
        headers.append(("Repr-Digest", f"sha-256=:{info.sha256}:"))
    headers += [(f"X-File-Meta-{name}", value) for name, value in attributes.user_metadata.items()]
    return headers
