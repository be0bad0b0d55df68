"""The adapter against the stand-in over 127.0.0.1: every kind of file, and every way to fail."""

from __future__ import annotations

import io
import json
import logging
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

import av
import pytest
from PIL import Image

from files_api.adapters.openai_generator import OpenAiGenerator
from files_api.devtools.openai_standin.faults import Fault
from files_api.devtools.openai_standin.server import OpenAiStandin
from files_api.domain.errors import (
    GenerationNotConfigured,
    GenerationRefused,
    GeneratorBadAnswer,
    GeneratorTimeout,
    GeneratorUnavailable,
)
from files_api.domain.generation import FORMATS, GenerationRequest, GenerationRules, read_request
from files_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROMPT = "A fox that jumps over a lazy dog"
KINDS = (".txt", ".png", ".mp3")


@pytest.fixture(scope="module")
def running() -> Iterator[OpenAiStandin]:
    standin = OpenAiStandin()
    thread = threading.Thread(target=standin.serve_forever, args=(0.01,))
    thread.start()
    yield standin
    standin.shutdown()
    standin.close()
    thread.join()


@pytest.fixture
def standin(running: OpenAiStandin) -> OpenAiStandin:
    running.recorder.reset()
    return running


def settings_for(base_url: str, **environ: str) -> Settings:
    return Settings.from_env(
        {
            "FILES_API_BUCKET": "files",
            "FILES_API_ACCESS": "open",
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": base_url,
            "FILES_API_GENERATION_DEADLINE_SECONDS": "10",
            "FILES_API_MAX_GENERATED_BYTES": "2000000",
            **environ,
        }
    )


class Maker(Protocol):
    """Makes generators for the stand-in, or for other servers, and closes them after the test."""

    def __call__(
        self, base_url: str | None = None, read_parameter: Callable[[str], str] | None = None, **environ: str
    ) -> OpenAiGenerator: ...


@pytest.fixture
def make(standin: OpenAiStandin) -> Iterator[Maker]:
    made: list[OpenAiGenerator] = []

    def maker(
        base_url: str | None = None, read_parameter: Callable[[str], str] | None = None, **environ: str
    ) -> OpenAiGenerator:
        settings = settings_for(base_url or standin.base_url, **environ)
        made.append(OpenAiGenerator(settings, read_parameter))
        return made[-1]

    yield maker
    for generator in made:
        generator.close()


@pytest.fixture
def generator(make: Maker) -> OpenAiGenerator:
    return make()


def request_for(extension: str, prompt: str = PROMPT, **options: object) -> GenerationRequest:
    settings = settings_for("http://127.0.0.1")
    return read_request(
        file_path=f"a/file{extension}",
        file_type=FORMATS[extension].kind.value,
        prompt=prompt,
        options=options,
        rules=GenerationRules(settings.text_models, settings.image_models, settings.speech_models),
    )


def test_a_text_reflects_its_prompt_and_is_not_kept_by_openai(
    generator: OpenAiGenerator, standin: OpenAiStandin
) -> None:
    made = generator.generate(request_for(".txt"))

    assert PROMPT in made.content.decode()
    assert made.model == "gpt-6.1-terra"
    assert made.usage.total_tokens is not None
    assert standin.recorder.calls()[0]["parameters"]["store"] is False


def test_json_is_json_and_html_is_html(generator: OpenAiGenerator, standin: OpenAiStandin) -> None:
    assert json.loads(generator.generate(request_for(".json")).content)["prompt"] == PROMPT
    assert generator.generate(request_for(".html")).content.startswith(b"<!doctype html>")


@pytest.mark.parametrize(
    ("extension", "pillow_format"), [(".png", "PNG"), (".jpg", "JPEG"), (".jpeg", "JPEG"), (".webp", "WEBP")]
)
def test_an_image_opens_in_the_format_and_size_asked_for(
    generator: OpenAiGenerator, standin: OpenAiStandin, extension: str, pillow_format: str
) -> None:
    made = generator.generate(request_for(extension, size="320x256"))

    with Image.open(io.BytesIO(made.content)) as image:
        image.load()
        assert (image.format, image.size) == (pillow_format, (320, 256))
    assert made.model == "gpt-image-2.6-flare"
    assert "response_format" not in standin.recorder.calls()[0]["parameters"]


