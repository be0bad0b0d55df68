"""Files made by AI that are asked for twice, or at the same time, and what the log tells of them."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import Client, request_head
from tests.integration.generations import TARGET, Pending, asked, generate, post
from tests.integration.stack import SECRET, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.conftest import ClientOf, StartService
    from tests.integration.stack import Bucket, Service, Stack
    from tests.integration.upstream import Upstream


# The default of FILES_API_GENERATION_CONCURRENCY.
PLACES = 8


@pytest.fixture
def key(prefix: str) -> dict[str, str]:
    """A header with a key that nobody else uses."""
    return {"Idempotency_Key": prefix}


# With an Idempotency-Key --------------------------------------------------------------------------------------------


def test_a_repetition_gets_the_first_answer(generating: Client, key: dict[str, str]) -> None:
    first = generate(generating, "a.txt", headers=key)

    second = generate(generating, "a.txt", headers=key)

    fields = ("ETag", "Location", "Content-Type")
    assert (second.status, second.body, [second.headers[field] for field in fields]) == (
        first.status,
        first.body,
        [first.headers[field] for field in fields],
    )


def test_a_repetition_of_a_replacement_is_one_too(generating: Client, key: dict[str, str]) -> None:
    generating.put("a.txt", b"mine")

    statuses = [generate(generating, "a.txt", headers=key, overwrite=True).status for _ in range(2)]

    assert statuses == [200, 200]


def test_a_repetition_is_not_billed(generating: Client, upstream: Upstream, key: dict[str, str]) -> None:
    for _ in range(3):
        generate(generating, "a.txt", headers=key)

    assert len(upstream.calls) == 1


def test_a_repetition_may_be_spelled_in_another_way(
    generating: Client, upstream: Upstream, key: dict[str, str]
) -> None:
    document = asked(generating, "a.txt")
    post(generating, document, **key)

    answer = post(generating, json.dumps(dict(reversed(document.items())), indent=4).encode(), **key)

    assert (answer.status, len(upstream.calls)) == (201, 1)


def test_a_repetition_without_a_key_is_a_new_request(generating: Client) -> None:
    generate(generating, "a.txt")

    assert generate(generating, "a.txt").code == "file_exists"


@pytest.mark.parametrize(
    "other", [{"prompt": "Another fox"}, {"overwrite": True}, {"options": {"model": "gpt-6-luna"}}]
)
def test_a_key_belongs_to_one_body(
    generating: Client, upstream: Upstream, key: dict[str, str], other: dict[str, Any]
) -> None:
    generate(generating, "a.txt", headers=key)

    answer = generate(generating, "a.txt", headers=key, **other)

    assert (answer.status, answer.code, len(upstream.calls)) == (422, "idempotency_key_reused", 1)


def test_a_key_for_another_body_is_named(generating: Client, key: dict[str, str]) -> None:
    generate(generating, "a.txt", headers=key)

    errors = generate(generating, "b.txt", headers=key).json()["errors"]

    assert [(item["location"], item["field"]) for item in errors] == [("header", "Idempotency-Key")]


def test_while_the_first_request_runs_its_repetition_has_to_wait(
    generating: Client, upstream: Upstream, key: dict[str, str]
) -> None:
    upstream.hold()
    with Pending(generating, "a.txt", headers=key):
        upstream.wait_for_calls(1)

        answer = generate(generating, "a.txt", headers=key)
        upstream.release()

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (409, "idempotency_key_in_use", "1")


def test_of_two_at_once_one_is_billed(generating: Client, upstream: Upstream, key: dict[str, str]) -> None:
    upstream.hold()
    with (
        Pending(generating, "a.txt", headers=key) as first,
        Pending(generating, "a.txt", headers=key) as second,
    ):
        upstream.wait_for_calls(1)
        wait_until(lambda: first.is_done or second.is_done, "the answer to the one that came later")
        upstream.release()

    assert (sorted([first.answer().status, second.answer().status]), len(upstream.calls)) == ([201, 409], 1)


def test_a_first_try_that_failed_can_be_repeated(
    generating: Client, upstream: Upstream, key: dict[str, str]
) -> None:
    upstream.fail("content_policy", times=1)

    statuses = [generate(generating, "a.txt", headers=key).status for _ in range(3)]

    assert (statuses, len(upstream.calls)) == ([422, 201, 201], 2)


def test_who_lost_the_answer_gets_it_by_a_repetition(
    generating: Client, upstream: Upstream, key: dict[str, str], prefix: str
) -> None:
    body = json.dumps(asked(generating, "a.txt")).encode()
    upstream.hold()
    with generating.raw() as connection:
        connection.send(
            request_head(
                "POST",
                TARGET,
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                f"Idempotency-Key: {prefix}",
            ),
            body,
        )
        upstream.wait_for_calls(1)
        connection.reset()
    upstream.release()

    wait_until(
        lambda: generate(generating, "a.txt", headers=key).status == 201, "the answer of the first try"
    )

    assert len(upstream.calls) == 1


# On two instances ---------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(stack: Stack, upstream: Upstream, prefix: str) -> list[Client]:
    """Clients of two instances, which share their tables and nothing else."""
    ports = ("FILES_API_KEEP_ALIVE_SECONDS", "75"), ("FILES_API_KEEP_ALIVE_SECONDS", "76")
    services = [stack.service(**dict([setting]), OPENAI_BASE_URL=upstream.url) for setting in ports]
    return [Client(service.address, prefix) for service in services]


def test_a_repetition_on_another_instance_gets_the_first_answer(
    fleet: list[Client], upstream: Upstream, key: dict[str, str]
) -> None:
    first, second = (generate(client, "a.txt", headers=key) for client in fleet)

    assert (second.status, second.body, len(upstream.calls)) == (first.status, first.body, 1)


def test_of_two_instances_at_once_one_asks_the_model(
    fleet: list[Client], upstream: Upstream, key: dict[str, str]
) -> None:
    upstream.hold()
    with (
        Pending(fleet[0], "a.txt", headers=key) as first,
        Pending(fleet[1], "a.txt", headers=key) as second,
    ):
        upstream.wait_for_calls(1)
        wait_until(lambda: first.is_done or second.is_done, "the answer to the one that came later")
        upstream.release()

    assert (sorted([first.answer().status, second.answer().status]), len(upstream.calls)) == ([201, 409], 1)


@pytest.mark.parametrize("wrong", ["", "a key", "schlüssel", "x" * 256])
def test_not_everything_is_a_key(generating: Client, upstream: Upstream, wrong: str) -> None:
    answer = generate(generating, "a.txt", headers={"Idempotency_Key": wrong})

    assert (answer.status, answer.code, upstream.calls) == (400, "invalid_idempotency_key", [])


def test_a_key_may_be_so_long(generating: Client, prefix: str) -> None:
    answer = generate(generating, "a.txt", headers={"Idempotency_Key": prefix.ljust(255, "~")})

    assert answer.status == 201


# At the same time ---------------------------------------------------------------------------------------------------


def test_more_than_are_allowed_are_sent_away(generating: Client, upstream: Upstream) -> None:
    upstream.hold()
    with Pending(generating, "a.txt"):
        upstream.wait_for_calls(1)

        answer = generate(generating, "b.txt")
        upstream.release()

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (429, "generation_busy", "5")


def test_who_was_sent_away_has_cost_nothing(generating: Client, upstream: Upstream) -> None:
    upstream.hold()
    with Pending(generating, "a.txt"):
        upstream.wait_for_calls(1)
        generate(generating, "b.txt")
        upstream.release()

    assert len(upstream.calls) == 1


def test_who_was_sent_away_may_come_again(
    generating: Client, upstream: Upstream, key: dict[str, str]
) -> None:
    upstream.hold()
    with Pending(generating, "a.txt"):
        upstream.wait_for_calls(1)
        generate(generating, "b.txt", headers=key)
        upstream.release()

    assert generate(generating, "b.txt", headers=key).status == 201


@pytest.fixture
def crowded(stack: Stack, upstream: Upstream, client_of: ClientOf) -> Iterator[Client]:
    """A service all of whose places are taken by generations that wait for OpenAI."""
    client = client_of(stack.service(OPENAI_BASE_URL=upstream.url))
    upstream.hold()
    with ExitStack() as pending:
        for number in range(PLACES):
            pending.enter_context(Pending(client, f"{number}.txt"))
        upstream.wait_for_calls(PLACES)
        yield client
        upstream.release()


def test_while_generations_wait_files_are_stored_and_read(crowded: Client) -> None:
    crowded.put("mine", b"mine")

    assert crowded.get("mine").body == b"mine"


@pytest.mark.parametrize("target", ["/health/live", "/health/ready", "/version", "/v1/files?page_size=1"])
def test_while_generations_wait_everything_else_is_answered(crowded: Client, target: str) -> None:
    assert crowded.request("GET", target).status == 200


# What the log tells -------------------------------------------------------------------------------------------------

MARK = "Rumpelstiltskin"
TOLD = {
    "a file": {},
    "instructions": {"name": "a.mp3", "options": {"instructions": f"Like {MARK}"}},
    "a prompt that is too long": {"prompt": MARK * 4000},
    "an unknown option": {"options": {"temperature": MARK}},
    "a kind that is none": {"file_type": MARK},
}


def lines_after(service: Service, request_id: str) -> str:
    service.log.of_request(request_id)
    return "\n".join(service.log.lines)


@pytest.mark.parametrize("fields", TOLD.values(), ids=TOLD.keys())
def test_no_prompt_and_no_result_is_logged(
    generating: Client, generating_service: Service, fields: dict[str, Any]
) -> None:
    request = {"name": "a.txt", "prompt": f"A {MARK}", **fields}

    answer = generate(generating, headers={"Idempotency_Key": f"{generating.prefix}-{MARK}"}, **request)

    assert MARK not in lines_after(generating_service, answer.headers["X-Request-Id"])


@pytest.mark.parametrize(
    "mode", ["content_policy", "refusal", "incomplete", "server_error", "truncated_json", "drop"]
)
def test_no_prompt_is_logged_when_openai_fails(
    generating: Client, generating_service: Service, upstream: Upstream, mode: str
) -> None:
    upstream.fail(mode)

    answer = generate(generating, "a.txt", prompt=f"A {MARK}")

    assert MARK not in lines_after(generating_service, answer.headers["X-Request-Id"])


def test_malformed_json_is_not_logged(generating: Client, generating_service: Service) -> None:
    answer = post(generating, f'{{"prompt": "{MARK}'.encode())

    assert MARK not in lines_after(generating_service, answer.headers["X-Request-Id"])


class _Echo(BaseHTTPRequestHandler):
    """Fails, and tells in its error everything that it was sent, the key included."""

    server: _EchoServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is given
        pass

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        message = f"Cannot do {sent} for {self.headers['Authorization']}"
        body = json.dumps({"error": {"message": message, "type": message, "code": None}}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _EchoServer(HTTPServer):
    status = 500


@pytest.fixture
def echo() -> Iterator[_EchoServer]:
    server = _EchoServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def echoed(fresh_service: StartService, echo: _EchoServer) -> Service:
    return fresh_service(OPENAI_BASE_URL=f"http://127.0.0.1:{echo.server_port}/v1")


def test_what_openai_says_of_prompt_and_key_is_neither_logged_nor_told(
    echoed: Service, echo: _EchoServer, client_of: ClientOf, bucket: Bucket
) -> None:
    told = ""
    for echo.status in (400, 401, 403, 404, 429, 500, 503, 302):
        answer = generate(client_of(echoed), "a.txt", prompt=f"A {MARK}")
        told += lines_after(echoed, answer.headers["X-Request-Id"]) + answer.body.decode()

    assert [secret for secret in (MARK, SECRET) if secret in told] == []
