"""What `options` of a generation may say, per kind of file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from files_api.domain.generation_kinds import FileFormat, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The built-in voices of OpenAI's speech endpoint (`openai.types.audio.SpeechCreateParams.voice`).
BUILT_IN_VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin",
    "cedar",
)  # fmt: skip
#: `openai.types.ImageGenerateParams.quality` without the values of retired models.
IMAGE_QUALITIES = ("auto", "low", "medium", "high", "xhigh", "max")
#: `openai.types.ImageGenerateParams.background`.
IMAGE_BACKGROUNDS = ("auto", "opaque", "transparent")
#: The Responses API takes no fewer than 16; no model makes more than 128,000 in one answer.
MIN_OUTPUT_TOKENS, MAX_OUTPUT_TOKENS = 16, 128_000
#: `openai.types.audio.SpeechCreateParams.speed`.
MIN_SPEED, MAX_SPEED = 0.25, 4.0
MAX_INSTRUCTIONS_CHARACTERS = 4_096
#: Pixels of one edge, and of a whole image (3840x2160), of `openai.types.ImageGenerateParams.size`.
MAX_EDGE_PIXELS, MAX_IMAGE_PIXELS = 3840, 3840 * 2160
#: Both edges are multiples of this, and neither is longer than so many times the other (same source).
EDGE_STEP_PIXELS, MAX_ASPECT_RATIO = 16, 3

_SIZE = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")
#: These ignore instructions silently (`openai.types.audio.SpeechCreateParams.instructions`).
_MODELS_WITHOUT_INSTRUCTIONS = ("tts-1", "tts-1-hd")


@dataclass(frozen=True, slots=True)
class GenerationRules:
    """What the operator allows: the models of each kind, and the voices; the first of each is the default."""

    text_models: tuple[str, ...]
    image_models: tuple[str, ...]
    speech_models: tuple[str, ...]
    voices: tuple[str, ...] = BUILT_IN_VOICES

    def models_of(self, kind: Kind) -> tuple[str, ...]:
        """Tell the models that may make a kind of file, the default first."""
        return {Kind.TEXT: self.text_models, Kind.IMAGE: self.image_models, Kind.SPEECH: self.speech_models}[
            kind
        ]


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How to make a text. `max_output_tokens` counts the model's reasoning too; None: as many as it likes."""

    model: str
    max_output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How to make an image. `size` is WIDTHxHEIGHT in pixels; `auto` leaves a choice to the model."""

    model: str
    size: str = "auto"
    quality: str = "auto"
    background: str = "auto"


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How to speak. `speed` is a factor, 1 is normal."""

    model: str
    voice: str
    speed: float = 1.0
    instructions: str | None = field(default=None, repr=False)


Options: TypeAlias = TextOptions | ImageOptions | SpeechOptions