@pytest.mark.parametrize("extension", [".png", ".webp"])
def test_a_transparent_image_is_transparent(
    generator: OpenAiGenerator, standin: OpenAiStandin, extension: str
) -> None:
    made = generator.generate(request_for(extension, size="320x256", background="transparent"))

    with Image.open(io.BytesIO(made.content)) as image:
        assert image.convert("RGBA").getpixel((319, 255)) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("extension", "codec"),
    [(".mp3", "mp3"), (".opus", "opus"), (".aac", "aac"), (".flac", "flac"), (".wav", "pcm")],
)
def test_speech_is_decoded_by_a_player(
    generator: OpenAiGenerator, standin: OpenAiStandin, extension: str, codec: str
) -> None:
    made = generator.generate(request_for(extension))

    with av.open(io.BytesIO(made.content), "r") as container:
        stream = container.streams.audio[0]
        seconds: float = sum(frame.samples / frame.sample_rate for frame in container.decode(stream))
        assert stream.codec_context.name.startswith(codec)
    assert seconds == pytest.approx(1.6, abs=0.15)


def test_pcm_is_24_khz_mono_of_16_bits(generator: OpenAiGenerator, standin: OpenAiStandin) -> None:
    made = generator.generate(request_for(".pcm", speed=2.0))

    assert len(made.content) == 0.8 * 24_000 * 2


def test_options_reach_the_model(generator: OpenAiGenerator, standin: OpenAiStandin) -> None:
    generator.generate(request_for(".mp3", voice="cedar", speed=0.5, instructions="Whisper."))
    generator.generate(request_for(".txt", model="gpt-6-luna", max_output_tokens=500))

    speech, text = standin.recorder.calls()
    assert speech["parameters"]["voice"] == "cedar"
    assert speech["parameters"]["speed"] == 0.5
    assert text["model"] == "gpt-6-luna"
    assert text["parameters"]["max_output_tokens"] == 500


@pytest.mark.parametrize(
    ("mode", "extensions", "error", "calls"),
    [
        ("rate_limited", KINDS, GeneratorUnavailable, 1),
        ("overloaded", KINDS, GeneratorUnavailable, 1),
        ("content_policy", KINDS, GenerationRefused, 1),
        ("refusal", KINDS, GenerationRefused, 1),
        ("incomplete", (".txt",), GeneratorBadAnswer, 1),
        ("disconnect", KINDS, GeneratorUnavailable, 2),
        ("drop", KINDS, GeneratorBadAnswer, 1),
        ("truncated_json", (".txt", ".png"), GeneratorBadAnswer, 1),
        ("huge", KINDS, GeneratorBadAnswer, 1),
        ("url", (".png",), GeneratorBadAnswer, 1),
        ("bad_base64", (".png",), GeneratorBadAnswer, 1),
        ("bad_bytes", (".png", ".mp3"), GeneratorBadAnswer, 1),
        ("empty", KINDS, GeneratorBadAnswer, 1),
        ("redirect", KINDS, GeneratorBadAnswer, 1),
    ],
)
def test_each_failure_has_its_error_and_leaves_no_trace_of_prompt_or_key_in_the_log(
    generator: OpenAiGenerator,
    standin: OpenAiStandin,
    caplog: pytest.LogCaptureFixture,
    *,
    mode: str,
    extensions: tuple[str, ...],
    error: type[Exception],
    calls: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    for extension in extensions:
        standin.recorder.reset()
        standin.recorder.set_fault(Fault(mode, retry_after=7))

        with pytest.raises(error) as caught:
            generator.generate(request_for(extension))

        # Among them there is none to where a `url` or a redirect pointed.
        assert len(standin.recorder.calls()) == calls
        if error is GeneratorUnavailable and mode != "disconnect":
            assert caught.value.retry_after_seconds == 7  # type: ignore[attr-defined]
    assert PROMPT not in caplog.text
    assert "sk-test" not in caplog.text


def test_a_server_error_is_asked_about_once_more(generator: OpenAiGenerator, standin: OpenAiStandin) -> None:
    standin.recorder.set_fault(Fault("server_error", times=1))

    made = generator.generate(request_for(".txt"))

    assert PROMPT in made.content.decode()
    assert len(standin.recorder.calls()) == 2


def test_and_not_twice(generator: OpenAiGenerator, standin: OpenAiStandin) -> None:
    standin.recorder.set_fault(Fault("server_error"))

    with pytest.raises(GeneratorBadAnswer):
        generator.generate(request_for(".txt"))

    assert len(standin.recorder.calls()) == 2


def test_after_every_failure_the_next_call_works(generator: OpenAiGenerator, standin: OpenAiStandin) -> None:
    for mode in ("drop", "huge", "disconnect", "truncated_json"):
        standin.recorder.set_fault(Fault(mode, times=2))
        with pytest.raises((GeneratorBadAnswer, GeneratorUnavailable)):
            generator.generate(request_for(".png", size="64x64"))
        standin.recorder.reset()

        assert generator.generate(request_for(".png", size="64x64")).content


@pytest.mark.parametrize("extension", KINDS)
def test_a_server_that_never_answers_is_left_at_the_deadline(
    make: Maker, standin: OpenAiStandin, extension: str
) -> None:
    hasty = make(FILES_API_GENERATION_DEADLINE_SECONDS="0.4")
    standin.recorder.set_fault(Fault("hang"))
    begun = time.monotonic()

    with pytest.raises(GeneratorTimeout):
        hasty.generate(request_for(extension))

    assert time.monotonic() - begun < 3
    assert len(standin.recorder.calls()) == 1


def test_under_gevent_the_deadline_holds_against_a_server_that_dribbles(standin: OpenAiStandin) -> None:
    standin.recorder.set_fault(Fault("dribble"))
    script = """
        from gevent import monkey
        monkey.patch_all()
        import sys, time
        from files_api.adapters.openai_generator import OpenAiGenerator
        from files_api.domain.generation import GenerationRules, read_request
        from files_api.settings import Settings
        settings = Settings.from_env({
            "FILES_API_BUCKET": "files", "FILES_API_ACCESS": "open",
            "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": sys.argv[1],
            "FILES_API_GENERATION_DEADLINE_SECONDS": "0.5",
        })
        rules = GenerationRules(settings.text_models, settings.image_models, settings.speech_models)
        request = read_request(file_path="a.txt", file_type="Text", prompt="x", options={}, rules=rules)
        generator = OpenAiGenerator(settings)
        generator.load()
        begun = time.monotonic()
        try:
            generator.generate(request)
        except Exception as error:
            print(type(error).__name__, time.monotonic() - begun < 3)
    """

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script), standin.base_url],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.stdout, done.returncode) == ("GeneratorTimeout True\n", 0), done.stderr


