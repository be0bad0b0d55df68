"""Which type a file has when nobody says, and which types a browser may show without harm."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_CONTENT_TYPE = "application/octet-stream"

#: Our own table: Python's `mimetypes` differs between versions and reads files of the machine it runs on.
#: Types as registered with IANA (https://www.iana.org/assignments/media-types).
BY_EXTENSION: Mapping[str, str] = MappingProxyType(
    {
        "7z": "application/x-7z-compressed",
        "aac": "audio/aac",
        "apng": "image/apng",
        "avi": "video/x-msvideo",
        "avif": "image/avif",
        "bmp": "image/bmp",
        "bz2": "application/x-bzip2",
        "css": "text/css",
        "csv": "text/csv",
        "doc": "application/msword",
        "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "epub": "application/epub+zip",
        "flac": "audio/flac",
        "gif": "image/gif",
        "gz": "application/gzip",
        "heic": "image/heic",
        "htm": "text/html",
        "html": "text/html",
        "ico": "image/vnd.microsoft.icon",
        "ics": "text/calendar",
        "jpeg": "image/jpeg",
        "jpg": "image/jpeg",
        "js": "text/javascript",
        "json": "application/json",
        "jsonl": "application/jsonl",
        "m4a": "audio/mp4",
        "m4v": "video/mp4",
        "markdown": "text/markdown",
        "md": "text/markdown",
        "mjs": "text/javascript",
        "mkv": "video/matroska",
        "mov": "video/quicktime",
        "mp3": "audio/mpeg",
        "mp4": "video/mp4",
        "mpeg": "video/mpeg",
        "odp": "application/vnd.oasis.opendocument.presentation",
        "ods": "application/vnd.oasis.opendocument.spreadsheet",
        "odt": "application/vnd.oasis.opendocument.text",
        "oga": "audio/ogg",
        "ogg": "audio/ogg",
        "ogv": "video/ogg",
        "opus": "audio/ogg",
        "otf": "font/otf",
        "parquet": "application/vnd.apache.parquet",
        "pcm": "audio/pcm",
        "pdf": "application/pdf",
        "png": "image/png",
        "ppt": "application/vnd.ms-powerpoint",
        "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "py": "text/x-python",
        "rtf": "application/rtf",
        "svg": "image/svg+xml",
        "tar": "application/x-tar",
        "tgz": "application/gzip",
        "tif": "image/tiff",
        "tiff": "image/tiff",
        "toml": "application/toml",
        "tsv": "text/tab-separated-values",
        "ttf": "font/ttf",
        "txt": "text/plain",
        "wasm": "application/wasm",
        "wav": "audio/wav",
        "weba": "audio/webm",
        "webm": "video/webm",
        "webp": "image/webp",
        "woff": "font/woff",
        "woff2": "font/woff2",
        "xhtml": "application/xhtml+xml",
        "xls": "application/vnd.ms-excel",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xml": "application/xml",
        "xz": "application/x-xz",
        "yaml": "application/yaml",
        "yml": "application/yaml",
        "zip": "application/zip",
        "zst": "application/zstd",
    }
)

_TYPE = re.compile(r"([!#$%&'*+.^_`|~0-9a-z-]+)/([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;.*)?", re.IGNORECASE)
_RASTER_IMAGES = frozenset(
    "image/" + name
    for name in ("apng", "avif", "bmp", "gif", "heic", "jpeg", "png", "tiff", "vnd.microsoft.icon", "webp")
)


def guess_content_type(file_name: str) -> str:
    """Guess from the extension; DEFAULT_CONTENT_TYPE where it tells nothing."""
    _, dot, extension = file_name.rpartition(".")
    return BY_EXTENSION.get(extension.lower(), DEFAULT_CONTENT_TYPE) if dot else DEFAULT_CONTENT_TYPE


def is_inert(content_type: str) -> bool:
    """Whether a browser can show this type without running anything in it: raster images, sound, video, plain text.

    A type that is not well-formed is not inert, since browsers differ in what they make of it.
    """
    match = _TYPE.fullmatch(content_type.strip())
    if match is None:
        return False
    main = match[1].lower()
    essence = f"{main}/{match[2].lower()}"
    return main in {"audio", "video"} or essence in _RASTER_IMAGES or essence == "text/plain"
