"""Conditional requests (RFC 9110 section 13; http-api.md, Conditions)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.client import Answer, Client
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket

OTHER = '"00000000000000000000000000000000"'
PAST = "Sun, 06 Nov 1994 08:49:37 GMT"
FUTURE = format_datetime(datetime.now(UTC) + timedelta(days=400), usegmt=True)
LARGE = 8 * 1024 * 1024 + 1


@pytest.fixture
def etag(client: Client) -> str:
    """The tag of a file that is there."""
    return client.put("a.txt", b"hello", Cache_Control="max-age=5").etag


def read(client: Client, etag: str, **headers: str) -> Answer:
    return client.get("a.txt", **{name: value.format(etag=etag) for name, value in headers.items()})


def write(client: Client, etag: str, body: bytes, **headers: str) -> Answer:
    return client.put("a.txt", body, **{name: value.format(etag=etag) for name, value in headers.items()})


READS = [
    ({"If_None_Match": "{etag}"}, 304),
    ({"If_None_Match": "W/{etag}"}, 304),
    ({"If_None_Match": OTHER + ", {etag}"}, 304),
    ({"If_None_Match": OTHER + ",{etag},"}, 304),
    ({"If_None_Match": "*"}, 304),
    ({"If_None_Match": OTHER}, 200),
    ({"If_None_Match": "{etag}x"}, 200),
    ({"If_None_Match": "not a tag"}, 200),
    ({"If_None_Match": ""}, 200),
    ({"If_Match": "{etag}"}, 200),
    ({"If_Match": "*"}, 200),
    ({"If_Match": OTHER + ", {etag}"}, 200),
    ({"If_Match": OTHER}, 412),
    ({"If_Match": "W/{etag}"}, 412),
    ({"If_Match": "not a tag"}, 200),
    ({"If_Modified_Since": FUTURE}, 304),
    ({"If_Modified_Since": PAST}, 200),
    ({"If_Modified_Since": "yesterday"}, 200),
    ({"If_Modified_Since": "Sunday, 06-Nov-94 08:49:37 GMT"}, 200),
    ({"If_Modified_Since": "Sun Nov  6 08:49:37 1994"}, 200),
    ({"If_Unmodified_Since": FUTURE}, 200),
    ({"If_Unmodified_Since": PAST}, 412),
    ({"If_Unmodified_Since": "Sunday, 06-Nov-94 08:49:37 GMT"}, 412),
    ({"If_Unmodified_Since": "Sun Nov  6 08:49:37 1994"}, 412),
    ({"If_Unmodified_Since": "yesterday"}, 200),
    # The order of RFC 9110 section 13.2.2: tags outweigh dates, If-Match goes before If-None-Match.
    ({"If_None_Match": OTHER, "If_Modified_Since": FUTURE}, 200),
    ({"If_None_Match": "{etag}", "If_Modified_Since": PAST}, 304),
    ({"If_Match": "{etag}", "If_Unmodified_Since": PAST}, 200),
    ({"If_Match": OTHER, "If_None_Match": "{etag}"}, 412),
    ({"If_Match": "{etag}", "If_None_Match": "{etag}"}, 304),
    ({"If_Unmodified_Since": PAST, "If_None_Match": "{etag}"}, 412),
]


@pytest.mark.parametrize(("conditions", "status"), READS)
def test_a_read_under_a_condition(client: Client, etag: str, conditions: dict[str, str], status: int) -> None:
    assert read(client, etag, **conditions).status == status


@pytest.mark.parametrize(("conditions", "status"), READS)
def test_a_look_under_a_condition_is_told_what_the_read_would_be(
    client: Client, etag: str, conditions: dict[str, str], status: int
) -> None:
    headers = {name: value.format(etag=etag) for name, value in conditions.items()}

    assert client.head("a.txt", **headers).status == status


def test_the_date_of_a_file_is_a_date_since_which_it_was_not_modified(client: Client, etag: str) -> None:
    date = client.head("a.txt").headers["Last-Modified"] or ""

    assert client.get("a.txt", If_Modified_Since=date).status == 304


def test_the_date_of_a_file_is_a_date_since_which_it_is_unmodified(client: Client, etag: str) -> None:
    date = client.head("a.txt").headers["Last-Modified"] or ""

    assert client.get("a.txt", If_Unmodified_Since=date).status == 200


@pytest.mark.parametrize("field", ["ETag", "Cache-Control", "Last-Modified", "Vary"])
def test_a_304_carries_what_the_200_would(client: Client, etag: str, field: str) -> None:
    full, short = client.get("a.txt"), client.get("a.txt", If_None_Match=etag)

    assert short.headers[field] == full.headers[field] is not None


@pytest.mark.parametrize("field", ["Content-Length", "Content-Type", "Content-Disposition"])
def test_a_304_tells_nothing_of_a_body(client: Client, etag: str, field: str) -> None:
    assert client.get("a.txt", If_None_Match=etag).headers[field] is None


@pytest.mark.parametrize("field", ["If_Match", "If_None_Match"])
def test_a_condition_on_a_missing_file_is_404(client: Client, field: str) -> None:
    assert client.get("nothing", **{field: OTHER}).status == 404


WRITES = [
    ({"If_Match": "{etag}"}, 200),
    ({"If_Match": "*"}, 200),
    ({"If_Match": OTHER + ", {etag}"}, 200),
    ({"If_Match": OTHER}, 412),
    ({"If_Match": OTHER + ", " + OTHER}, 412),
    ({"If_Match": "W/{etag}"}, 412),
    ({"If_None_Match": "*"}, 412),
    ({"If_None_Match": "{etag}"}, 412),
    ({"If_None_Match": "W/{etag}"}, 412),
    ({"If_None_Match": OTHER}, 200),
    ({"If_Unmodified_Since": FUTURE}, 200),
    ({"If_Unmodified_Since": PAST}, 412),
    ({"If_Match": "{etag}", "If_Unmodified_Since": PAST}, 200),
    ({"If_Match": "{etag}", "If_None_Match": "*"}, 412),
    ({"If_Modified_Since": FUTURE}, 200),
]
UNREADABLE = [
    {"If_Match": "not a tag"},
    {"If_Match": ""},
    {"If_Match": '"open'},
    {"If_Match": '*, "a"'},
    {"If_Match": '"a" "b"'},
    {"If_None_Match": "{etag}x"},
    {"If_None_Match": "etag"},
    {"If_None_Match": "**"},
    {"If_Unmodified_Since": "yesterday"},
    {"If_Unmodified_Since": "1999-12-31T23:59:59Z"},
]


@pytest.mark.parametrize("body", [b"new", bytes(LARGE)], ids=["small", "multipart"])
@pytest.mark.parametrize(("conditions", "status"), WRITES)
def test_a_write_under_a_condition(
    client: Client, etag: str, conditions: dict[str, str], status: int, body: bytes
) -> None:
    assert write(client, etag, body, **conditions).status == status


@pytest.mark.parametrize("conditions", [given for given, status in WRITES if status == 412])
def test_a_write_whose_condition_fails_leaves_the_file_alone(
    client: Client, bucket: Bucket, etag: str, conditions: dict[str, str]
) -> None:
    write(client, etag, b"new", **conditions)

    assert bucket.body("a.txt") == b"hello"


@pytest.mark.parametrize("conditions", UNREADABLE)
def test_a_condition_on_a_write_that_cannot_be_read_is_refused(
    client: Client, etag: str, conditions: dict[str, str]
) -> None:
    answer = write(client, etag, b"new", **conditions)

    assert (answer.status, answer.code) == (400, "invalid_precondition")


@pytest.mark.parametrize("conditions", UNREADABLE)
def test_a_condition_that_cannot_be_read_never_makes_a_write_unconditional(
    client: Client, bucket: Bucket, etag: str, conditions: dict[str, str]
) -> None:
    write(client, etag, b"new", **conditions)

    assert bucket.body("a.txt") == b"hello"


@pytest.mark.parametrize("condition", ["*", OTHER, f"{OTHER}, {OTHER}"])
def test_replacing_what_is_not_there_is_412(client: Client, condition: str) -> None:
    assert client.put("nothing", b"x", If_Match=condition).status == 412


@pytest.mark.parametrize("condition", ["*", OTHER])
def test_creating_what_is_not_there_is_201(client: Client, condition: str) -> None:
    assert client.put("nothing", b"x", If_None_Match=condition).status == 201


def test_create_only_is_s3s_own_decision(watched: Client, storage: StorageProxy, bucket: Bucket) -> None:
    # Somebody else is faster, between the look and the write.
    storage.damage("delay", "PutObject", times=1, before=lambda: bucket.put("a.txt", b"theirs"))

    answer = watched.put("a.txt", b"ours", If_None_Match="*")

    assert (answer.status, bucket.body("a.txt")) == (412, b"theirs")


def test_create_only_is_s3s_own_decision_also_for_multipart(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    storage.damage("delay", "CompleteMultipartUpload", times=1, before=lambda: bucket.put("a.txt", b"theirs"))

    answer = watched.put("a.txt", bytes(LARGE), If_None_Match="*")

    assert (answer.status, bucket.body("a.txt"), bucket.open_uploads()) == (412, b"theirs", [])


@pytest.mark.parametrize("condition", ["{etag}", "*", OTHER + ", {etag}"])
def test_replace_is_s3s_own_decision(
    watched: Client, storage: StorageProxy, bucket: Bucket, condition: str
) -> None:
    etag = watched.put("a.txt", b"first").etag
    storage.damage("delay", "PutObject", times=1, before=lambda: bucket.put("a.txt", b"theirs"))

    answer = write(watched, etag, b"ours", If_Match=condition)

    assert (answer.status, bucket.body("a.txt")) == (412, b"theirs")


def test_none_of_a_tag_is_s3s_own_decision_too(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    watched.put("a.txt", b"first")
    storage.damage("delay", "PutObject", times=1, before=lambda: bucket.put("a.txt", b"theirs"))

    answer = watched.put("a.txt", b"ours", If_None_Match=OTHER)

    assert (answer.status, bucket.body("a.txt")) == (412, b"theirs")


def test_a_file_replaced_between_look_and_read_is_read_as_it_is_now(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    watched.put("a.txt", b"first")
    storage.damage("delay", "GetObject", times=1, before=lambda: bucket.put("a.txt", b"second"))

    assert watched.get("a.txt", If_None_Match=OTHER).body == b"second"


def test_a_conflict_of_conditional_writes_is_tried_again(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    storage.damage("answer", "PutObject", times=2, status=409, code="ConditionalRequestConflict")

    assert watched.put("a.txt", b"x", If_None_Match="*").status == 201


def test_a_conflict_that_does_not_end_is_409(watched: Client, storage: StorageProxy) -> None:
    storage.damage("answer", "PutObject", status=409, code="ConditionalRequestConflict")

    answer = watched.put("a.txt", b"x", If_None_Match="*")

    assert (answer.status, answer.code) == (409, "write_conflict")


DELETIONS = [({"If_Match": "{etag}"}, 204), ({"If_Match": "*"}, 204), ({"If_Match": OTHER}, 412)]


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        *DELETIONS,
        ({"If_Match": "W/{etag}"}, 412),
        ({"If_Match": "nonsense"}, 400),
        ({"If_Unmodified_Since": PAST}, 412),
    ],
)
def test_a_deletion_under_a_condition(
    client: Client, etag: str, conditions: dict[str, str], status: int
) -> None:
    headers = {name: value.format(etag=etag) for name, value in conditions.items()}

    assert client.delete("a.txt", **headers).status == status


def test_a_deletion_whose_condition_fails_leaves_the_file(client: Client, bucket: Bucket, etag: str) -> None:
    client.delete("a.txt", If_Match=OTHER)

    assert bucket.names() == ["a.txt"]


def test_deleting_what_is_not_there_is_404_under_a_condition_too(client: Client) -> None:
    assert client.delete("nothing", If_Match=OTHER).status == 404


def test_the_condition_of_a_deletion_reaches_s3(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    etag = watched.put("a.txt", b"first").etag
    storage.damage("answer", "DeleteObject", status=412, code="PreconditionFailed")

    assert watched.delete("a.txt", If_Match=etag).status == 412
