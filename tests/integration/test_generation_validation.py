"""Requests for files made by AI that mean nothing (http-api.md, Generation and Errors)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.generations import TARGET, asked, generate, post

if TYPE_CHECKING:
    from tests.integration.client import Client
    from tests.integration.upstream import Upstream


INVALID: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unknown kind": ("a.txt", {"file_type": "Video"}, "file_type"),
    "a kind that only looks like one": ("a.txt", {"file_type": "Te\u0445t"}, "file_type"),
    "no name of a kind": ("a.txt", {"file_type": 1}, "file_type"),
    "an extension of another kind": ("a.png", {"file_type": "Text"}, "file_path"),
    "an unknown extension": ("a.gif", {"file_type": "Image"}, "file_path"),
    "no extension": ("a", {}, "file_path"),
    "nothing but an extension": (".txt", {}, "file_path"),
    "an empty prompt": ("a.txt", {"prompt": ""}, "prompt"),
    "a prompt of white space": ("a.txt", {"prompt": " \n\t"}, "prompt"),
    "a prompt that is no text": ("a.txt", {"prompt": None}, "prompt"),
    "half a character in a prompt": ("a.txt", {"prompt": "\ud83e"}, "prompt"),
    "a prompt that is too long": ("a.txt", {"prompt": "x" * 32_001}, "prompt"),
    "a prompt that is too long for an image": ("a.png", {"prompt": "x" * 32_001}, "prompt"),
    "a prompt that is too long to be spoken": ("a.mp3", {"prompt": "x" * 4_097}, "prompt"),
    "an overwrite that is no boolean": ("a.txt", {"overwrite": "yes"}, "overwrite"),
    "a number for a boolean": ("a.txt", {"overwrite": 1}, "overwrite"),
    "options that are no object": ("a.txt", {"options": []}, "options"),
    "no options but null": ("a.txt", {"options": None}, "options"),
    "an unknown option": ("a.txt", {"options": {"temperature": 1}}, "options.temperature"),
    "an option of another kind": ("a.txt", {"options": {"voice": "alloy"}}, "options.voice"),
    "a model that is not allowed": ("a.txt", {"options": {"model": "gpt-3.5-turbo"}}, "options.model"),
    "a model of another kind": ("a.png", {"options": {"model": "gpt-6.1-terra"}}, "options.model"),
    "too few tokens": ("a.txt", {"options": {"max_output_tokens": 15}}, "options.max_output_tokens"),
    "tokens that are no number": (
        "a.txt",
        {"options": {"max_output_tokens": True}},
        "options.max_output_tokens",
    ),
    "a size that is none": ("a.png", {"options": {"size": "big"}}, "options.size"),
    "a size in odd steps": ("a.png", {"options": {"size": "1000x1000"}}, "options.size"),
    "a quality that is none": ("a.png", {"options": {"quality": "best"}}, "options.quality"),
    "a transparent JPEG": ("a.jpg", {"options": {"background": "transparent"}}, "options.background"),
    "an unknown voice": ("a.mp3", {"options": {"voice": "hal"}}, "options.voice"),
    "too high a speed": ("a.mp3", {"options": {"speed": 4.01}}, "options.speed"),
    "empty instructions": ("a.mp3", {"options": {"instructions": ""}}, "options.instructions"),
    "an unknown field": ("a.txt", {"promt": "x"}, "promt"),
    "an empty segment": ("b//a.txt", {}, "file_path"),
    "a dot segment": ("b/../a.txt", {}, "file_path"),
    "a backslash": ("b\\a.txt", {}, "file_path"),
    "a control character": ("b\u0085a.txt", {}, "file_path"),
    "a null character": ("b\0a.txt", {}, "file_path"),
    "a name that is not NFC": ("e\u0301.txt", {}, "file_path"),
    "half a character in a name": ("\ud83e.txt", {}, "file_path"),
    "a folder": ("a.txt/", {}, "file_path"),
    "a name that is too long": (f"{'x' * 1024}.txt", {}, "file_path"),
    "a leading slash": ("a.txt", {"file_path": "/a.txt"}, "file_path"),
    "a name that is no text": ("a.txt", {"file_path": 1}, "file_path"),
}
EACH_INVALID = pytest.mark.parametrize(("name", "fields", "wrong"), INVALID.values(), ids=INVALID.keys())


@EACH_INVALID
def test_what_means_nothing_is_named(
    generating: Client, name: str, fields: dict[str, Any], wrong: str
) -> None:
    answer = generate(generating, name, **fields)

    assert (
        answer.status,
        answer.code,
        [(item["location"], item["field"]) for item in answer.json()["errors"]],
    ) == (
        422,
        "validation_error",
        [("json", wrong)],
    )


@EACH_INVALID
def test_what_means_nothing_is_explained(
    generating: Client, name: str, fields: dict[str, Any], wrong: str
) -> None:
    (problem,) = generate(generating, name, **fields).json()["errors"]

    assert problem["message"]


@EACH_INVALID
def test_what_means_nothing_is_not_asked_for(
    generating: Client, upstream: Upstream, name: str, fields: dict[str, Any], wrong: str
) -> None:
    generate(generating, name, **fields)

    assert upstream.calls == []


@pytest.mark.parametrize("field", ["file_path", "file_type", "prompt"])
def test_a_field_that_is_missing_is_named(generating: Client, field: str) -> None:
    document = asked(generating, "a.txt")
    del document[field]

    assert [item["field"] for item in post(generating, document).json()["errors"]] == [field]


def test_all_that_is_wrong_is_told_at_once(generating: Client) -> None:
    answer = generate(
        generating, "a.png", file_type="Text-to-Speech", prompt="", options={"speed": 0, "x": 1}
    )

    fields = {item["field"] for item in answer.json()["errors"]}

    assert fields == {"file_path", "prompt", "options.speed", "options.x"}


@pytest.mark.parametrize(("name", "characters"), [("a.txt", 32_000), ("a.mp3", 4_096)])
def test_a_prompt_may_be_so_long(generating: Client, name: str, characters: int) -> None:
    # In JSON each of these takes twelve bytes.
    assert generate(generating, name, prompt="🦊" * characters).status == 201


def test_a_query_means_nothing_here(generating: Client) -> None:
    body = json.dumps(asked(generating, "a.txt")).encode()

    answer = generating.request("POST", f"{TARGET}?dry=1", body, {"Content-Type": "application/json"})

    assert [(item["location"], item["field"]) for item in answer.json()["errors"]] == [("query", "dry")]


@pytest.mark.parametrize("body", [b"", b"{", b"{'a': 1}", b"\xff", b'{"prompt": NaN}', b"[" * 100_000])
def test_what_is_not_json_is_malformed(generating: Client, body: bytes) -> None:
    answer = post(generating, body)

    assert (answer.status, answer.code) == (400, "malformed_body")


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1"])
def test_json_that_is_no_object_means_nothing(generating: Client, body: bytes) -> None:
    answer = post(generating, body)

    assert (answer.status, answer.code) == (422, "validation_error")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_only_json_is_taken(generating: Client, media_type: str) -> None:
    answer = post(generating, asked(generating, "a.txt"), Content_Type=media_type)

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_json_may_tell_its_charset(generating: Client) -> None:
    answer = post(generating, asked(generating, "a.txt"), Content_Type="Application/JSON; charset=utf-8")

    assert answer.status == 201
