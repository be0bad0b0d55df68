"""The audit stream: a line for everybody who was not let in, and for everything that was deleted or changed."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import Client
from tests.integration.keys import Desk, with_key
from tests.integration.stack import aws_client, wait_until

from files_api.domain.access import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.conftest import StartService
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Service, Stack


EVERY_LINE = {"timestamp", "level", "logger", "message", "event"}


@pytest.fixture(scope="session")
def desk(stack: Stack) -> Desk:
    return Desk(stack.storage)


@pytest.fixture(scope="session")
def guarded(stack: Stack) -> Service:
    return stack.service(FILES_API_ACCESS="keys")


def audit_line(service: Service, event: str, request_id: str) -> dict[str, Any]:
    line = service.log.wait_for(
        lambda record: record.get("event") == event and record.get("request_id") == request_id
    )
    return {name: value for name, value in line.items() if name not in {"timestamp", "message"}}


def test_somebody_without_a_credential_is_noted(guarded: Service, prefix: str) -> None:
    Client(guarded.address, "", {"X-Request-Id": prefix}).list()

    assert audit_line(guarded, "authentication_failed", prefix) == {
        "level": "WARNING",
        "logger": "files_api.audit",
        "event": "authentication_failed",
        "reason": "missing",
        "request_id": prefix,
        "client_address": "127.0.0.1",
        "method": "GET",
        "route": "/v1/files",
    }


def test_a_bad_credential_is_noted_with_its_reason_and_id(guarded: Service, desk: Desk, prefix: str) -> None:
    key = desk.make()
    desk.management.disable(key.key.key_id)
    client = with_key(guarded, key)
    client.always["X-Request-Id"] = prefix
    client.list()
    line = audit_line(guarded, "authentication_failed", prefix)

    assert (line["reason"], line["key_id"]) == ("disabled", key.key.key_id)


def test_somebody_who_may_not_is_noted(guarded: Service, desk: Desk, prefix: str) -> None:
    key = desk.make([Scope.READ])
    client = with_key(guarded, key)
    client.always["X-Request-Id"] = prefix
    client.put("a", b"x")
    line = audit_line(guarded, "access_denied", prefix)

    assert (line["scope"], line["key_id"], line["subject"]) == (
        "files:write",
        key.key.key_id,
        f"client:{key.key.client}",
    )


def test_a_deleted_file_is_noted_with_its_whole_path(
    guarded: Service, desk: Desk, bucket: Bucket, prefix: str
) -> None:
    bucket.put("a", b"x")
    key = desk.make(root=prefix)
    client = with_key(guarded, key)
    client.always["X-Request-Id"] = prefix
    client.delete("a")
    line = audit_line(guarded, "file_deleted", prefix)

    assert (line["file_path"], line["key_id"]) == (f"{prefix}/a", key.key.key_id)


def test_what_was_not_deleted_is_not_noted(guarded: Service, desk: Desk, prefix: str) -> None:
    client = with_key(guarded, desk.make(root=prefix))
    client.always["X-Request-Id"] = prefix
    client.delete("none")
    guarded.log.of_request(prefix)

    events = [record["event"] for record in guarded.log.records() if record.get("request_id") == prefix]
    assert events == ["request"]


def test_the_line_of_a_request_names_its_key(guarded: Service, desk: Desk, prefix: str) -> None:
    key = desk.make()
    client = with_key(guarded, key)
    client.always["X-Request-Id"] = prefix
    client.list(page_size=1)

    assert guarded.log.of_request(prefix)["key_id"] == key.key.key_id


# CloudWatch --------------------------------------------------------------------------------------------------------


@pytest.fixture
def group() -> str:
    return f"/files-api/audit/{uuid.uuid4().hex}"


def shipped(stack: Stack, group: str) -> list[dict[str, Any]]:
    logs = aws_client("logs", stack.storage.url)
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    return [
        json.loads(event["message"])
        for stream in streams
        for event in logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
    ]


def test_audit_lines_and_no_others_reach_their_log_group(
    fresh_service: StartService, stack: Stack, desk: Desk, group: str, prefix: str
) -> None:
    service = fresh_service(FILES_API_ACCESS="keys", FILES_API_AUDIT_LOG_GROUP=group)
    with_key(service, desk.make()).list(page_size=1)
    Client(service.address, "", {"X-Request-Id": prefix}).list()
    line = audit_line(service, "authentication_failed", prefix)
    # What waits to be sent is sent at the end.
    service.terminate()
    service.wait()

    assert [
        {name: value for name, value in record.items() if name not in {"timestamp", "message"}}
        for record in shipped(stack, group)
    ] == [line]


@pytest.mark.thorough
def test_audit_lines_are_sent_while_the_service_runs(
    fresh_service: StartService, stack: Stack, group: str, prefix: str
) -> None:
    # Other than above, the group is there already, as it is in production.
    aws_client("logs", stack.storage.url).create_log_group(logGroupName=group)
    service = fresh_service(FILES_API_ACCESS="keys", FILES_API_AUDIT_LOG_GROUP=group)
    Client(service.address, "", {"X-Request-Id": prefix}).list()

    def has_arrived() -> bool:
        logs = aws_client("logs", stack.storage.url)
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return False
        return [record["request_id"] for record in shipped(stack, group)] == [prefix]

    wait_until(has_arrived, "the line in CloudWatch", 20)


OPERATIONS = ("DescribeLogGroups", "CreateLogGroup", "CreateLogStream", "PutLogEvents")
TROUBLE: dict[str, Callable[[StorageProxy], None]] = {
    "silent": lambda storage: storage.damage("hang", *OPERATIONS),
    "refusing": lambda storage: storage.damage(
        "answer", *OPERATIONS, status=400, code="AccessDeniedException"
    ),
    "broken": lambda storage: storage.damage("close", *OPERATIONS),
}


@pytest.mark.thorough
@pytest.mark.parametrize("trouble", TROUBLE)
def test_when_cloudwatch_is_in_trouble_requests_are_not(
    fresh_service: StartService, desk: Desk, storage: StorageProxy, group: str, trouble: str
) -> None:
    TROUBLE[trouble](storage)
    service = fresh_service(
        FILES_API_ACCESS="keys", FILES_API_AUDIT_LOG_GROUP=group, AWS_ENDPOINT_URL=storage.url
    )
    stranger, client = Client(service.address, ""), with_key(service, desk.make())

    assert [stranger.list().status for _ in range(20)] + [client.list(page_size=1).status] == [401] * 20 + [
        200
    ]
    # And it ends in time.
    service.terminate()
    assert service.wait(30) == 0
