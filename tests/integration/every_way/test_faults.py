"""S3 that fails: the right answer on every call, and a healthy service after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.client import Answer, Client
    from tests.integration.conftest import ClientOf, StartService
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Service, Stack

LARGE = bytes(9 * 1024 * 1024)

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


@EACH
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
@pytest.mark.parametrize("code", ["AccessDenied", "ExpiredToken"])
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


# A bucket in another region ---------------------------------------------------------------------------------------


ELSEWHERE = {"status": 301, "code": "PermanentRedirect", "headers": {"x-amz-bucket-region": "eu-west-3"}}


@EACH
def test_a_bucket_in_another_region_is_500(
    watched: Client, storage: StorageProxy, call: Callable[[Client], Answer]
) -> None:
    storage.damage("answer", **ELSEWHERE)

    assert call(watched).status == 500


@pytest.mark.parametrize("name", ["get", "head", "put", "list"])
def test_of_a_bucket_in_another_region_the_log_says_which_setting_to_change(
    watched: Client, watched_service: Service, storage: StorageProxy, name: str
) -> None:
    storage.damage("answer", **ELSEWHERE)

    request_id = OPERATIONS[name](watched).headers["X-Request-Id"]

    line = watched_service.log.wait_for(
        lambda record: record.get("request_id") == request_id and "exc_info" in record
    )
    assert "The bucket is in eu-west-3: set AWS_REGION to that." in line["exc_info"]
