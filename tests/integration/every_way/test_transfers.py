"""Bytes on their way to S3 or from it that never arrive: nothing half-stored, nothing taken for whole, nothing leaked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import BrokenAnswer, Client, RawConnection, request_head
from tests.integration.stack import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Service

MIB = 1024 * 1024
LARGE = bytes(9 * MIB)

# Uploads ------------------------------------------------------------------------------------------------------


UPLOAD_FAULTS = [
    ("CreateMultipartUpload", {"kind": "answer"}),
    ("UploadPart", {"kind": "answer"}),
    ("UploadPart", {"kind": "hang"}),
    ("UploadPart", {"kind": "cut_request", "after_bytes": 100_000}),
    ("UploadPart", {"kind": "answer", "status": 400, "code": "BadDigest"}),
    ("CompleteMultipartUpload", {"kind": "answer"}),
    ("CompleteMultipartUpload", {"kind": "answer", "status": 200, "code": "InternalError"}),
]
EACH_UPLOAD_FAULT = pytest.mark.parametrize(("operation", "fault"), UPLOAD_FAULTS)


@EACH_UPLOAD_FAULT
def test_a_large_upload_that_s3_fails_is_503(
    watched: Client, storage: StorageProxy, operation: str, fault: dict[str, Any]
) -> None:
    storage.damage(fault["kind"], operation, **{name: fault[name] for name in fault if name != "kind"})

    assert watched.put("old", LARGE).status == 503


@EACH_UPLOAD_FAULT
def test_a_large_upload_that_s3_fails_leaves_nothing_and_the_old_file(
    watched: Client, storage: StorageProxy, bucket: Bucket, operation: str, fault: dict[str, Any]
) -> None:
    storage.damage(fault["kind"], operation, **{name: fault[name] for name in fault if name != "kind"})

    watched.put("old", LARGE)

    assert (bucket.body("old"), bucket.open_uploads()) == (b"old", [])


@pytest.mark.parametrize(
    "operation", ["UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload", "PutObjectTagging"]
)
def test_a_large_upload_survives_one_fault(
    watched: Client, storage: StorageProxy, bucket: Bucket, operation: str
) -> None:
    body = os.urandom(9 * MIB)
    storage.damage("answer", operation, times=1)

    watched.put("new", body)

    assert bucket.body("new") == body


def test_a_part_that_was_reset_in_the_middle_is_sent_again(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    body = os.urandom(9 * MIB)
    storage.damage("cut_request", "UploadPart", times=1, after_bytes=100_000)

    watched.put("new", body)

    assert bucket.body("new") == body


def test_a_file_whose_digest_could_not_be_kept_is_stored_all_the_same(
    watched: Client, storage: StorageProxy
) -> None:
    storage.damage("answer", "PutObjectTagging", status=403, code="AccessDenied")

    assert watched.put("new", LARGE).status == 201


@pytest.mark.parametrize(("body", "operation"), [(b"new", "PutObject"), (LARGE, "CompleteMultipartUpload")])
def test_a_create_only_whose_answer_was_lost_is_known_to_be_our_own(
    watched: Client, storage: StorageProxy, body: bytes, operation: str
) -> None:
    storage.damage("lose_answer", operation, times=1)

    assert watched.put("new", body, If_None_Match="*").status == 201


# Downloads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after_bytes", [1, 700_000, 2 * MIB - 1])
def test_a_download_that_s3_cuts_is_seen_to_be_broken(
    watched: Client, storage: StorageProxy, bucket: Bucket, after_bytes: int
) -> None:
    bucket.put("large", bytes(2 * MIB))
    storage.damage("cut_answer", "GetObject", after_bytes=after_bytes)

    with pytest.raises((BrokenAnswer, ConnectionError)):
        watched.get("large")


def test_a_download_that_s3_cuts_before_its_first_byte_is_503(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    bucket.put("large", bytes(2 * MIB))
    storage.damage("cut_answer", "GetObject", after_bytes=0)

    answer = watched.get("large")

    assert (answer.status, answer.code) == (503, "storage_unavailable")


def test_a_download_that_s3_cuts_has_told_its_true_length(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    bucket.put("large", bytes(2 * MIB))
    storage.damage("cut_answer", "GetObject", after_bytes=MIB)

    with watched.raw() as connection:
        connection.send(request_head("GET", watched.target("large")))
        _, headers = connection.read_head()

    assert headers["Content-Length"] == str(2 * MIB)


def test_a_range_that_s3_cuts_is_seen_to_be_broken(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    bucket.put("large", bytes(2 * MIB))
    storage.damage("cut_answer", "GetObject", after_bytes=1000)

    with pytest.raises((BrokenAnswer, ConnectionError)):
        watched.get("large", Range=f"bytes=10-{MIB}")


def test_what_came_before_the_cut_are_the_first_bytes_of_the_file(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    body = os.urandom(2 * MIB)
    bucket.put("large", body)
    storage.damage("cut_answer", "GetObject", after_bytes=MIB)

    with pytest.raises(BrokenAnswer) as broken:
        watched.get("large")

    assert body.startswith(broken.value.received)


def test_after_cut_downloads_no_connection_to_s3_is_left(
    watched: Client, watched_service: Service, storage: StorageProxy, bucket: Bucket
) -> None:
    bucket.put("large", bytes(2 * MIB))
    storage.damage("cut_answer", "GetObject", after_bytes=MIB)
    for _ in range(10):
        with pytest.raises(BrokenAnswer):
            watched.get("large")

    storage.wait_until_idle()
    # Ten would be all of them; some may wait in the pool since other tests.
    assert connections_to(watched_service, storage) < 5


def connections_to(service: Service, storage: StorageProxy) -> int:
    """How many connections the worker holds, idle ones in its pool included."""
    return sum(
        bool(each.raddr) and each.raddr.port == storage.address[1] and each.status == "ESTABLISHED"
        for each in service.worker().net_connections("tcp")
    )


# Clients ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("leave", [RawConnection.close, RawConnection.reset], ids=["closed", "reset"])
def test_of_an_upload_whose_client_goes_nothing_is_stored(
    watched: Client,
    watched_service: Service,
    storage: StorageProxy,
    bucket: Bucket,
    leave: Callable[[RawConnection], None],
) -> None:
    request_id = f"gone-{watched.prefix}-{leave.__name__}"
    connection = watched.raw()
    connection.send(
        request_head(
            "PUT", watched.target("old"), f"Content-Length: {len(LARGE) * 3}", f"X-Request-Id: {request_id}"
        ),
        LARGE * 2,
    )
    storage.wait_for_call("UploadPart")

    leave(connection)

    watched_service.log.of_request(request_id)
    assert (bucket.body("old"), bucket.open_uploads()) == (b"old", [])


@pytest.mark.parametrize("leave", [RawConnection.close, RawConnection.reset], ids=["closed", "reset"])
def test_of_a_small_upload_whose_client_goes_nothing_is_stored(
    watched: Client, watched_service: Service, bucket: Bucket, leave: Callable[[RawConnection], None]
) -> None:
    request_id = f"gone-{watched.prefix}-{leave.__name__}"
    connection = watched.raw()
    connection.send(
        request_head("PUT", watched.target("old"), "Content-Length: 10", f"X-Request-Id: {request_id}"),
        "12345",
    )

    leave(connection)

    watched_service.log.of_request(request_id)
    assert bucket.body("old") == b"old"


@pytest.mark.parametrize("leave", [RawConnection.close, RawConnection.reset], ids=["closed", "reset"])
def test_a_download_whose_client_goes_gives_its_connection_to_s3_up(
    watched: Client,
    watched_service: Service,
    storage: StorageProxy,
    bucket: Bucket,
    leave: Callable[[RawConnection], None],
) -> None:
    bucket.put("large", bytes(32 * MIB))
    for _ in range(5):
        connection = RawConnection(watched.address, receive_buffer_bytes=4096)
        connection.send(request_head("GET", watched.target("large")))
        connection.read_head()
        leave(connection)

    storage.wait_until_idle()
    wait_until(lambda: connections_to(watched_service, storage) < 5, "connections to S3 given up")


def test_clients_that_go_leave_no_connection_of_theirs(
    watched: Client, watched_service: Service, storage: StorageProxy, bucket: Bucket
) -> None:
    for _ in range(20):
        connection = watched.raw()
        connection.send(request_head("PUT", watched.target("a"), "Content-Length: 10"))
        connection.reset()

    wait_until(
        lambda: (
            not [
                each
                for each in watched_service.worker().net_connections("tcp")
                if each.laddr.port == watched.address[1] and each.status not in {"LISTEN", "TIME_WAIT"}
            ]
        ),
        "connections of clients closed",
    )


def test_a_client_gone_while_s3_is_asked_does_no_harm(
    watched: Client, storage: StorageProxy, bucket: Bucket
) -> None:
    storage.damage("delay", "GetObject", times=1, seconds=0.5)
    connection = watched.raw()
    connection.send(request_head("GET", watched.target("old")))
    storage.wait_for_call("GetObject")
    connection.reset()
    storage.wait_until_idle()

    assert watched.get("old").body == b"old"
