"""Request header fields, parsed. One function per field or family, each naming its RFC."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

import http_sf
from flask import request

from files_api.domain.conditions import EntityTag, EntityTags, IfRange, Preconditions
from files_api.domain.content import DIGEST_ALGORITHMS
from files_api.domain.errors import InvalidDigest, InvalidHeader, InvalidMetadata, InvalidPrecondition
from files_api.domain.models import ByteRange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Parsed = TypeVar("_Parsed")

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
_ENTITY_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_HTTP_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
_RANGE_SPEC = re.compile(r"([0-9]+)-([0-9]*)|-([0-9]+)")
# Larger than any object in S3, small enough for every S3 server to read.
_FAR_BEYOND_THE_END = 2**53

_META_PREFIX = "HTTP_X_FILE_META_"
#: S3's bound on user metadata, names and values together, in bytes
#: (https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html).
MAX_METADATA_BYTES = 2048


@cache
def _variable(name: str) -> str:
    """What WSGI calls a field."""
    variable = name.upper().replace("-", "_")
    return variable if variable == "CONTENT_TYPE" else f"HTTP_{variable}"


def _field(name: str) -> str | None:
    # Of the environ, since a dozen fields are looked for in every request and nearly none is there.
    value: str | None = request.environ.get(_variable(name))
    return value


def entity_tags(value: str) -> EntityTags:
    """Parse the value of If-Match or If-None-Match (RFC 9110 section 13.1.1).

    Raises:
        ValueError: It is neither `*` nor a list of entity tags.
    """
    if value.strip(" \t") == "*":
        return EntityTags(anything=True)
    tags: list[EntityTag] = []
    position = 0
    for match in _ENTITY_TAG.finditer(value):
        if value[position : match.start()].strip(" \t") not in ({"", ","} if not tags else {","}):
            break
        tags.append(EntityTag(match[2], weak=match[1] is not None))
        position = match.end()
    if not tags or value[position:].strip(" \t,"):
        message = f"not a list of entity tags: {value!r}"
        raise ValueError(message)
    return EntityTags(tuple(tags))


def http_date(value: str) -> datetime:
    """Parse an HTTP-date in any of its three forms (RFC 9110 section 5.6.7).

    Raises:
        ValueError: It is none.
    """
    for form in _HTTP_DATES:
        try:
            return datetime.strptime(value.strip(" \t"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    message = f"not an HTTP-date: {value!r}"
    raise ValueError(message)


def read_preconditions() -> Preconditions:
    """Parse the conditions of a GET or HEAD; what cannot be parsed is ignored (RFC 9110 section 13.1)."""
    return Preconditions(
        if_match=_lenient(entity_tags, "If-Match"),
        if_unmodified_since=_lenient(http_date, "If-Unmodified-Since"),
        if_none_match=_lenient(entity_tags, "If-None-Match"),
        if_modified_since=_lenient(http_date, "If-Modified-Since"),
    )


def _lenient(parse: Callable[[str], _Parsed], name: str) -> _Parsed | None:
    value = _field(name)
    try:
        return parse(value) if value is not None else None
    except ValueError:
        return None


def write_preconditions() -> Preconditions:
    """Parse the conditions of a PUT or DELETE. If-Modified-Since has no meaning there (RFC 9110 section 13.1.3).

    Raises:
        InvalidPrecondition: One cannot be parsed; ignoring it would make the write unconditional.
    """
    return Preconditions(
        if_match=_strict(entity_tags, "If-Match"),
        if_unmodified_since=_strict(http_date, "If-Unmodified-Since"),
        if_none_match=_strict(entity_tags, "If-None-Match"),
    )


def _strict(parse: Callable[[str], _Parsed], name: str) -> _Parsed | None:
    value = _field(name)
    try:
        return parse(value) if value is not None else None
    except ValueError as error:
        raise InvalidPrecondition(f"{name} is {error}.") from error


def if_range() -> IfRange | None:
    """Parse If-Range (RFC 9110 section 13.1.5); a value that is neither tag nor date never holds."""
    value = _field("If-Range")
    if value is None:
        return None
    match = _ENTITY_TAG.fullmatch(value.strip(" \t"))
    if match is not None:
        return IfRange(tag=EntityTag(match[2], weak=match[1] is not None))
    return IfRange(date=_lenient(http_date, "If-Range"))


def byte_range() -> ByteRange | None:
    """Parse Range (RFC 9110 section 14.2).

    Returns:
        None for no range, for what is malformed, another unit, or several ranges: then the whole file is served.
    """
    unit, equals, ranges = (_field("Range") or "").partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes":
        return None
    specs = [spec.strip(" \t") for spec in ranges.split(",") if spec.strip(" \t")]
    match = _RANGE_SPEC.fullmatch(specs[0]) if len(specs) == 1 else None
    if match is None:
        return None
    first, last, suffix = (
        min(int(number), _FAR_BEYOND_THE_END) if number else None for number in match.groups()
    )
    if first is None:
        return ByteRange(suffix_length=suffix)
    if last is not None and last < first:
        return None
    return ByteRange(first=first, last=last)


def user_metadata() -> dict[str, str]:
    """Collect the X-File-Meta-* fields, by their names in lower case.

    Raises:
        InvalidMetadata: A value that S3 cannot keep, no name, or more than MAX_METADATA_BYTES.
    """
    metadata = {}
    for variable, value in request.environ.items():
        if variable.startswith(_META_PREFIX):
            name = variable.removeprefix(_META_PREFIX).replace("_", "-").lower()
            if not name:
                raise InvalidMetadata("X-File-Meta- needs a name behind it.")
            if value and not _VISIBLE_ASCII.fullmatch(value):
                raise InvalidMetadata(
                    f"X-File-Meta-{name} has characters other than visible ASCII and spaces: percent-encode them."
                )
            metadata[name] = value
    size_bytes = sum(len(name) + len(value) for name, value in metadata.items())
    if size_bytes > MAX_METADATA_BYTES:
        raise InvalidMetadata(f"The metadata has {size_bytes} bytes; {MAX_METADATA_BYTES} are allowed.")
    return metadata


def plain_field(name: str) -> str | None:
    """The value of a field that is kept and given back as it came; None where it is absent or empty.

    Raises:
        InvalidHeader: It has other characters than visible ASCII and spaces.
    """
    return plain_value(name, _field(name))


def plain_value(name: str, value: str | None) -> str | None:
    """The same for a value that stands elsewhere: in the head of a form's part."""
    if not value:
        return None
    if not _VISIBLE_ASCII.fullmatch(value):
        raise InvalidHeader(f"{name} has characters other than visible ASCII and spaces.")
    return value


