"""The log: one JSON object a line, and the truth about every request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import BrokenAnswer, Client, RawConnection, request_head
from tests.integration.stack import SECRET

if TYPE_CHECKING:
    from tests.integration.conftest import ClientOf
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Service, Stack

MIB = 1024 * 1024


@pytest.fixture
def request_id(prefix: str) -> str:
    return f"id-{prefix}"


def test_a_request_is_summed_up(client: Client, service: Service, request_id: str) -> None:
    client.put("a.txt", b"hello", X_Request_Id=request_id)

    line = service.log.of_request(request_id)

    assert {
        name: line[name] for name in ("route", "method", "path", "status", "bytes_in", "outcome", "level")
    } == {
        "route": "/v1/files/{file_path}",
        "method": "PUT",
        "path": client.target("a.txt"),
        "status": 201,
        "bytes_in": 5,
        "outcome": "complete",
        "level": "INFO",
    }


def test_the_bytes_of_a_download_are_counted(client: Client, service: Service, request_id: str) -> None:
    client.put("a.txt", b"hello")
    client.get("a.txt", X_Request_Id=request_id)

    assert service.log.of_request(request_id)["bytes_out"] == 5


def test_the_duration_is_told(client: Client, service: Service, request_id: str) -> None:
    client.get("a.txt", X_Request_Id=request_id)

    assert service.log.of_request(request_id)["duration_ms"] > 0


def test_the_time_is_utc(client: Client, service: Service, request_id: str) -> None:
    client.get("a.txt", X_Request_Id=request_id)

    timestamp = service.log.of_request(request_id)["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", timestamp)


def test_an_error_is_named_by_its_code(client: Client, service: Service, request_id: str) -> None:
    client.get("nothing", X_Request_Id=request_id)

    assert service.log.of_request(request_id)["error_code"] == "file_not_found"


def test_a_request_without_a_route_has_none(client: Client, service: Service, request_id: str) -> None:
    client.request("GET", "/nothing", headers={"X-Request-Id": request_id})

    assert service.log.of_request(request_id)["route"] is None


def test_a_download_whose_client_goes_is_told_as_such(
    client: Client, service: Service, bucket: Bucket, request_id: str
) -> None:
    bucket.put("large", bytes(32 * MIB))
    with RawConnection(client.address, receive_buffer_bytes=4096) as connection:
        connection.send(request_head("GET", client.target("large"), f"X-Request-Id: {request_id}"))
        connection.read_head()
        connection.reset()

    assert service.log.of_request(request_id)["outcome"] == "client_gone"


def test_a_download_whose_client_goes_has_not_sent_all(
    client: Client, service: Service, bucket: Bucket, request_id: str
) -> None:
    bucket.put("large", bytes(32 * MIB))
    with RawConnection(client.address, receive_buffer_bytes=4096) as connection:
        connection.send(request_head("GET", client.target("large"), f"X-Request-Id: {request_id}"))
        connection.read_head()
        connection.reset()

    assert service.log.of_request(request_id)["bytes_out"] < 32 * MIB


def test_a_download_that_s3_cuts_is_told_as_such(
    watched: Client, watched_service: Service, storage: StorageProxy, bucket: Bucket, request_id: str
) -> None:
    bucket.put("large", bytes(2 * MIB))
    storage.damage("cut_answer", "GetObject", after_bytes=MIB)
    with pytest.raises(BrokenAnswer):
        watched.get("large", X_Request_Id=request_id)

    assert watched_service.log.of_request(request_id)["outcome"] == "storage_cut"


@pytest.mark.parametrize(
    "target",
    [
        "/v1/files/a%0A%7B%22event%22:%22forged%22%7D",
        "/v1/files/a%0D%0Aforged",
        "/v1/files/%22%2C%22x%22:%22",
    ],
)
def test_a_path_forges_no_line(client: Client, service: Service, request_id: str, target: str) -> None:
    client.request("GET", target, headers={"X-Request-Id": request_id})

    assert service.log.of_request(request_id)["path"] == target


def test_the_query_is_not_logged(client: Client, service: Service, request_id: str) -> None:
    client.get("a.txt", "?disposition=private-words", X_Request_Id=request_id)
    service.log.of_request(request_id)

    assert "private-words" not in "\n".join(service.log.lines)


@pytest.mark.parametrize("target", ["/health/live", "/health/ready"])
def test_health_checks_are_quiet(client: Client, service: Service, request_id: str, target: str) -> None:
    client.request("GET", target, headers={"X-Request-Id": f"quiet-{request_id}"})
    # What came later has been written, so the earlier line will not come any more.
    client.request("GET", "/version", headers={"X-Request-Id": request_id})
    service.log.of_request(request_id)

    assert f"quiet-{request_id}" not in "\n".join(service.log.lines)


def test_health_checks_are_logged_when_somebody_searches(
    stack: Stack, client_of: ClientOf, request_id: str
) -> None:
    service = stack.service(FILES_API_LOG_LEVEL="DEBUG")
    client_of(service).request("GET", "/health/live", headers={"X-Request-Id": request_id})

    assert service.log.of_request(request_id)["level"] == "DEBUG"


def test_what_gunicorn_refuses_is_logged_under_the_id_that_was_told(client: Client, service: Service) -> None:
    with client.raw() as connection:
        connection.send(b"nonsense\r\n\r\n")
        request_id = connection.read_answer().json()["request_id"]

    line = service.log.wait_for(lambda record: record.get("request_id") == request_id)
    assert line["event"] == "request_refused"


@pytest.fixture(scope="module")
def whole_life(stack: Stack) -> Service:
    """A service that was started, saw all kinds of requests, and was stopped."""
    service = stack.fresh_service(FILES_API_LOG_LEVEL="DEBUG")
    client = Client(service.address, "whole-life")
    client.put("a\u2028b", b"x" * 9 * MIB)
    client.get("a\u2028b")
    client.get("nothing")
    client.request("BREW", "/")
    client.post_json(
        "/v1/files/generated",
        {"file_path": client.path("a.txt"), "prompt": "words of a prompt", "file_type": "Text"},
    )
    client.request("GET", "/", headers={"Authorization": f"Bearer {SECRET}", "Cookie": SECRET})
    for rubbish in (b"\x00\xff\r\n\r\n", b"GET / HTTP/1.1\r\nA: \x1b[31m\r\n\r\n", b"GET /"):
        with client.raw() as connection:
            connection.send(rubbish)
            connection.half_close()
            connection.read_to_end()
    service.stop()
    return service


def test_every_line_of_a_whole_life_is_one_json_object(whole_life: Service) -> None:
    records: list[Any] = whole_life.log.records()

    assert all({"timestamp", "level", "logger", "message"} <= set(record) for record in records)


def test_nothing_is_written_beside_the_log(whole_life: Service) -> None:
    assert whole_life.stdout == ""


@pytest.mark.parametrize("words", [SECRET, "words of a prompt"])
def test_no_secret_and_no_prompt_is_logged(whole_life: Service, words: str) -> None:
    assert words not in "\n".join(whole_life.log.lines)
