"""What is taken for a file, what is not, and what is told of a refusal. No socket is opened."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import openai
import pytest

from files_api.adapters.openai_answers import read_image, read_speech, read_text
from files_api.adapters.openai_failures import failure_of, retry_after_seconds
from files_api.adapters.openai_requests import body_of
from files_api.domain.errors import FilesApiError, GenerationRefused, GeneratorBadAnswer
from files_api.domain.generation import FORMATS, GenerationRequest, GenerationRules, read_request
from files_api.domain.models import Usage

RULES = GenerationRules(("writer",), ("painter",), ("speaker",))
MAX_BYTES = 1000


def request_for(extension: str, **options: object) -> GenerationRequest:
    kind = FORMATS[extension].kind.value
    return read_request(file_path=f"a{extension}", file_type=kind, prompt="x", options=options, rules=RULES)


def text_answer(*parts: dict[str, Any], status: str = "completed", **more: Any) -> bytes:
    message = {"type": "message", "role": "assistant", "content": list(parts)}
    return json.dumps({"status": status, "model": "writer-2026", "output": [message], **more}).encode()


def says(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text}


def image_answer(content: bytes) -> bytes:
    return json.dumps({"data": [{"b64_json": base64.b64encode(content).decode()}]}).encode()


def test_a_text_is_all_its_parts_in_utf8_with_the_model_and_the_tokens() -> None:
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}

    made = read_text(text_answer(says("gr"), says("ün"), usage=usage), request_for(".txt"), MAX_BYTES)

    assert (made.content, made.model, made.usage) == ("grün".encode(), "writer-2026", Usage(1, 2, 3))


def test_reasoning_and_commentary_are_not_the_text() -> None:
    output = [
        {"type": "reasoning", "content": [says("hm")]},
        {"type": "message", "phase": "commentary", "content": [says("let me see")]},
        {"type": "message", "phase": "final_answer", "content": [says("done")]},
    ]

    made = read_text(text_answer(output=output), request_for(".txt"), MAX_BYTES)

    assert made.content == b"done"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000,
        text_answer(), text_answer(says("")), text_answer(says("half"), status="incomplete"),
        text_answer(says("x"), status="failed"), text_answer(says("x"), status="in_progress"),
        text_answer(output=None), text_answer(output=[{"type": "message", "content": None}]),
        text_answer(says("\ud800")), text_answer(says("x" * (MAX_BYTES + 1))),
    ],
    ids=lambda body: body[:60].decode(errors="replace"),
)  # fmt: skip
def test_what_is_no_whole_text_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(GeneratorBadAnswer):
        read_text(body, request_for(".txt"), MAX_BYTES)


@pytest.mark.parametrize("text", ["", "not JSON", "{", '{"a": NaN}', "```json\n{}\n```", "[" * 900])
def test_a_json_file_is_json(text: str) -> None:
    with pytest.raises(GeneratorBadAnswer):
        read_text(text_answer(says(text)), request_for(".json"), MAX_BYTES)


@pytest.mark.parametrize(
    "body",
    [
        text_answer({"type": "refusal", "refusal": "no"}),
        text_answer(says("half"), status="incomplete", incomplete_details={"reason": "content_filter"}),
    ],
)
def test_a_refusal_is_told_apart_from_a_bad_answer(body: bytes) -> None:
    with pytest.raises(GenerationRefused):
        read_text(body, request_for(".txt"), MAX_BYTES)


SIGNATURES = {
    ".png": b"\x89PNG\r\n\x1a\n....",
    ".jpg": b"\xff\xd8\xff\xe0....",
    ".webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    ".mp3": b"\xff\xf3\x84\xc4",
    ".opus": b"OggS" + bytes(24) + b"OpusHead",
    ".aac": b"\xff\xf1\x50\x80",
    ".flac": b"fLaC\x00\x00\x00\x22",
    ".wav": b"RIFF\x00\x00\x00\x00WAVEfmt ",
}


def read_any(extension: str, content: bytes) -> bytes:
    request = request_for(extension)
    if FORMATS[extension].kind.value == "Image":
        return read_image(image_answer(content), request, MAX_BYTES).content
    return read_speech(content, request, MAX_BYTES).content


@pytest.mark.parametrize("extension", SIGNATURES)
def test_bytes_of_the_format_are_taken_and_those_of_any_other_are_not(extension: str) -> None:
    assert read_any(extension, SIGNATURES[extension]) == SIGNATURES[extension]
    for other in SIGNATURES.values():
        if other is not SIGNATURES[extension]:
            with pytest.raises(GeneratorBadAnswer):
                read_any(extension, other)


def test_an_mp3_may_begin_with_a_tag() -> None:
    assert read_any(".mp3", b"ID3\x04\x00") == b"ID3\x04\x00"


@pytest.mark.parametrize("content", [b"\x00\x01\x02", SIGNATURES[".wav"], b""])
def test_pcm_is_whole_samples_without_a_container(content: bytes) -> None:
    assert read_any(".pcm", b"\x00\x01") == b"\x00\x01"
    with pytest.raises(GeneratorBadAnswer):
        read_any(".pcm", content)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"data": []}',
        b'{"data": [null]}',
        b'{"data": [{"url": "http://127.0.0.1/x.png"}]}',
        b'{"data": [{"b64_json": 5}]}',
        b'{"data": [{"b64_json": ""}]}',
        b'{"data": [{"b64_json": "%%%%"}]}',
        '{"data": [{"b64_json": "é"}]}'.encode(),
        image_answer(SIGNATURES[".png"] + bytes(MAX_BYTES)),
    ],
)
def test_what_is_no_image_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(GeneratorBadAnswer):
        read_image(body, request_for(".png"), MAX_BYTES)


def test_a_text_is_asked_for_without_being_kept_by_openai() -> None:
    body = body_of(request_for(".json", max_output_tokens=99))

    assert (body["model"], body["store"], body["max_output_tokens"]) == ("writer", False, 99)
    assert body["text"] == {"format": {"type": "json_object"}}
    # OpenAI demands the word in an input message; `instructions` do not count.
    assert "JSON" in body["input"][0]["content"]
    assert body["input"][1] == {"role": "user", "content": "x"}


def test_an_image_is_asked_for_in_the_format_of_its_name_and_never_as_a_url() -> None:
    asked = {"model": "painter", "prompt": "x", "n": 1, "output_format": "jpeg"}

    assert body_of(request_for(".jpg")) == asked
    assert body_of(request_for(".jpg", size="1536x1024", quality="low", background="auto")) == {
        **asked,
        "size": "1536x1024",
        "quality": "low",
    }


def test_speech_is_asked_for_in_the_format_of_its_name() -> None:
    asked = {"model": "speaker", "input": "x", "voice": "alloy", "response_format": "opus"}

    assert body_of(request_for(".opus")) == asked
    assert body_of(request_for(".opus", speed=2, instructions="Sing.")) == {
        **asked,
        "speed": 2.0,
        "instructions": "Sing.",
    }


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "2.1"}, 3),
        ({"retry-after": "86400"}, 3600),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "1500", "retry-after": "7"}, 2),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, 60),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:01 GMT"}, 1),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}, 3600),
    ],
)
def test_retry_after_is_seconds_or_a_date_within_bounds(headers: dict[str, str], seconds: int | None) -> None:
    assert retry_after_seconds(headers, now_seconds=0) == seconds


def refusal(message: str, *secrets: str) -> FilesApiError:
    request = httpx2.Request("POST", "http://openai.test/v1/responses")
    response = httpx2.Response(400, request=request)
    error = openai.BadRequestError("", response=response, body={"message": message})
    return failure_of(error, secrets=secrets).error


SILENT = "The model refuses this request."


def cut(message: str) -> str:
    return f"The model refuses this request: {message}"


@pytest.mark.parametrize(
    ("message", "secrets", "told"),
    [
        ("Bad size.", ("a prompt",), cut("Bad size.")),
        ("Bad\n\x1b[31msize.", ("a prompt",), cut("Bad [31msize.")),
        ("x" * 400, ("a prompt",), cut("x" * 300)),
        ("You said: a prompt", ("a prompt",), SILENT),
        ("You said: tell me a long secret story", ("please tell me a long secret story of mine",), SILENT),
        ("Project proj_abc has no access", ("a prompt",), SILENT),
        ("Key sk-abc is wrong", ("a prompt",), SILENT),
        ("", ("a prompt",), SILENT),
    ],
)
def test_openais_reason_is_told_unless_it_quotes_what_is_secret(
    message: str, secrets: tuple[str, ...], told: str
) -> None:
    assert str(refusal(message, *secrets)) == told


def test_an_answer_that_breaks_off_is_a_bad_one_and_not_asked_for_again() -> None:
    failure = failure_of(httpx2.ReadError("gone"), secrets=())

    assert isinstance(failure.error, GeneratorBadAnswer)
    assert not failure.retry
