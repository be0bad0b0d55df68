"""More clients than can be served: those beyond are told so at once, and the others notice nothing."""

from __future__ import annotations

import itertools
import json
import threading
from typing import TYPE_CHECKING

import pytest
from tests.integration.client import Client, RawConnection, request_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Service, Stack

MIB = 1024 * 1024
MOST = 2


@pytest.fixture
def narrow_service(stack: Stack, storage: StorageProxy) -> Service:
    return stack.service(AWS_ENDPOINT_URL=storage.url, FILES_API_MAX_CONCURRENCY=str(MOST))


@pytest.fixture
def narrow(narrow_service: Service, bucket: Bucket, prefix: str) -> Client:
    """A client of a service that works on two requests at once."""
    bucket.put("a", b"hello")
    return Client(narrow_service.address, prefix)


@pytest.fixture
def busy(narrow: Client, storage: StorageProxy) -> Iterator[list[RawConnection]]:
    """As many requests as the service works on, waiting for S3 until it is healed."""
    storage.damage("delay", "GetObject", seconds=60)
    waiting = [narrow.raw() for _ in range(MOST)]
    for connection in waiting:
        connection.send(request_head("GET", narrow.target("a")))
    storage.wait_for_call("GetObject", MOST)
    yield waiting
    for connection in waiting:
        connection.close()


def test_one_more_is_told_to_come_again(narrow: Client, busy: list[RawConnection]) -> None:
    answer = narrow.get("a")

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "overloaded", "1")


def test_that_answer_has_the_shape_of_every_error(narrow: Client, busy: list[RawConnection]) -> None:
    answer = narrow.get("a", X_Request_Id="my-id")

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.headers["X-Request-Id"], answer.json()["request_id"]) == ("my-id", "my-id")
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance", "code", "request_id"}


def test_a_head_is_told_without_a_body(narrow: Client, busy: list[RawConnection]) -> None:
    answer = narrow.head("a")

    assert (answer.status, answer.body) == (503, b"")


@pytest.mark.parametrize("target", ["/health/live", "/health/ready", "/version"])
def test_whoever_watches_over_the_service_is_served(
    narrow: Client, busy: list[RawConnection], target: str
) -> None:
    assert narrow.request("GET", target).status == 200


def test_the_ones_that_were_admitted_are_served(
    narrow: Client, storage: StorageProxy, busy: list[RawConnection]
) -> None:
    narrow.get("a")
    storage.heal()

    assert [connection.read_answer().body for connection in busy] == [b"hello"] * MOST


def test_afterwards_everybody_is_served(
    narrow: Client, storage: StorageProxy, busy: list[RawConnection]
) -> None:
    narrow.get("a")
    storage.heal()
    for connection in busy:
        connection.read_answer()

    assert narrow.get("a").body == b"hello"


def test_who_was_refused_can_ask_again_on_the_same_connection(
    narrow: Client, storage: StorageProxy, busy: list[RawConnection]
) -> None:
    with narrow.raw() as connection:
        connection.send(request_head("GET", narrow.target("a")))
        refused = connection.read_answer()
        storage.heal()
        for waiting in busy:
            waiting.read_answer()
        connection.send(request_head("GET", narrow.target("a")))

        assert (refused.status, connection.read_answer().body) == (503, b"hello")


def test_who_is_refused_while_sending_a_body_reads_the_answer(
    narrow: Client, busy: list[RawConnection], bucket: Bucket
) -> None:
    with narrow.raw() as connection:
        connection.send(request_head("PUT", narrow.target("b"), f"Content-Length: {MIB}"), bytes(MIB))

        assert connection.read_answer("PUT").status == 503
    assert bucket.names() == ["a"]


def test_who_waits_for_100_continue_is_refused_instead(narrow: Client, busy: list[RawConnection]) -> None:
    with narrow.raw() as connection:
        connection.send(request_head("PUT", narrow.target("b"), "Content-Length: 5", "Expect: 100-continue"))

        assert connection.read_head()[0] == 503


