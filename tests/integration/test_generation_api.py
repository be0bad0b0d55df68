"""Files made by AI: what is asked, what is answered, and what is stored (http-api.md, Generation)."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image
from tests.integration.generations import KINDS, PROMPT, TYPES, Pending, generate

if TYPE_CHECKING:
    from tests.integration.client import Client
    from tests.integration.stack import Bucket
    from tests.integration.upstream import Upstream


EXTENSIONS = list(KINDS)
ONE_OF_EACH_KIND = [".txt", ".png", ".mp3"]
SMALL = {"size": "64x64"}


def options_of(extension: str) -> dict[str, Any]:
    return SMALL if KINDS[extension] == "Image" else {}


# What is answered ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_file_that_did_not_exist_is_created(generating: Client, extension: str) -> None:
    assert generate(generating, f"a{extension}", options=options_of(extension)).status == 201


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_answer_tells_what_was_stored(generating: Client, bucket: Bucket, extension: str) -> None:
    name = f"a{extension}"
    kind = KINDS[extension]

    body = generate(generating, name, options=options_of(extension)).json()

    stored = bucket.head(name)
    assert {field: value for field, value in body.items() if field not in {"model", "usage"}} == {
        "file_path": generating.path(name),
        "message": f"New {kind} file generated and uploaded at path: {generating.path(name)}",
        "size_bytes": stored["ContentLength"],
        "content_type": TYPES[kind][extension],
        "etag": stored["ETag"],
    }


@pytest.mark.parametrize(
    ("extension", "model"),
    [(".txt", "gpt-6.1-terra"), (".png", "gpt-image-2.6-flare"), (".mp3", "gpt-4o-mini-tts")],
)
def test_the_answer_tells_the_model_that_made_it(generating: Client, extension: str, model: str) -> None:
    assert generate(generating, f"a{extension}", options=options_of(extension)).json()["model"] == model


@pytest.mark.parametrize("extension", [".txt", ".png"])
def test_the_answer_tells_the_tokens_that_were_used(generating: Client, extension: str) -> None:
    usage = generate(generating, f"a{extension}", options=options_of(extension)).json()["usage"]

    assert 0 < usage["input_tokens"] < usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]


def test_speech_tells_no_tokens_since_openai_tells_none(generating: Client) -> None:
    usage = generate(generating, "a.mp3").json()["usage"]

    assert usage == {"input_tokens": None, "output_tokens": None, "total_tokens": None}


@pytest.mark.parametrize("name", ["a.txt", "ä b+c%2F#?.txt", "مرحبا/🦊.txt"])
def test_location_leads_to_the_file(generating: Client, name: str) -> None:
    location = generate(generating, name).headers["Location"]

    assert PROMPT.encode() in generating.request("GET", location).body


def test_the_etag_is_that_of_the_file(generating: Client) -> None:
    assert generate(generating, "a.txt").etag == generating.head("a.txt").etag


@pytest.mark.parametrize(
    ("file_type", "canonical"),
    [("text", "Text"), ("IMAGE", "Image"), ("text-TO-speech", "Text-to-Speech")],
)
def test_the_case_of_the_kind_does_not_matter(generating: Client, file_type: str, canonical: str) -> None:
    name = f"a{next(iter(TYPES[canonical]))}"

    message = generate(generating, name, file_type=file_type).json()["message"]

    assert message == f"New {canonical} file generated and uploaded at path: {generating.path(name)}"


def test_the_case_of_the_extension_does_not_matter(generating: Client) -> None:
    assert generate(generating, "A.PNG", options=SMALL).json()["content_type"] == "image/png"


# What is stored -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_generated_file_is_served_with_its_type(generating: Client, extension: str) -> None:
    generate(generating, f"a{extension}", options=options_of(extension))

    served = generating.get(f"a{extension}").headers["Content-Type"]

    assert served == TYPES[KINDS[extension]][extension]


@pytest.mark.parametrize("extension", [".txt", ".md", ".html", ".json"])
def test_a_generated_text_is_about_its_prompt(generating: Client, extension: str) -> None:
    generate(generating, f"a{extension}", prompt="Füchse 🦊")

    assert "Füchse 🦊" in generating.get(f"a{extension}").body.decode()


def test_generated_json_is_json(generating: Client) -> None:
    generate(generating, "a.json")

    assert json.loads(generating.get("a.json").body)["prompt"] == PROMPT


def test_generated_csv_is_csv(generating: Client) -> None:
    generate(generating, "a.csv", prompt='Two "foxes", one dog')

    rows = list(csv.DictReader(io.StringIO(generating.get("a.csv").body.decode())))

    assert [row["word"] for row in rows] == ["Two", '"foxes",', "one", "dog"]


@pytest.mark.parametrize(
    ("extension", "image_format"), [(".png", "PNG"), (".jpg", "JPEG"), (".jpeg", "JPEG"), (".webp", "WEBP")]
)
def test_a_generated_image_opens(generating: Client, extension: str, image_format: str) -> None:
    generate(generating, f"a{extension}", options={"size": "320x256"})

    with Image.open(io.BytesIO(generating.get(f"a{extension}").body)) as image:
        image.load()
        assert (image.format, image.size) == (image_format, (320, 256))


@pytest.mark.parametrize(
    ("extension", "codec"),
    [(".mp3", "mp3"), (".opus", "opus"), (".aac", "aac"), (".flac", "flac"), (".wav", "pcm_s16le")],
)
def test_generated_speech_plays_to_its_end(generating: Client, extension: str, codec: str) -> None:
    generate(generating, f"a{extension}")

    with av.open(io.BytesIO(generating.get(f"a{extension}").body), "r") as container:
        stream = container.streams.audio[0]
        seconds: float = sum(frame.samples / frame.sample_rate for frame in container.decode(stream))
        assert stream.codec_context.name.startswith(codec)
    assert seconds == pytest.approx(1.6, abs=0.15)


def test_generated_pcm_is_nothing_but_samples(generating: Client) -> None:
    generate(generating, "a.pcm")

    assert len(generating.get("a.pcm").body) == 1.6 * 24_000 * 2


def test_a_file_of_several_parts_is_whole(generating: Client) -> None:
    told = generate(generating, "a.wav", prompt="a fox " * 600, options={"speed": 0.25}).json()

    # The default part has 8 MiB.
    assert len(generating.get("a.wav").body) == told["size_bytes"] > 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "options", "sent"),
    [
        ("a.txt", {"model": "gpt-6-luna", "max_output_tokens": 500}, {"max_output_tokens": 500}),
        (
            "a.png",
            {"size": "64x64", "quality": "high", "background": "transparent"},
            {"size": "64x64", "quality": "high", "background": "transparent"},
        ),
        ("a.mp3", {"voice": "cedar", "speed": 0.5}, {"voice": "cedar", "speed": 0.5}),
    ],
)
def test_options_reach_the_model(
    generating: Client, upstream: Upstream, name: str, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    generate(generating, name, options=options)

    assert upstream.calls[0]["parameters"].items() >= sent.items()


def test_openai_is_asked_to_keep_nothing(generating: Client, upstream: Upstream) -> None:
    generate(generating, "a.txt")

    assert upstream.calls[0]["parameters"]["store"] is False


# Files that are there already ---------------------------------------------------------------------------------------


def test_a_file_that_exists_is_kept(generating: Client) -> None:
    generating.put("a.txt", b"mine")

    answer = generate(generating, "a.txt")

    assert (answer.status, answer.code, generating.get("a.txt").body) == (409, "file_exists", b"mine")


def test_a_file_that_exists_costs_no_call_to_openai(generating: Client, upstream: Upstream) -> None:
    generating.put("a.txt", b"mine")

    generate(generating, "a.txt", overwrite=False)

    assert upstream.calls == []


# One that goes to S3 in one request, and one that goes in parts.
@pytest.mark.parametrize(("name", "options"), [("a.txt", {}), ("a.wav", {"speed": 0.25})])
def test_a_file_that_appears_during_the_generation_is_kept(
    generating: Client, bucket: Bucket, upstream: Upstream, name: str, options: dict[str, Any]
) -> None:
    upstream.hold()
    with Pending(generating, name, prompt="a fox " * 600, options=options) as generation:
        upstream.wait_for_calls(1)
        bucket.put(name, b"mine")
        upstream.release()

    answer = generation.answer()

    assert (answer.status, answer.code, bucket.body(name), bucket.open_uploads()) == (
        409,
        "file_exists",
        b"mine",
        [],
    )


def test_a_file_is_replaced_where_that_is_wanted(generating: Client) -> None:
    generating.put("a.txt", b"mine")

    answer = generate(generating, "a.txt", overwrite=True)

    assert (answer.status, answer.json()["message"]) == (
        200,
        f"New Text file generated and uploaded at path: {generating.path('a.txt')}",
    )


def test_the_new_file_is_in_the_place_of_the_old_one(generating: Client) -> None:
    generating.put("a.txt", b"mine", Content_Type="image/png")

    generate(generating, "a.txt", overwrite=True)

    served = generating.get("a.txt")
    assert PROMPT.encode() in served.body
    assert served.headers["Content-Type"] == "text/plain"


def test_where_nothing_is_replaced_a_file_is_created(generating: Client) -> None:
    assert generate(generating, "a.txt", overwrite=True).status == 201
