"""What may be generated, and in which order things happen (contract, section "Generation")."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.errors import (
    FileExists,
    GenerationBusy,
    GeneratorBadAnswer,
    PreconditionFailed,
    QuotaExceeded,
    ValidationFailed,
)
from files_api.domain.generation import (
    FORMATS,
    Generation,
    GenerationRequest,
    GenerationRules,
    ImageOptions,
    Kind,
    SpeechOptions,
    TextOptions,
    read_request,
)
from files_api.domain.models import (
    CREATE_ONLY,
    UNCONDITIONAL,
    FileAttributes,
    FileInfo,
    GeneratedContent,
    StoredFile,
    Usage,
)
from files_api.domain.paths import FilePath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from files_api.domain.models import WriteCondition

RULES = GenerationRules(
    text_models=("writer", "other-writer"), image_models=("painter",), speech_models=("speaker", "tts-1")
)


def read(
    file_path: str = "a/story.txt", file_type: str = "Text", prompt: str = "A story", **options: object
) -> GenerationRequest:
    return read_request(file_path=file_path, file_type=file_type, prompt=prompt, options=options, rules=RULES)


def problems_of(*args: Any, **kwargs: Any) -> dict[str, str]:
    with pytest.raises(ValidationFailed) as caught:
        read(*args, **kwargs)
    return dict(caught.value.problems)


@pytest.mark.parametrize(
    ("extension", "kind", "content_type", "openai_name"),
    [
        (".txt", "Text", "text/plain", "text"),
        (".md", "Text", "text/markdown", "text"),
        (".json", "Text", "application/json", "json_object"),
        (".html", "Text", "text/html", "text"),
        (".csv", "Text", "text/csv", "text"),
        (".png", "Image", "image/png", "png"),
        (".jpg", "Image", "image/jpeg", "jpeg"),
        (".jpeg", "Image", "image/jpeg", "jpeg"),
        (".webp", "Image", "image/webp", "webp"),
        (".mp3", "Text-to-Speech", "audio/mpeg", "mp3"),
        (".opus", "Text-to-Speech", "audio/ogg", "opus"),
        (".aac", "Text-to-Speech", "audio/aac", "aac"),
        (".flac", "Text-to-Speech", "audio/flac", "flac"),
        (".wav", "Text-to-Speech", "audio/wav", "wav"),
        (".pcm", "Text-to-Speech", "audio/pcm", "pcm"),
    ],
)
def test_the_extension_decides_what_is_asked_for_and_stored(
    extension: str, kind: str, content_type: str, openai_name: str
) -> None:
    file_format = read(f"a/file{extension}", kind).file_format

    assert (file_format.content_type, file_format.openai_name) == (content_type, openai_name)
    assert FORMATS[extension] is file_format


def test_there_are_no_other_extensions() -> None:
    assert len(FORMATS) == 15


@pytest.mark.parametrize("name", ["Text-to-Speech", "text-to-speech", "TEXT-TO-SPEECH", "tExT-tO-sPeEcH"])
def test_file_type_is_read_in_any_case_and_has_one_canonical_form(name: str) -> None:
    assert read("a.mp3", name).kind.value == "Text-to-Speech"


@pytest.mark.parametrize("name", ["", "Video", "Text ", "text_to_speech", "Text-to-\u017fpeech"])
def test_an_unknown_file_type_is_a_problem_of_that_field(name: str) -> None:
    assert list(problems_of(file_type=name)) == ["file_type"]


@pytest.mark.parametrize(
    ("file_path", "file_type"),
    [
        ("a.png", "Text"),
        ("a.txt", "Image"),
        ("a", "Text"),
        ("a.", "Text"),
        (".txt", "Text"),
        ("a.txt/b", "Text"),
        ("b/.png", "Image"),
        ("a.gif", "Image"),
    ],
)
def test_an_extension_that_is_not_of_the_kind_is_a_problem_of_the_path(
    file_path: str, file_type: str
) -> None:
    assert list(problems_of(file_path, file_type)) == ["file_path"]


def test_the_case_of_the_extension_does_not_count() -> None:
    assert read("a/Photo.PNG", "Image").file_format.extension == ".png"


@pytest.mark.parametrize("prompt", ["", " ", "\n\t ", "\u00a0"])
def test_a_blank_prompt_is_an_empty_one(prompt: str) -> None:
    assert problems_of(prompt=prompt) == {"prompt": "Must not be empty."}


@pytest.mark.parametrize(("path", "kind", "limit"), [
    ("a.txt", "Text", 32_000), ("a.png", "Image", 32_000), ("a.mp3", "Text-to-Speech", 4_096),
])  # fmt: skip
def test_a_prompt_may_have_so_many_characters_and_no_more(path: str, kind: str, limit: int) -> None:
    assert read(path, kind, "é" * limit).prompt == "é" * limit
    assert "prompt" in problems_of(path, kind, "é" * (limit + 1))


def test_half_a_surrogate_pair_is_no_prompt() -> None:
    assert "prompt" in problems_of(prompt="a\ud800b")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = problems_of("a.png", "Text", "", model="unknown", temperature=1)

    assert list(told) == ["file_path", "prompt", "options.model", "options.temperature"]


def test_defaults_leave_the_choice_to_the_first_model_and_voice() -> None:
    assert read("a.txt", "Text").options == TextOptions("writer")
    assert read("a.png", "Image").options == ImageOptions("painter", "auto", "auto", "auto")
    assert read("a.mp3", "Text-to-Speech").options == SpeechOptions("speaker", "alloy", 1.0, None)


@pytest.mark.parametrize(
    ("path", "kind", "options"),
    [
        ("a.txt", "Text", {"model": "other-writer", "max_output_tokens": 16}),
        ("a.txt", "Text", {"max_output_tokens": 128_000}),
        ("a.txt", "Text", {"max_output_tokens": 2000.0}),
        ("a.png", "Image", {"size": "1536x864", "quality": "max", "background": "transparent"}),
        ("a.webp", "Image", {"size": "auto", "background": "transparent"}),
        ("a.jpg", "Image", {"size": "3840x2160", "background": "opaque"}),
        ("a.mp3", "Text-to-Speech", {"voice": "cedar", "speed": 0.25, "instructions": "Whisper."}),
        ("a.mp3", "Text-to-Speech", {"speed": 4}),
    ],
)
def test_options_of_the_kind_are_taken(path: str, kind: str, options: dict[str, Any]) -> None:
    taken = read(path, kind, **options).options

    assert {name: getattr(taken, name) for name in options} == options


@pytest.mark.parametrize(
    ("path", "kind", "name", "value"),
    [
        ("a.txt", "Text", "model", "painter"),
        ("a.txt", "Text", "model", ["writer"]),
        ("a.txt", "Text", "model", None),
        ("a.txt", "Text", "max_output_tokens", 15),
        ("a.txt", "Text", "max_output_tokens", 128_001),
        ("a.txt", "Text", "max_output_tokens", True),
        ("a.txt", "Text", "max_output_tokens", 20.5),
        ("a.txt", "Text", "voice", "alloy"),
        ("a.png", "Image", "size", "1000x1000"),
        ("a.png", "Image", "size", "1024"),
        ("a.png", "Image", "size", "01024x1024"),
        ("a.png", "Image", "size", "4096x1024"),
        ("a.png", "Image", "size", "3840x3840"),
        ("a.png", "Image", "size", "2048x512"),
        ("a.png", "Image", "size", 1024),
        ("a.png", "Image", "quality", "hd"),
        ("a.png", "Image", "background", "red"),
        ("a.jpg", "Image", "background", "transparent"),
        ("a.jpeg", "Image", "background", "transparent"),
        ("a.mp3", "Text-to-Speech", "voice", "hal"),
        ("a.mp3", "Text-to-Speech", "speed", 0.2),
        ("a.mp3", "Text-to-Speech", "speed", 4.1),
        ("a.mp3", "Text-to-Speech", "speed", float("nan")),
        ("a.mp3", "Text-to-Speech", "speed", "1"),
        ("a.mp3", "Text-to-Speech", "speed", False),
        ("a.mp3", "Text-to-Speech", "instructions", " "),
        ("a.mp3", "Text-to-Speech", "instructions", "x" * 4_097),
        ("a.mp3", "Text-to-Speech", "instructions", 1),
        ("a.mp3", "Text-to-Speech", "response_format", "mp3"),
    ],
)
def test_a_wrong_option_is_a_problem_of_that_option(path: str, kind: str, name: str, value: object) -> None:
    assert list(problems_of(path, kind, **{name: value})) == [f"options.{name}"]


def test_instructions_are_refused_for_a_model_that_would_ignore_them() -> None:
    told = problems_of("a.mp3", "Text-to-Speech", model="tts-1", instructions="Whisper.")

    assert list(told) == ["options.instructions"]


def test_neither_prompt_nor_instructions_are_in_the_repr() -> None:
    request = read("a.mp3", "Text-to-Speech", "SECRET prompt", instructions="SECRET manner")

    assert "SECRET" not in repr(request)


@given(
    st.dictionaries(st.text(max_size=20), st.none() | st.booleans() | st.integers() | st.floats() | st.text())
)
def test_options_of_any_shape_are_read_or_refused_and_nothing_else(options: dict[str, object]) -> None:
    for path, kind in (("a.txt", "Text"), ("a.png", "Image"), ("a.mp3", "Text-to-Speech")):
        try:
            read_request(file_path=path, file_type=kind, prompt="x", options=options, rules=RULES)
        except ValidationFailed as error:
            assert all(field.startswith("options.") for field, _ in error.problems)  # noqa: PT017


@dataclass
class FakeFiles:
    """Files in memory that also tell what was done, in order."""

    log: list[str]
    stored: dict[str, bytes] = field(default_factory=dict)
    conditions: list[WriteCondition] = field(default_factory=list)
    attributes: list[FileAttributes] = field(default_factory=list)
    left: int = 99

    @property
    def quota(self) -> FakeFiles:
        return self

    def take_generation(self) -> None:
        self.log.append("count")
        if not self.left:
            raise QuotaExceeded("None left.")
        self.left -= 1

    def look(self, file_path: FilePath) -> FileInfo | None:
        self.log.append("look")
        if file_path not in self.stored:
            return None
        return FileInfo(1, '"e"', datetime(2026, 1, 1, tzinfo=UTC), FileAttributes("text/plain"))

    def write(
        self,
        file_path: FilePath,
        chunks: Iterable[bytes],
        attributes: FileAttributes,
        condition: WriteCondition,
    ) -> StoredFile:
        self.log.append("write")
        if condition.if_none_match and file_path in self.stored:
            raise PreconditionFailed("There is a file.")
        created = file_path not in self.stored
        self.stored[file_path] = b"".join(chunks)
        self.conditions.append(condition)
        self.attributes.append(attributes)
        return StoredFile(file_path, len(self.stored[file_path]), attributes.content_type, '"e"', created)


@dataclass
class FakeGenerator:
    log: list[str]
    content: bytes = b"made"
    during: Callable[[], object] = lambda: None

    def generate(self, request: GenerationRequest) -> GeneratedContent:
        self.log.append("generate")
        self.during()
        return GeneratedContent(self.content, request.model, Usage(1, 2, 3))

    def check(self) -> None:
        raise NotImplementedError


PATH = FilePath("a/story.txt")


def test_a_new_file_is_looked_for_generated_and_created() -> None:
    log: list[str] = []
    files = FakeFiles(log)

    outcome = Generation(FakeGenerator(log), concurrency=1).create(files, PATH, read(), overwrite=False)

    assert log == ["look", "count", "generate", "write"]
    assert files.stored == {PATH: b"made"}
    assert files.conditions == [CREATE_ONLY]
    assert files.attributes == [FileAttributes("text/plain")]
    assert outcome.stored.created
    assert (outcome.kind, outcome.model, outcome.usage) == (Kind.TEXT, "writer", Usage(1, 2, 3))


def test_an_existing_file_costs_no_call_to_the_model() -> None:
    log: list[str] = []
    files = FakeFiles(log, {PATH: b"old"})

    with pytest.raises(FileExists):
        Generation(FakeGenerator(log), concurrency=1).create(files, PATH, read(), overwrite=False)

    assert log == ["look"]


def test_with_nothing_left_of_the_quota_the_model_is_not_asked() -> None:
    log: list[str] = []

    with pytest.raises(QuotaExceeded):
        Generation(FakeGenerator(log), concurrency=1).create(
            FakeFiles(log, left=0), PATH, read(), overwrite=True
        )

    assert log == ["count"]


def test_a_file_that_came_meanwhile_is_kept_by_the_store() -> None:
    log: list[str] = []
    files = FakeFiles(log)
    generator = FakeGenerator(log, during=lambda: files.stored.update({PATH: b"theirs"}))

    with pytest.raises(FileExists):
        Generation(generator, concurrency=1).create(files, PATH, read(), overwrite=False)

    assert files.stored == {PATH: b"theirs"}


def test_overwrite_replaces_without_a_condition() -> None:
    files = FakeFiles([], {PATH: b"old"})

    outcome = Generation(FakeGenerator([]), concurrency=1).create(files, PATH, read(), overwrite=True)

    assert files.stored == {PATH: b"made"}
    assert files.conditions == [UNCONDITIONAL]
    assert not outcome.stored.created


def test_a_large_result_is_stored_whole() -> None:
    content = bytes(range(256)) * 16_384 + b"tail"
    files = FakeFiles([])

    Generation(FakeGenerator([], content), concurrency=1).create(files, PATH, read(), overwrite=False)

    assert files.stored[PATH] == content


def test_beyond_the_cap_nobody_waits_and_nothing_is_asked() -> None:
    log: list[str] = []
    refused: list[int] = []

    def second() -> None:
        with pytest.raises(GenerationBusy) as caught:
            generation.create(files, FilePath("b.txt"), read(), overwrite=True)
        refused.append(caught.value.retry_after_seconds)

    files = FakeFiles(log)
    generation = Generation(FakeGenerator(log, during=second), concurrency=1)
    generation.create(files, PATH, read(), overwrite=True)

    assert log == ["count", "generate", "write"]
    assert refused == [5]


def test_a_failed_generation_stores_nothing_and_gives_its_slot_back() -> None:
    def fail() -> None:
        raise GeneratorBadAnswer("The model failed.")

    files = FakeFiles([])
    generator = FakeGenerator([], during=fail)
    generation = Generation(generator, concurrency=1)
    with pytest.raises(GeneratorBadAnswer):
        generation.create(files, PATH, read(), overwrite=False)
    assert files.stored == {}

    generator.during = lambda: None
    generation.create(files, PATH, read(), overwrite=False)

    assert files.stored == {PATH: b"made"}