def test_of_a_crowd_of_refused_there_is_one_line_a_second(
    narrow: Client, narrow_service: Service, busy: list[RawConnection]
) -> None:
    def lines() -> list[dict[str, object]]:
        return [record for record in narrow_service.log.records() if record.get("event") == "overloaded"]

    before = len(lines())
    with narrow.raw() as connection:
        for _ in range(200):
            connection.send(request_head("GET", narrow.target("a")))
            connection.read_answer()

    narrow_service.log.wait_for(lambda record: record.get("event") == "overloaded")
    # A busy machine may take some seconds for it; two hundred lines it would never be.
    assert len(lines()) - before < 20


def test_clients_that_dribble_take_no_place(narrow: Client, storage: StorageProxy) -> None:
    dribbling = [narrow.raw() for _ in range(64)]
    for connection in dribbling[:32]:
        connection.send(b"GET /v1/files HTTP/1.1\r\nHost: a\r\nX-Slow: ")
    for number, connection in enumerate(dribbling[32:], start=1):
        connection.send(request_head("PUT", narrow.target(f"slow-{number}"), "Content-Length: 1000000"), "x")
        # Each is in work until S3 has said what is there now.
        storage.wait_for_call("HeadObject", number)
        storage.wait_until_idle()

    answers = [narrow.get("a").status for _ in range(10)]

    for connection in dribbling:
        connection.close()
    assert answers == [200] * 10


def test_clients_that_do_not_read_take_no_place(narrow: Client, bucket: Bucket) -> None:
    bucket.put("large", bytes(32 * MIB))
    idle = [RawConnection(narrow.address, receive_buffer_bytes=4096) for _ in range(8)]
    for connection in idle:
        connection.send(request_head("GET", narrow.target("large")))
        connection.read_head()

    answers = [narrow.get("a").status for _ in range(10)]

    for connection in idle:
        connection.close()
    assert answers == [200] * 10


# Connections ------------------------------------------------------------------------------------------------------


def test_connections_that_are_kept_for_nothing_make_room(stack: Stack, prefix: str) -> None:
    service = stack.service(FILES_API_WORKER_CONNECTIONS="4")
    kept = [RawConnection(service.address) for _ in range(4)]
    for connection in kept:
        connection.send(request_head("GET", "/health/live"))
        connection.read_answer()

    answer = Client(service.address, prefix).request("GET", "/health/live")

    for connection in kept:
        connection.close()
    assert answer.status == 200


# A turn for everybody ----------------------------------------------------------------------------------------------


def test_a_client_that_never_pauses_does_not_keep_the_others_waiting(
    client: Client, service: Service, prefix: str
) -> None:
    hasty, patient = f"hasty-{prefix}", f"patient-{prefix}"
    count = 3000
    with client.raw() as never_pauses, client.raw() as other:
        sender = threading.Thread(
            target=never_pauses.send,
            args=(request_head("GET", "/nothing", f"X-Request-Id: {hasty}") * count,),
        )
        sender.start()
        never_pauses.read_answer()
        other.send(request_head("GET", "/nothing", f"X-Request-Id: {patient}"))
        other.read_answer()
        for _ in range(count - 1):
            never_pauses.read_answer()
        sender.join()

    # The order in which the service has answered, which is not the order in which this process reads.
    lines = itertools.count(1)
    service.log.wait_for(lambda record: record.get("request_id") == hasty and next(lines) == count)
    order = [record.get("request_id") for record in service.log.records()]
    assert hasty in order[order.index(patient) :]


def test_requests_behind_one_another_are_answered_in_their_order(client: Client, bucket: Bucket) -> None:
    with client.raw() as connection:
        connection.send(
            request_head("PUT", client.target("b"), "Content-Length: 5") + b"hello",
            request_head("GET", client.target("b")),
            request_head("GET", client.target("gone")),
        )

        answers = [connection.read_answer("PUT"), connection.read_answer(), connection.read_answer()]

    assert [answer.status for answer in answers] == [201, 200, 404]
    assert json.loads(answers[0].body)["size_bytes"] == 5