def test_a_server_that_is_not_there_is_unavailable(make: Maker) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        generator = make(f"http://127.0.0.1:{unused.getsockname()[1]}/v1")

        with pytest.raises(GeneratorUnavailable) as caught:
            generator.generate(request_for(".txt"))

    assert caught.value.retry_after_seconds == 10


def test_each_kind_may_have_a_server_of_its_own(make: Maker, standin: OpenAiStandin) -> None:
    nowhere = "http://127.0.0.1:9/v1"
    generator = make(nowhere, FILES_API_SPEECH_BASE_URL=standin.base_url)

    assert generator.generate(request_for(".wav")).content
    with pytest.raises(GeneratorUnavailable):
        generator.generate(request_for(".txt"))


def test_a_refused_key_is_the_operators_business(
    make: Maker, standin: OpenAiStandin, caplog: pytest.LogCaptureFixture
) -> None:
    generator = make(OPENAI_API_KEY="revoked")

    with pytest.raises(GenerationNotConfigured):
        generator.generate(request_for(".txt"))

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert len(standin.recorder.calls()) == 1


def test_a_key_that_was_changed_in_its_parameter_is_read_again_without_a_restart(
    make: Maker, standin: OpenAiStandin
) -> None:
    keys = iter(["old", "new"])
    generator = make(None, lambda _: next(keys), OPENAI_API_KEY="", FILES_API_OPENAI_KEY_PARAMETER="/key")
    generator.generate(request_for(".txt"))
    standin.recorder.revoke(["old"])

    for _ in range(2):
        generator.generate(request_for(".txt"))

    assert [call["authorized"] for call in standin.recorder.calls()] == [True, False, True, True]


def test_without_a_key_nothing_is_asked(make: Maker, standin: OpenAiStandin) -> None:
    generator = make(OPENAI_API_KEY="")

    with pytest.raises(GenerationNotConfigured):
        generator.generate(request_for(".txt"))

    assert standin.recorder.calls() == []


def test_the_check_needs_the_key_and_no_model(make: Maker, standin: OpenAiStandin) -> None:
    make().check()

    assert [(call["method"], call["path"]) for call in standin.recorder.calls()] == [("GET", "/v1/models")]
    with pytest.raises(GenerationNotConfigured):
        make(OPENAI_API_KEY="revoked").check()


def test_importing_the_adapter_does_not_import_the_sdk() -> None:
    code = (
        "import sys, files_api.adapters.openai_generator, files_api.adapters.ssm_parameters;"
        "print('openai' in sys.modules, 'boto3' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False False\n"
