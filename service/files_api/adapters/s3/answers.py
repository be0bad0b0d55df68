"""What S3's answers say, in the domain's values."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from files_api.domain.content_types import DEFAULT_CONTENT_TYPE
from files_api.domain.errors import StorageUnavailable
from files_api.domain.models import ContentRange, FileAttributes, FileInfo, ListedFile, Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_s3 import S3Client

METADATA_PREFIX = "x-amz-meta-"
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def told(headers: Mapping[str, str], name: str) -> str:
    """A field that every answer of S3 about an object has.

    Raises:
        StorageUnavailable: It is not there, so that this is hardly S3 that has answered.
    """
    try:
        return headers[name]
    except KeyError as error:
        raise StorageUnavailable(f"The storage's answer has no {name}.") from error


def file_info(headers: Mapping[str, str], size_bytes: int, sha256: str | None) -> FileInfo:
    """What the fields of GetObject or HeadObject tell.

    Args:
        headers: By their names in lower case.
        size_bytes: The size of the whole file, in bytes.
        sha256: Of the whole file, where it is known.

    Raises:
        StorageUnavailable: They tell too little.
    """
    return FileInfo(
        size_bytes=size_bytes,
        etag=told(headers, "etag"),
        last_modified=parsedate_to_datetime(told(headers, "last-modified")),
        attributes=FileAttributes(
            content_type=headers.get("content-type", DEFAULT_CONTENT_TYPE),
            cache_control=headers.get("cache-control"),
            content_encoding=headers.get("content-encoding"),
            content_language=headers.get("content-language"),
            user_metadata={
                name.removeprefix(METADATA_PREFIX): value
                for name, value in headers.items()
                if name.startswith(METADATA_PREFIX)
            },
        ),
        sha256=sha256,
        version_id=headers.get("x-amz-version-id"),
    )


def content_range(headers: Mapping[str, str]) -> ContentRange | None:
    """The part of the file that an answer holds; None where it holds all of it."""
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
    return ContentRange(*map(int, match.groups())) if match is not None else None


def attribute_headers(attributes: FileAttributes) -> dict[str, str]:
    """What S3 keeps beside the bytes, as fields of PutObject and CreateMultipartUpload."""
    headers = {
        "Content-Type": attributes.content_type,
        "Cache-Control": attributes.cache_control,
        "Content-Encoding": attributes.content_encoding,
        "Content-Language": attributes.content_language,
        **{METADATA_PREFIX + name: value for name, value in attributes.user_metadata.items()},
    }
    return {name: value for name, value in headers.items() if value is not None}


def boto3_arguments(client: S3Client, operation: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The same fields as arguments of boto3, whose model of S3 tells how they are called there."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    members = shape.members if shape is not None else {}
    name_of = {
        member.serialization["name"].lower(): name
        for name, member in members.items()
        if member.serialization.get("location") == "header"
    }
    arguments: dict[str, Any] = {}
    for field, value in headers.items():
        if field.startswith(METADATA_PREFIX):
            arguments.setdefault("Metadata", {})[field.removeprefix(METADATA_PREFIX)] = value
        else:
            arguments[name_of[field.lower()]] = value
    return arguments


def read_listing(document: bytes) -> Listing:
    """Read the answer to ListObjectsV2, asked with `encoding-type=url`.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html

    Raises:
        ElementTree.ParseError, ValueError: It is none.
    """
    files: list[ListedFile] = []
    directories: list[str] = []
    root = ET.fromstring(document)  # noqa: S314  # S3's own, from an authenticated endpoint
    for element in root:
        match _name(element):
            case "Contents":
                fields = {_name(child): child.text or "" for child in element}
                files.append(
                    ListedFile(
                        unquote_plus(fields["Key"]),
                        int(fields["Size"]),
                        # Python 3.11 and newer read S3's form of RFC 3339 at a fiftieth of dateutil's cost.
                        datetime.fromisoformat(fields["LastModified"]),
                        fields["ETag"],
                    )
                )
            case "CommonPrefixes":
                directories += [
                    unquote_plus(child.text or "") for child in element if _name(child) == "Prefix"
                ]
    continuation = root.findtext("{*}NextContinuationToken")
    return Listing(tuple(files), tuple(directories), continuation)


def _name(element: ET.Element) -> str:
    # With S3's namespace or without, as other servers answer.
    return element.tag.rpartition("}")[2]