def _dictionary(value: str) -> Mapping[str, tuple[object, object]]:
    """Parse a dictionary of structured fields (RFC 9651); ValueError where it is none."""
    return cast(
        "Mapping[str, tuple[object, object]]", http_sf.parse(value.encode("latin-1"), tltype="dictionary")
    )


def declared_digests() -> Mapping[str, bytes]:
    """Collect the digests that the client declares of the file, by their names in DIGEST_ALGORITHMS.

    Content-Digest and Repr-Digest (RFC 9530) are the same here, since the service applies no coding of its own;
    Content-MD5 is RFC 1864. Algorithms that we do not know are ignored, as RFC 9530 section 2 asks.

    Raises:
        InvalidDigest: A field that cannot be parsed, or two that contradict each other.
    """
    digests: dict[str, bytes] = {}
    for field in ("Content-Digest", "Repr-Digest"):
        value = _field(field)
        if value is None:
            continue
        try:
            members = _dictionary(value)
        except ValueError as error:
            raise InvalidDigest(f"{field} is not a dictionary of digests (RFC 9530).") from error
        for name, (digest, _) in members.items():
            if name in DIGEST_ALGORITHMS and name != "md5":
                _declare(digests, name, digest, field)
    if (md5 := _field("Content-MD5")) is not None:
        try:
            _declare(digests, "md5", base64.b64decode(md5.strip(), validate=True), "Content-MD5")
        except binascii.Error as error:
            raise InvalidDigest("Content-MD5 is not base64.") from error
    return digests


def _declare(digests: dict[str, bytes], name: str, digest: object, field: str) -> None:
    length = hashlib.new(DIGEST_ALGORITHMS[name], usedforsecurity=False).digest_size
    if not isinstance(digest, bytes) or len(digest) != length:
        raise InvalidDigest(f"{field}: {name} is {length} bytes in base64.")
    if digests.setdefault(name, digest) != digest:
        raise InvalidDigest(f"The {name} of Content-Digest and of Repr-Digest differ.")


def wants_sha256() -> bool:
    """Whether Want-Repr-Digest asks for SHA-256 with any preference but 0 (RFC 9530 section 4)."""
    value = _field("Want-Repr-Digest")
    if value is None:
        return False
    try:
        preference = _dictionary(value).get("sha-256", (0, {}))[0]
    except ValueError:
        return False  # a wish that cannot be read is no reason to refuse the file
    return isinstance(preference, int) and preference > 0
