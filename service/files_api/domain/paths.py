"""What may be the name of a file, and how a name is read out of a URL.

A file path becomes the S3 key unchanged, so there is one spelling of every name and everything else is refused: what
comes in goes out byte for byte, and two different URLs never mean the same file.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NewType
from urllib.parse import quote, unquote_to_bytes

from files_api.domain.errors import InvalidFilePath

#: The longest S3 key, in bytes of UTF-8
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html).
MAX_PATH_BYTES = 1024

#: A checked path of a file: no leading or trailing slash.
FilePath = NewType("FilePath", str)
#: A checked directory: empty (the root), or segments with a final slash, so that `a/b/` never covers `a/bc`.
Directory = NewType("Directory", str)

# C0, DEL and C1: invisible, and poison in logs, terminals and headers.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_INCOMPLETE_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH = re.compile(r"%2[Ff]")


def check_file_path(text: str, *, most_bytes: int = MAX_PATH_BYTES) -> FilePath:
    """Return the text when it is a legal file path.

    Args:
        text: What may be one.
        most_bytes: How long it may be, in bytes of UTF-8.

    Raises:
        InvalidFilePath: It is not; the message says why.
    """
    problem = _problem_of(text, most_bytes)
    if problem is not None:
        raise InvalidFilePath(f"The path {problem}.")
    return FilePath(text)


def _problem_of(text: str, most_bytes: int) -> str | None:
    try:
        size_bytes = len(text.encode())
    except UnicodeEncodeError:
        return "has a surrogate that stands alone, which UTF-8 cannot write"
    odd = next((segment for segment in text.split("/") if segment in {"", ".", ".."}), None)
    rules = (
        (not text, "is empty"),
        (text.startswith("/"), "begins with a slash"),
        (text.endswith("/"), "ends with a slash: files are not folders"),
        (size_bytes > most_bytes, f"has {size_bytes} bytes of UTF-8; {most_bytes} are allowed"),
        (_CONTROL.search(text), "has a control character"),
        ("\\" in text, "has a backslash"),
        (odd is not None, f"has the segment {odd!r}"),
        (not unicodedata.is_normalized("NFC", text), "is not in Unicode normalization form C (NFC)"),
    )
    return next((problem for broken, problem in rules if broken), None)


def check_directory(text: str, *, most_bytes: int = MAX_PATH_BYTES) -> Directory:
    """Return the directory with its final slash; empty means the root. One final slash in the text changes nothing.

    Args:
        text: What may be one.
        most_bytes: How long it may be, in bytes of UTF-8, without the final slash.

    Raises:
        InvalidFilePath: It is not a legal path.
    """
    if not text:
        return Directory("")
    return Directory(check_file_path(text.removesuffix("/"), most_bytes=most_bytes) + "/")


def is_file_path(text: str) -> bool:
    """Whether the text is a legal file path, for keys that other programs may have written to the bucket."""
    try:
        check_file_path(text)
    except InvalidFilePath:
        return False
    return True


def decode_url_path(raw: str, *, most_bytes: int = MAX_PATH_BYTES) -> FilePath:
    """Percent-decode a path exactly once, as it stands in the request target (RFC 3986 section 2.1), and check it.

    Args:
        raw: What follows `/v1/files/` in the raw request target, without the query.
        most_bytes: How long it may be, in bytes of UTF-8.

    Raises:
        InvalidFilePath: An incomplete escape, `%2F`, bytes that are not UTF-8, or not a legal file path.
    """
    if _INCOMPLETE_ESCAPE.search(raw):
        raise InvalidFilePath("The path has an incomplete percent escape.")
    if _ENCODED_SLASH.search(raw):
        raise InvalidFilePath(
            "The path has an encoded slash (%2F), which would be another spelling of a folder."
        )
    if "#" in raw:
        raise InvalidFilePath("The path has a bare '#': write it as %23.")
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise InvalidFilePath("The path is not UTF-8.") from error
    return check_file_path(text, most_bytes=most_bytes)


def encode_url_path(path: str) -> str:
    """Percent-encode a path for use in a URL; `decode_url_path` takes it back."""
    return quote(path, safe="/-._~!$&'()*+,;=:@")


def file_name(path: FilePath) -> str:
    """The last segment."""
    return path.rpartition("/")[2]
