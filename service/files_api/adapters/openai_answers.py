"""What OpenAI's answers must look like, and the files in them. Nothing is ever fetched from elsewhere."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from files_api.domain.errors import GenerationRefused, GeneratorBadAnswer
from files_api.domain.models import GeneratedContent, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from files_api.domain.generation import GenerationRequest

_ID3 = b"ID3"


def _is_mp3(content: bytes) -> bool:
    # An ID3v2 tag, or 11 bits of sync and the two bits of Layer III (ISO/IEC 11172-3).
    frame = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE6 == 0xE2
    return frame or content.startswith(_ID3)


def _is_adts(content: bytes) -> bool:
    # 12 bits of sync and a layer of 0 (ISO/IEC 14496-3, ADTS).
    return len(content) > 1 and content[0] == 0xFF and content[1] & 0xF6 == 0xF0


def _is_opus(content: bytes) -> bool:
    # The first Ogg page holds nothing but the OpusHead packet (RFC 7845 section 3).
    return content.startswith(b"OggS") and b"OpusHead" in content[:128]


def _is_pcm(content: bytes) -> bool:
    # 16-bit samples have no signature: at least they come in pairs, and are not one of the other formats.
    others = (b"RIFF", b"OggS", b"fLaC", _ID3)
    return len(content) % 2 == 0 and not content.startswith(others)


_SIGNATURES: dict[str, Callable[[bytes], bool]] = {
    "png": lambda content: content.startswith(b"\x89PNG\r\n\x1a\n"),
    "jpeg": lambda content: content.startswith(b"\xff\xd8\xff"),
    "webp": lambda content: content.startswith(b"RIFF") and content[8:12] == b"WEBP",
    "mp3": _is_mp3,
    "opus": _is_opus,
    "aac": _is_adts,
    "flac": lambda content: content.startswith(b"fLaC"),
    "wav": lambda content: content.startswith(b"RIFF") and content[8:12] == b"WAVE",
    "pcm": _is_pcm,
}


def read_text(body: bytes, request: GenerationRequest, max_bytes: int) -> GeneratedContent:
    """Take the text out of an answer of the Responses API, as UTF-8.

    Args:
        body: The JSON that came.
        request: What was asked for.
        max_bytes: The largest file that is taken, in bytes.

    Raises:
        GenerationRefused: The model refuses the prompt.
        GeneratorBadAnswer: It is no whole text, or not of the format, or too large.
    """
    document = _document(body)
    status = document.get("status")
    if status == "incomplete":
        details = document.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        if reason == "content_filter":
            raise GenerationRefused("The model's content filter refuses the text.")
        if reason == "max_output_tokens":
            raise GeneratorBadAnswer("The text was cut off at max_output_tokens, so it was not stored.")
        raise GeneratorBadAnswer("The model did not finish the text.")
    if status != "completed":
        raise GeneratorBadAnswer("The model did not complete the text.")
    text = "".join(_output_texts(document))
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise GeneratorBadAnswer("The model's answer is not valid Unicode text.") from error
    if request.file_format.openai_name == "json_object":
        _parse_json(content, "The model's answer is not valid JSON.")
    return _generated(content, request, max_bytes, document)


def read_image(body: bytes, request: GenerationRequest, max_bytes: int) -> GeneratedContent:
    """Take the image out of an answer of the Images API. A `url` in its place is not followed.

    Args:
        body: The JSON that came.
        request: What was asked for.
        max_bytes: The largest file that is taken, in bytes.

    Raises:
        GeneratorBadAnswer: It is no image of the format, or too large.
    """
    document = _document(body)
    images = document.get("data")
    image = images[0] if isinstance(images, list) and images else None
    encoded = image.get("b64_json") if isinstance(image, dict) else None
    if not isinstance(encoded, str):
        raise GeneratorBadAnswer("The model's answer holds no image.")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise GeneratorBadAnswer("The model's image is not valid base64.") from error
    return _generated(content, request, max_bytes, document)


def read_speech(body: bytes, request: GenerationRequest, max_bytes: int) -> GeneratedContent:
    """Check that an answer of the speech endpoint is audio of the format.

    Args:
        body: The bytes that came.
        request: What was asked for.
        max_bytes: The largest file that is taken, in bytes.

    Raises:
        GeneratorBadAnswer: It is not, or it is too large.
    """
    return _generated(body, request, max_bytes, {})


def _generated(
    content: bytes, request: GenerationRequest, max_bytes: int, document: dict[str, Any]
) -> GeneratedContent:
    if not content:
        raise GeneratorBadAnswer("The model's answer is empty.")
    if len(content) > max_bytes:
        raise GeneratorBadAnswer(f"The model's answer is larger than {max_bytes} bytes.")
    has_signature = _SIGNATURES.get(request.file_format.openai_name)
    if has_signature is not None and not has_signature(content):
        raise GeneratorBadAnswer(f"The model's answer is not a {request.file_format.extension} file.")
    model = document.get("model")
    return GeneratedContent(content, model if isinstance(model, str) else request.model, _usage(document))


def _document(body: bytes) -> dict[str, Any]:
    document = _parse_json(body, "The model's answer is malformed.")
    if not isinstance(document, dict):
        raise GeneratorBadAnswer("The model's answer is malformed.")
    return document


def _parse_json(content: bytes, problem: str) -> object:
    try:
        document: object = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise GeneratorBadAnswer(problem) from error
    return document


def _refuse_constant(name: str) -> object:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _output_texts(document: dict[str, Any]) -> Iterator[str]:
    for part in _output_parts(document):
        if part.get("type") == "refusal":
            raise GenerationRefused("The model refuses this prompt.")
        text = part.get("text")
        if part.get("type") == "output_text" and isinstance(text, str):
            yield text


def _output_parts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    output = document.get("output")
    for item in output if isinstance(output, list) else []:
        # Neither reasoning nor a commentary on the way is the text (`ResponseOutputMessage.phase`).
        if not isinstance(item, dict) or item.get("type") != "message" or item.get("phase") == "commentary":
            continue
        content = item.get("content")
        yield from (part for part in content or [] if isinstance(part, dict))


def _usage(document: dict[str, Any]) -> Usage:
    usage = document.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Usage(
        input_tokens=_count(counts.get("input_tokens")),
        output_tokens=_count(counts.get("output_tokens")),
        total_tokens=_count(counts.get("total_tokens")),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
