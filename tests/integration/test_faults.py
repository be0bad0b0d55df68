"""S3 and clients that fail: the right answer, nothing half-stored, nothing leaked, a healthy worker after.

On every way to S3: the product's own, plainly and over TLS, and the one on plain boto3 that it is measured against.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.certificates import make_certificate
from tests.integration.client import BrokenAnswer, Client, RawConnection, request_head
from tests.integration.conftest import IMPATIENT
from tests.integration.faults import StorageProxy
from tests.integration.stack import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.client import Answer
    from tests.integration.conftest import ClientOf, StartService
    from tests.integration.stack import Bucket, Service, Stack

MIB = 1024 * 1024
LARGE = bytes(9 * MIB)

#: What is in the environment of a service that takes this way.
WAYS: dict[str, dict[str, str]] = {
    "http": {},
    "https": {"AWS_CA_BUNDLE": "{certificate}"},
    "boto3": {"APPLICATION": "tests.benchmarks.plain_boto3:make_app()"},
}

OPERATIONS: dict[str, Callable[[Client], Answer]] = {
    "get": lambda client: client.get("old"),
    "a conditional get": lambda client: client.get("old", If_None_Match='"x"'),
    "a range": lambda client: client.get("old", Range="bytes=0-1"),
    "head": lambda client: client.head("old"),
    "put": lambda client: client.put("new", b"new"),
    "a large put": lambda client: client.put("new", LARGE),
    "delete": lambda client: client.delete("old"),
    "list": lambda client: client.list(directory=client.prefix),
    "redirect": lambda client: client.get("old", "?redirect=true"),
}
EACH = pytest.mark.parametrize("call", OPERATIONS.values(), ids=OPERATIONS.keys())
# Where each waits for seconds: one that reads and one that writes in every run, the rest once more.
FEW = pytest.mark.parametrize(
    "call",
    [
        pytest.param(call, id=name, marks=[] if name in {"get", "put"} else [pytest.mark.thorough])
        for name, call in OPERATIONS.items()
    ],
)


# The product's own way is in every run; the others are the same once more.
@pytest.fixture(
    params=[pytest.param(way, marks=[] if way == "http" else [pytest.mark.thorough]) for way in WAYS]
)
def way(request: pytest.FixtureRequest) -> str:
    way: str = request.param
    return way


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def tls_proxy(stack: Stack, certificate: Path) -> Iterator[StorageProxy]:
    proxy = StorageProxy(stack.storage.address, certificate)
    yield proxy
    proxy.stop()


@pytest.fixture
def storage(request: pytest.FixtureRequest, way: str) -> Iterator[StorageProxy]:
    """The way from `watched` to S3: it tells what went over it, and can be damaged."""
    proxy: StorageProxy = request.getfixturevalue("tls_proxy" if way == "https" else "running_proxy")
    proxy.heal()
    yield proxy
    proxy.heal()


@pytest.fixture
def watched_service(stack: Stack, storage: StorageProxy, way: str, certificate: Path) -> Service:
    """A service that reaches S3 through `storage`, and has little patience with it."""
    settings = {name: value.format(certificate=certificate) for name, value in WAYS[way].items()}
    return stack.service(**IMPATIENT, AWS_ENDPOINT_URL=storage.url, **settings)


@pytest.fixture(autouse=True)
def old(bucket: Bucket) -> None:
    """The file that is there before."""
    bucket.put("old", b"old")


@EACH
def test_while_s3_is_gone_the_answer_is_503(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer]
) -> None:
    storage.refuse_connections()

    answer = call(watched)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


@EACH
def test_while_s3_throttles_the_answer_is_503(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer]
) -> None:
    storage.damage("answer", status=503, code="SlowDown")

    answer = call(watched)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


@FEW
def test_while_s3_is_silent_the_answer_is_503_within_the_deadline(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer]
) -> None:
    storage.damage("hang")

    assert call(watched).status == 503


@EACH
def test_when_s3_hangs_up_once_nobody_notices(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer]
) -> None:
    storage.damage("close", times=1)

    assert call(watched).status < 400


@EACH
def test_when_s3_throttles_once_nobody_notices(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer]
) -> None:
    storage.damage("answer", status=503, code="SlowDown", times=1)

    assert call(watched).status < 400


@EACH
@pytest.mark.parametrize(
    "code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"]
)
def test_when_s3_refuses_our_credentials_the_answer_is_500(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer], code: str
) -> None:
    storage.damage("answer", status=403, code=code)

    assert call(watched).status == 500


def test_what_s3_refused_is_not_told_to_the_caller(watched: Client, storage: StorageProxy) -> None:
    storage.damage("answer", status=403, code="InvalidAccessKeyId")

    assert b"InvalidAccessKeyId" not in watched.get("old").body


def test_what_s3_refused_stands_in_the_log_under_the_request_id(
    watched: Client, watched_service: Service, storage: StorageProxy
) -> None:
    storage.damage("answer", status=403, code="InvalidAccessKeyId")

    request_id = watched.get("old").json()["request_id"]

    line = watched_service.log.wait_for(lambda record: record.get("request_id") == request_id)
    assert "InvalidAccessKeyId" in line["exc_info"]


@EACH
def test_after_a_fault_the_same_call_succeeds(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer]
) -> None:
    storage.refuse_connections()
    call(watched)
    storage.heal()

    assert call(watched).status < 400


@EACH
def test_a_missing_bucket_is_500(stack: Stack, client_of: ClientOf, call: Callable[[Client], Answer]) -> None:
    client = client_of(stack.service(FILES_API_BUCKET="gone-bucket"))

    assert call(client).status == 500


def test_a_missing_bucket_is_named_in_the_log(stack: Stack, client_of: ClientOf) -> None:
    service = stack.service(FILES_API_BUCKET="gone-bucket")

    request_id = client_of(service).get("old").json()["request_id"]

    line = service.log.wait_for(lambda record: record.get("request_id") == request_id)
    assert "NoSuchBucket" in line["exc_info"]


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


def test_the_deadline_of_a_request_holds_over_all_its_calls(
    fresh_service: StartService, client_of: ClientOf, storage: StorageProxy
) -> None:
    client = client_of(
        fresh_service(
            AWS_ENDPOINT_URL=storage.url,
            FILES_API_S3_READ_TIMEOUT_SECONDS="60",
            FILES_API_REQUEST_DEADLINE_SECONDS="1",
        )
    )
    storage.damage("hang")

    # The client's own patience is 20 seconds, and one silence of S3 may last 60.
    assert client.put("new", b"x", If_None_Match="*").status == 503