class _Reader:
    """Takes options out of a JSON object one by one, and gathers what is wrong with them."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._left = dict(given)
        self._known: list[str] = []
        self.problems: list[tuple[str, str]] = []

    def complain(self, name: str, message: str) -> None:
        self.problems.append((f"options.{name}", message))

    def take(self, name: str) -> object:
        """Return the value, or None when it is not given; a JSON null is not a value of any option."""
        self._known.append(name)
        if name not in self._left:
            return None
        value = self._left.pop(name)
        if value is None:
            self.complain(name, "Must not be null; leave it out for the default.")
        return value

    def choice(self, name: str, choices: Sequence[str], default: str) -> str:
        value = self.take(name)
        if value is None:
            return default
        if not isinstance(value, str) or value not in choices:
            self.complain(name, f"Must be one of: {', '.join(choices)}.")
            return default
        return value

    def integer(self, name: str, minimum: int, maximum: int) -> int | None:
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one kind of number: 2000.0 is whole
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            self.complain(name, f"Must be a whole number from {minimum} to {maximum}.")
            return None
        return value

    def number(self, name: str, minimum: float, maximum: float, default: float) -> float:
        value = self.take(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not minimum <= value <= maximum:
            self.complain(name, f"Must be a number from {minimum:g} to {maximum:g}.")
            return default
        return float(value)

    def text(self, name: str, max_characters: int) -> str | None:
        value = self.take(name)
        if value is None:
            return None
        problem = text_problem(value, max_characters)
        if problem is not None or not isinstance(value, str):
            self.complain(name, problem or "Must be a string.")
            return None
        return value

    def refuse_the_rest(self, kind: Kind) -> None:
        for name in self._left:
            self.complain(name, f"Unknown option; {kind.value} takes: {', '.join(self._known)}.")


def text_problem(value: object, max_characters: int) -> str | None:
    """Say what is wrong with a text for a model: None when it is fine.

    It must be a string of 1 to `max_characters` characters (Unicode code points), not only white space, and
    encodable: JSON can carry half a surrogate pair, which no UTF-8 request can.
    """
    if not isinstance(value, str):
        return "Must be a string."
    if not value.strip():
        return "Must not be empty."
    if len(value) > max_characters:
        return f"Must not be longer than {max_characters} characters."
    if any("\ud800" <= character <= "\udfff" for character in value):
        return "Must be valid Unicode text."
    return None


def read_options(
    given: Mapping[str, object], file_format: FileFormat, rules: GenerationRules
) -> tuple[Options, list[tuple[str, str]]]:
    """Read the `options` of a request.

    Returns:
        The options, and pairs of (field, message) of all that is wrong with them: when there are any, the
        options hold defaults in these places and must not be used.
    """
    reader = _Reader(given)
    models = rules.models_of(file_format.kind)
    model = reader.choice("model", models, models[0])
    options: Options
    match file_format.kind:
        case Kind.TEXT:
            options = TextOptions(
                model, reader.integer("max_output_tokens", MIN_OUTPUT_TOKENS, MAX_OUTPUT_TOKENS)
            )
        case Kind.IMAGE:
            options = _image_options(reader, model, file_format)
        case Kind.SPEECH:
            options = _speech_options(reader, model, rules)
    reader.refuse_the_rest(file_format.kind)
    return options, reader.problems


def _image_options(reader: _Reader, model: str, file_format: FileFormat) -> ImageOptions:
    size = _image_size(reader)
    quality = reader.choice("quality", IMAGE_QUALITIES, "auto")
    background = reader.choice("background", IMAGE_BACKGROUNDS, "auto")
    if background == "transparent" and file_format.openai_name == "jpeg":
        reader.complain(
            "background", f"A {file_format.extension} file cannot be transparent; use .png or .webp."
        )
    return ImageOptions(model, size, quality, background)


def _image_size(reader: _Reader) -> str:
    value = reader.take("size")
    if value is None or value == "auto":
        return "auto"
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        reader.complain("size", "Must be auto, or WIDTHxHEIGHT in pixels such as 1536x1024.")
        return "auto"
    width, height = int(match[1]), int(match[2])
    if width % EDGE_STEP_PIXELS or height % EDGE_STEP_PIXELS:
        reader.complain("size", f"Width and height must be multiples of {EDGE_STEP_PIXELS}.")
    elif max(width, height) > MAX_EDGE_PIXELS or width * height > MAX_IMAGE_PIXELS:
        reader.complain("size", "Must not be larger than 3840x2160, or 2160x3840.")
    elif max(width, height) > MAX_ASPECT_RATIO * min(width, height):
        reader.complain("size", f"Must not be longer than {MAX_ASPECT_RATIO} times its other side.")
    return match[0]


def _speech_options(reader: _Reader, model: str, rules: GenerationRules) -> SpeechOptions:
    voice = reader.choice("voice", rules.voices, rules.voices[0])
    speed = reader.number("speed", MIN_SPEED, MAX_SPEED, 1.0)
    instructions = reader.text("instructions", MAX_INSTRUCTIONS_CHARACTERS)
    if instructions is not None and model in _MODELS_WITHOUT_INSTRUCTIONS:
        reader.complain("instructions", f"{model} does not follow instructions.")
    return SpeechOptions(model, voice, speed, instructions)
