"""What S3's answers say (`adapters.s3.answers`)."""

from __future__ import annotations

from datetime import UTC, datetime
from xml.etree.ElementTree import ParseError

import boto3
import pytest

from files_api.adapters.s3.answers import (
    attribute_headers,
    boto3_arguments,
    content_range,
    file_info,
    read_listing,
)
from files_api.domain.errors import StorageUnavailable
from files_api.domain.models import ContentRange, FileAttributes, ListedFile, Listing

HEAD = {"etag": '"e"', "last-modified": "Tue, 24 Nov 2026 01:02:03 GMT"}
NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def document(inside: str, namespace: str = NAMESPACE) -> bytes:
    return f'<?xml version="1.0"?>\n<ListBucketResult{namespace}>{inside}</ListBucketResult>'.encode()


def contents(key: str) -> str:
    return (
        f"<Contents><Key>{key}</Key><LastModified>2026-11-24T01:02:03.000Z</LastModified>"
        "<ETag>&quot;e&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )


@pytest.mark.parametrize("namespace", [NAMESPACE, ""], ids=["S3's namespace", "none"])
def test_a_listing_has_its_files(namespace: str) -> None:
    listed = ListedFile("a", 5, datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC), '"e"')

    assert read_listing(document(contents("a"), namespace)) == Listing((listed,), ())


@pytest.mark.parametrize(
    ("written", "key"), [("a+b", "a b"), ("a%2Bb", "a+b"), ("%C3%A9/%01", "é/\x01"), ("a%252F", "a%2F")]
)
def test_keys_are_url_encoded_once(written: str, key: str) -> None:
    assert read_listing(document(contents(written))).files[0].file_path == key


def test_a_listing_has_its_directories() -> None:
    prefixes = "".join(
        f"<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>" for prefix in ("a+b/", "c/")
    )

    assert read_listing(document(prefixes)).directories == ("a b/", "c/")


def test_a_listing_tells_where_it_goes_on() -> None:
    token = "<NextContinuationToken>1/a+b==</NextContinuationToken>"

    assert read_listing(document(token)).continuation == "1/a+b=="


def test_an_empty_listing_is_one() -> None:
    assert read_listing(document("<KeyCount>0</KeyCount>")) == Listing((), ())


@pytest.mark.parametrize("cut", [1, 40, 120])
def test_a_listing_that_was_cut_is_none(cut: int) -> None:
    with pytest.raises(ParseError):
        read_listing(document(contents("a"))[:-cut])


def test_a_file_without_a_type_is_bytes() -> None:
    assert file_info(HEAD, 5, None).attributes.content_type == "application/octet-stream"


@pytest.mark.parametrize("missing", ["etag", "last-modified"])
def test_an_answer_that_tells_too_little_is_not_s3s(missing: str) -> None:
    with pytest.raises(StorageUnavailable, match=missing):
        file_info({name: value for name, value in HEAD.items() if name != missing}, 5, None)


def test_user_metadata_is_told_by_its_names() -> None:
    info = file_info({**HEAD, "x-amz-meta-a-b": "1", "x-amz-version-id": "v"}, 5, None)

    assert (info.attributes.user_metadata, info.version_id) == ({"a-b": "1"}, "v")


@pytest.mark.parametrize(
    ("value", "part"),
    [("bytes 0-4/10", ContentRange(0, 4, 10)), ("bytes */10", None), ("", None)],
)
def test_a_content_range_is_read(value: str, part: ContentRange | None) -> None:
    assert content_range({"content-range": value}) == part


ATTRIBUTES = FileAttributes("text/plain", "no-store", "gzip", "de", {"a-b": "1"})


def test_attributes_become_headers() -> None:
    assert attribute_headers(ATTRIBUTES) == {
        "Content-Type": "text/plain",
        "Cache-Control": "no-store",
        "Content-Encoding": "gzip",
        "Content-Language": "de",
        "x-amz-meta-a-b": "1",
    }


def test_headers_become_boto3s_arguments() -> None:
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    headers = {**attribute_headers(ATTRIBUTES), "If-None-Match": "*"}

    assert boto3_arguments(client, "PutObject", headers) == {
        "ContentType": "text/plain",
        "CacheControl": "no-store",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Metadata": {"a-b": "1"},
        "IfNoneMatch": "*",
    }
