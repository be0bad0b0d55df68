"""Files made by AI when something goes wrong, or happens twice, or at the same time (http-api.md, Generation)."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING

import boto3
import pytest
from tests.integration.generations import TYPES, generate
from tests.integration.stack import SECRET
from tests.integration.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.client import Client
    from tests.integration.conftest import ClientOf, StartService
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Stack
    from types_boto3_ssm import SSMClient


ANY_KIND = (".txt", ".png", ".mp3")
DEADLINE_SECONDS = 2.0


@pytest.fixture
def hasty(stack: Stack, upstream: Upstream, client_of: ClientOf) -> Client:
    """A service that does not wait long for OpenAI."""
    return client_of(
        stack.service(
            OPENAI_BASE_URL=upstream.url,
            FILES_API_GENERATION_DEADLINE_SECONDS=str(DEADLINE_SECONDS),
            FILES_API_GENERATION_CONCURRENCY="1",
        )
    )


@pytest.fixture
def nowhere() -> Iterator[str]:
    """The base URL of a server that is not there, and will not come."""
    with closing(socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}/v1"


# When OpenAI fails --------------------------------------------------------------------------------------------------

# The stand-in's modes (with a Retry-After where there is one): for which files, status, code, and our Retry-After.
FAILURES: list[tuple[str, int | None, tuple[str, ...], int, str, str | None]] = [
    ("rate_limited", 7, ANY_KIND, 503, "generator_unavailable", "7"),
    ("rate_limited", None, ANY_KIND, 503, "generator_unavailable", "10"),
    ("overloaded", 7, ANY_KIND, 503, "generator_unavailable", "7"),
    ("overloaded", None, ANY_KIND, 503, "generator_unavailable", "10"),
    ("server_error", 7, (".txt",), 503, "generator_unavailable", "7"),
    ("server_error", None, ANY_KIND, 502, "generator_bad_answer", None),
    ("content_policy", None, ANY_KIND, 422, "generation_refused", None),
    ("refusal", None, ANY_KIND, 422, "generation_refused", None),
    ("incomplete", None, (".txt",), 502, "generator_bad_answer", None),
    ("disconnect", None, ANY_KIND, 503, "generator_unavailable", "10"),
    ("drop", None, ANY_KIND, 502, "generator_bad_answer", None),
    ("truncated_json", None, (".txt", ".png"), 502, "generator_bad_answer", None),
    ("huge", None, ANY_KIND, 502, "generator_bad_answer", None),
    ("url", None, (".png",), 502, "generator_bad_answer", None),
    ("bad_base64", None, (".png",), 502, "generator_bad_answer", None),
    ("bad_bytes", None, (".png", ".mp3"), 502, "generator_bad_answer", None),
    ("empty", None, ANY_KIND, 502, "generator_bad_answer", None),
    ("redirect", None, ANY_KIND, 502, "generator_bad_answer", None),
]


@dataclass(frozen=True)
class Failure:
    """One way of the stand-in to fail, for one file, and what our client is told: status, code, Retry-After."""

    mode: str
    retry_after: int | None
    extension: str
    told: tuple[int, str, str | None]


def _failures(*, of_more_kinds: list[pytest.MarkDecorator]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "failure",
        [
            pytest.param(
                Failure(mode, given, extension, (status, code, after)),
                id=f"{mode}-{given}{extension}",
                marks=of_more_kinds if extension != extensions[0] else [],
            )
            for mode, given, extensions, status, code, after in FAILURES
            for extension in extensions
        ],
    )


EACH_FAILURE = _failures(of_more_kinds=[])
# Of one kind of file in every run, of the others once more.
EACH_FAILURE_ONCE = _failures(of_more_kinds=[pytest.mark.thorough])


@EACH_FAILURE
def test_a_failure_of_openai_has_its_answer(generating: Client, upstream: Upstream, failure: Failure) -> None:
    upstream.fail(failure.mode, retry_after=failure.retry_after)

    answer = generate(generating, f"a{failure.extension}")

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == failure.told


@EACH_FAILURE_ONCE
def test_after_a_failure_of_openai_nothing_is_stored(
    generating: Client,
    bucket: Bucket,
    upstream: Upstream,
    failure: Failure,
) -> None:
    upstream.fail(failure.mode, retry_after=failure.retry_after)

    generate(generating, f"a{failure.extension}")

    assert (bucket.names(), bucket.open_uploads()) == ([], [])


@EACH_FAILURE_ONCE
def test_after_a_failure_of_openai_the_next_file_is_made(
    generating: Client, upstream: Upstream, failure: Failure
) -> None:
    upstream.fail(failure.mode, retry_after=failure.retry_after)
    generate(generating, f"a{failure.extension}")
    upstream.heal()

    # In the one place that there is for a generation.
    assert generate(generating, f"a{failure.extension}").status == 201


@pytest.mark.parametrize("mode", ["url", "redirect"])
def test_where_an_answer_points_to_is_never_visited(
    generating: Client, upstream: Upstream, mode: str
) -> None:
    upstream.fail(mode)

    generate(generating, "a.png")

    assert [call["path"] for call in upstream.calls] == ["/v1/images/generations"]


def test_trouble_that_passes_is_not_told(generating: Client, upstream: Upstream) -> None:
    upstream.fail("server_error", times=1)

    assert (generate(generating, "a.txt").status, len(upstream.calls)) == (201, 2)


def test_nothing_is_tried_more_than_twice(generating: Client, upstream: Upstream) -> None:
    upstream.fail("server_error")

    generate(generating, "a.txt")

    assert len(upstream.calls) == 2


def test_a_text_that_was_cut_off_is_not_stored(generating: Client, bucket: Bucket) -> None:
    answer = generate(generating, "a.txt", prompt="word " * 100, options={"max_output_tokens": 16})

    assert (answer.status, answer.code, bucket.names()) == (502, "generator_bad_answer", [])


@pytest.mark.parametrize(
    ("mode", "extension"),
    [
        pytest.param(mode, extension, marks=marks)
        for mode, marks in {"hang": [pytest.mark.thorough], "dribble": []}.items()
        for extension in ANY_KIND
    ],
)
def test_at_the_deadline_the_wait_for_openai_ends(
    hasty: Client, upstream: Upstream, mode: str, extension: str
) -> None:
    upstream.fail(mode)
    begun = time.monotonic()

    answer = generate(hasty, f"a{extension}")

    seconds = time.monotonic() - begun
    assert (answer.status, answer.code) == (504, "generator_timeout")
    assert DEADLINE_SECONDS <= seconds < 2 * DEADLINE_SECONDS


def test_after_a_deadline_nothing_is_stored(hasty: Client, bucket: Bucket, upstream: Upstream) -> None:
    upstream.fail("hang")

    generate(hasty, "a.txt")

    assert (bucket.names(), bucket.open_uploads()) == ([], [])


@pytest.mark.thorough
def test_after_a_deadline_the_next_file_is_made(hasty: Client, upstream: Upstream) -> None:
    upstream.fail("hang")
    generate(hasty, "a.txt")
    upstream.heal()

    assert generate(hasty, "a.txt").status == 201


def test_the_file_that_was_to_be_replaced_survives_a_failure(generating: Client, upstream: Upstream) -> None:
    generating.put("a.txt", b"mine")
    upstream.fail("drop")

    generate(generating, "a.txt", overwrite=True)

    assert generating.get("a.txt").body == b"mine"


def test_what_s3_does_not_take_is_not_told_as_stored(
    stack: Stack, client_of: ClientOf, upstream: Upstream, storage: StorageProxy, bucket: Bucket
) -> None:
    client = client_of(stack.service(AWS_ENDPOINT_URL=storage.url, OPENAI_BASE_URL=upstream.url))
    storage.damage("answer", "PutObject")

    answer = generate(client, "a.txt")

    assert (answer.status, answer.code, bucket.names()) == (503, "storage_unavailable", [])


# The key, and the servers -------------------------------------------------------------------------------------------


@pytest.fixture
def keyless(stack: Stack, client_of: ClientOf) -> Client:
    return client_of(stack.service(OPENAI_API_KEY=""))


def test_without_a_key_nothing_can_be_generated(keyless: Client) -> None:
    answer = generate(keyless, "a.txt")

    assert (answer.status, answer.code) == (503, "generation_not_configured")


def test_without_a_key_everything_else_works(keyless: Client) -> None:
    keyless.put("a.txt", b"mine")

    assert keyless.get("a.txt").body == b"mine"


@pytest.mark.parametrize("target", ["/health/ready", "/health/deep"])
def test_without_a_key_the_service_is_well(keyless: Client, target: str) -> None:
    assert keyless.request("GET", target).status == 200


def test_a_key_that_openai_refuses_is_the_operators_business(generating: Client, upstream: Upstream) -> None:
    upstream.revoke([SECRET])

    answer = generate(generating, "a.txt")

    assert (answer.status, answer.code) == (503, "generation_not_configured")


class KeyParameter:
    """An SSM parameter with the key for OpenAI."""

    def __init__(self, client: SSMClient, name: str) -> None:
        self._client = client
        self.name = name

    def store(self, key: str) -> None:
        self._client.put_parameter(Name=self.name, Value=key, Type="SecureString", Overwrite=True)


@pytest.fixture
def parameter(stack: Stack, prefix: str) -> Iterator[KeyParameter]:
    host, port = stack.storage.address
    client = boto3.client(
        "ssm",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="tests",
        aws_secret_access_key="tests",
    )
    with closing(client):
        yield KeyParameter(client, f"/files-api/{prefix}")


@pytest.fixture
def with_parameter(
    fresh_service: StartService, upstream: Upstream, parameter: KeyParameter, client_of: ClientOf
) -> Client:
    service = fresh_service(
        OPENAI_API_KEY="", FILES_API_OPENAI_KEY_PARAMETER=parameter.name, OPENAI_BASE_URL=upstream.url
    )
    return client_of(service)


def test_the_key_comes_from_its_parameter(
    with_parameter: Client, parameter: KeyParameter, upstream: Upstream
) -> None:
    parameter.store("key-1")

    assert generate(with_parameter, "a.txt").status == 201


def test_a_new_key_in_its_parameter_needs_no_restart(
    with_parameter: Client, parameter: KeyParameter, upstream: Upstream
) -> None:
    parameter.store("key-1")
    generate(with_parameter, "a.txt")
    parameter.store("key-2")
    upstream.revoke(["key-1"])

    statuses = [generate(with_parameter, name).status for name in ("b.txt", "c.txt")]

    # The old key was tried once more, and never again.
    assert (statuses, [call["authorized"] for call in upstream.calls]) == (
        [201, 201],
        [True, False, True, True],
    )


def test_a_parameter_that_is_not_there_is_trouble_that_may_pass(
    with_parameter: Client, parameter: KeyParameter
) -> None:
    answer = generate(with_parameter, "a.txt")

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "generator_unavailable", "30")


@pytest.fixture
def servers() -> Iterator[dict[str, Upstream]]:
    """A server for each kind of file."""
    with ExitStack() as running:
        yield {kind: _started(running) for kind in TYPES}


def _started(running: ExitStack) -> Upstream:
    server = Upstream()
    running.callback(server.stop)
    return server


def test_each_kind_may_have_a_server_of_its_own(
    fresh_service: StartService, client_of: ClientOf, servers: dict[str, Upstream], nowhere: str
) -> None:
    service = fresh_service(
        OPENAI_BASE_URL=nowhere,
        FILES_API_TEXT_BASE_URL=servers["Text"].url,
        FILES_API_IMAGE_BASE_URL=servers["Image"].url,
        FILES_API_SPEECH_BASE_URL=servers["Text-to-Speech"].url,
    )

    statuses = [generate(client_of(service), f"a{extension}").status for extension in ANY_KIND]

    asked_for = {kind: [call["path"] for call in server.calls] for kind, server in servers.items()}
    assert (statuses, asked_for) == (
        [201, 201, 201],
        {
            "Text": ["/v1/responses"],
            "Image": ["/v1/images/generations"],
            "Text-to-Speech": ["/v1/audio/speech"],
        },
    )


@pytest.mark.thorough
def test_a_server_that_is_not_there_is_trouble_that_may_pass(
    fresh_service: StartService, client_of: ClientOf, nowhere: str
) -> None:
    service = fresh_service(OPENAI_BASE_URL=nowhere)

    answer = generate(client_of(service), "a.txt")

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "generator_unavailable", "10")
