"""The stand-in speaks OpenAI's wire format, as its SDK reads it."""

from __future__ import annotations

import base64
import http.client
import io
import json
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from PIL import Image

from files_api.devtools.openai_standin.faults import MODES
from files_api.devtools.openai_standin.server import OpenAiStandin

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def standin() -> Iterator[OpenAiStandin]:
    server = OpenAiStandin(revoked_keys=["env-revoked"])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.close()
    thread.join()


@pytest.fixture
def client(standin: OpenAiStandin) -> Iterator[openai.OpenAI]:
    standin.recorder.reset()
    with openai.OpenAI(api_key="sk-test", base_url=standin.base_url, max_retries=0) as made:
        yield made


def admin(standin: OpenAiStandin, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", standin.server_address[1], timeout=10)
    connection.request(method, path, None if body is None else json.dumps(body))
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_the_sdk_reads_a_text(client: openai.OpenAI) -> None:
    response = client.responses.create(model="gpt-6.1-terra", input="Tell me of foxes", store=False)

    assert response.status == "completed"
    assert "Tell me of foxes" in response.output_text
    assert response.usage is not None
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_a_text_over_its_limit_is_incomplete_as_with_openai(client: openai.OpenAI) -> None:
    response = client.responses.create(model="m", input="word " * 200, max_output_tokens=16)

    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert len(response.output_text) == 64


def test_json_mode_gives_an_object_and_insists_on_the_word(client: openai.OpenAI) -> None:
    form: Any = {"format": {"type": "json_object"}}

    response = client.responses.create(model="m", input="Foxes, as JSON", text=form)

    assert json.loads(response.output_text)["prompt"] == "Foxes, as JSON"
    with pytest.raises(openai.BadRequestError, match="must contain the word 'json'"):
        client.responses.create(model="m", input="Foxes", text=form)


def test_an_image_is_1024_pixels_square_unless_asked_otherwise(client: openai.OpenAI) -> None:
    answer = client.images.generate(model="gpt-image-2.6-flare", prompt="A fox", output_format="jpeg")

    assert answer.data is not None
    assert answer.data[0].url is None
    with Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json or ""))) as image:
        assert (image.format, image.size) == ("JPEG", (1024, 1024))
    assert answer.usage is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"response_format": "b64_json"},
        {"output_format": "jpeg", "background": "transparent"},
        {"size": "1000x1000"},
    ],
)
def test_what_openai_refuses_the_stand_in_refuses(client: openai.OpenAI, wrong: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError):
        client.images.generate(model="m", prompt="A fox", **wrong)


def test_speech_is_as_long_as_its_text(client: openai.OpenAI) -> None:
    def seconds(text: str, speed: float) -> float:
        pcm = client.audio.speech.create(
            model="m", voice="alloy", input=text, response_format="pcm", speed=speed
        )
        return len(pcm.content) / 2 / 24_000

    assert seconds("x" * 40, 1) == pytest.approx(2, abs=0.01)
    assert seconds("x" * 80, 1) == pytest.approx(4, abs=0.01)
    assert seconds("x" * 80, 2) == pytest.approx(2, abs=0.01)


def test_models_are_listed(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]

    assert "gpt-6.1-terra" in names
    assert client.models.retrieve(names[0]).id == names[0]


@pytest.mark.parametrize("key", ["revoked", "env-revoked"])
def test_a_revoked_key_is_answered_with_401_in_openais_words(standin: OpenAiStandin, key: str) -> None:
    with (
        openai.OpenAI(api_key=key, base_url=standin.base_url, max_retries=0) as client,
        pytest.raises(openai.AuthenticationError) as caught,
    ):
        client.models.list()

    assert caught.value.code == "invalid_api_key"


def test_without_a_key_there_is_401(standin: OpenAiStandin) -> None:
    assert httpx2.get(f"{standin.base_url}/models").status_code == 401


def test_it_is_told_to_fail_a_number_of_times_over_http(
    standin: OpenAiStandin, client: openai.OpenAI
) -> None:
    fault = {"mode": "rate_limited", "times": 1, "retry_after": 7}
    assert admin(standin, "POST", "/_standin/mode", fault)[0] == 200

    with pytest.raises(openai.RateLimitError) as caught:
        client.models.list()

    assert caught.value.response.headers["retry-after"] == "7"
    client.models.list()


def test_keys_are_revoked_and_given_back_over_http(standin: OpenAiStandin, client: openai.OpenAI) -> None:
    admin(standin, "POST", "/_standin/mode", {"revoked_keys": ["sk-test"]})
    with pytest.raises(openai.AuthenticationError):
        client.models.list()

    admin(standin, "POST", "/_standin/reset", {})

    client.models.list()


def test_an_unknown_mode_is_refused_and_the_known_ones_are_told(standin: OpenAiStandin) -> None:
    assert admin(standin, "POST", "/_standin/mode", {"mode": "?"})[0] == 400
    assert admin(standin, "GET", "/_standin/modes") == (200, MODES)


def test_calls_are_told_without_what_was_written(standin: OpenAiStandin, client: openai.OpenAI) -> None:
    client.responses.create(model="m", input="SECRET", instructions="SECRET", store=False)

    _, told = admin(standin, "GET", "/_standin/calls")

    assert told["calls"] == [
        {
            "method": "POST",
            "path": "/v1/responses",
            "authorized": True,
            "model": "m",
            "parameters": {"model": "m", "store": False},
        }
    ]


def test_one_connection_serves_many_calls(standin: OpenAiStandin) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", standin.server_address[1], timeout=10)
    ports = set()
    for _ in range(3):
        connection.request("GET", "/v1/models", headers={"Authorization": "Bearer k"})
        response = connection.getresponse()
        response.read()
        assert (response.status, response.version) == (200, 11)
        ports.add(connection.sock.getsockname()[1])
    connection.close()

    assert len(ports) == 1


def test_a_huge_answer_stops_when_the_client_goes(standin: OpenAiStandin) -> None:
    standin.recorder.reset()
    admin(standin, "POST", "/_standin/mode", {"mode": "huge", "times": 1})

    with httpx2.stream(
        "GET", f"{standin.base_url}/models", headers={"Authorization": "Bearer k"}
    ) as response:
        taken = next(response.iter_raw())

    assert taken
    assert admin(standin, "GET", "/_standin/calls")[0] == 200


def test_as_a_program_it_prints_its_url_starts_at_once_and_ends_at_sigterm() -> None:
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "files_api.devtools.openai_standin", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stdout.readline().strip()
        started_after_seconds = time.monotonic() - begun
        status = httpx2.get(f"{url}/models", headers={"Authorization": "Bearer k"}).status_code
        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        assert process.stderr.read() == ""
    assert status == 200
    assert started_after_seconds < 5  # under a second on an idle machine
