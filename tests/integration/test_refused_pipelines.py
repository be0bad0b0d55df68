"""A request of which the server holds the beginning already, refused for what comes behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.integration.client import BrokenAnswer, Client, request_head

if TYPE_CHECKING:
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Stack

MOST = 2

pytestmark = pytest.mark.thorough


def test_what_a_refusal_left_behind_is_not_the_beginning_of_the_next_request(
    stack: Stack, storage: StorageProxy, bucket: Bucket, prefix: str
) -> None:
    bucket.put("a", b"hello")
    narrow = Client(
        stack.service(AWS_ENDPOINT_URL=storage.url, FILES_API_MAX_CONCURRENCY=str(MOST)).address, prefix
    )
    waiting = [narrow.raw() for _ in range(MOST)]
    with narrow.raw() as connection:
        # One packet: with the first request, the beginning of another one is received.
        begun = f"GET {narrow.target('a')} HTTP/1.1\r\nX-A: ".encode()
        connection.send(request_head("GET", "/health/live") + begun)
        connection.read_answer()
        storage.damage("delay", "GetObject", seconds=60)
        for each in waiting:
            each.send(request_head("GET", narrow.target("a")))
        storage.wait_for_call("GetObject", MOST)

        # Alone, this looks like a whole request.
        connection.send(request_head("GET", narrow.target("a")))
        connection.read_answer()
        storage.heal()
        for each in waiting:
            each.read_answer()
            each.close()
        try:
            connection.send(request_head("GET", "/health/live"))
            answer = connection.read_answer()
        except (BrokenAnswer, ConnectionError):
            return  # a closed connection has no next request

    assert (answer.status, answer.json().get("status")) == (200, "ok")
