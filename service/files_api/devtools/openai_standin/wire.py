"""Requests and answers in OpenAI's current wire format (`openai.types` of the SDK), without HTTP."""

from __future__ import annotations

import base64
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from files_api.devtools.openai_standin.images import draw_image
from files_api.devtools.openai_standin.speech import CONTENT_TYPES, speak
from files_api.devtools.openai_standin.texts import cut_to_tokens, tokens_in, write_text

MODELS = ("gpt-6.1-terra", "gpt-6-luna", "gpt-image-2.6-flare", "gpt-image-2.6-sunburst", "gpt-4o-mini-tts")
_DEFAULT_PIXELS = (1024, 1024)
_MAX_PROMPT_CHARACTERS, _MAX_SPEECH_CHARACTERS = 32_000, 4_096
_MIN_OUTPUT_TOKENS = 16
_MAX_EDGE_PIXELS = 3840


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a successful answer: JSON, or bytes of a content type."""

    document: dict[str, Any] | None = None
    content: bytes = b""
    content_type: str = "application/json"


class WireError(Exception):
    """A request that OpenAI would refuse with 400."""

    def __init__(self, message: str, param: str, code: str = "invalid_value") -> None:
        super().__init__(message)
        self.param = param
        self.code = code


def error_document(
    message: str, *, error_type: str, code: str | None, param: str | None = None
) -> dict[str, Any]:
    """Make the JSON of an error."""
    return {"error": {"message": message, "type": error_type, "param": param, "code": code}}


def models_document() -> dict[str, Any]:
    """Make the JSON of GET /v1/models."""
    return {"object": "list", "data": [model_document(name) for name in MODELS]}


def model_document(name: str) -> dict[str, Any]:
    """Make the JSON of GET /v1/models/{name}."""
    return {
        "id": name,
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": "stand-in",
        "shutdown_date": None,
    }


def answer_text(body: dict[str, Any], mode: str) -> Answer:
    """Answer POST /v1/responses, not streamed."""
    model = _string(body, "model")
    system, prompt = _input_of(body)
    form = (body.get("text") or {}).get("format", {}).get("type", "text")
    if form == "json_object" and "json" not in f"{system} {prompt}".lower():
        raise WireError(
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
            "input",
        )
    limit = body.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < _MIN_OUTPUT_TOKENS):
        raise WireError(
            f"Invalid 'max_output_tokens': integer below minimum value {_MIN_OUTPUT_TOKENS}.",
            "max_output_tokens",
        )
    text = write_text(prompt, system, as_json=form == "json_object")
    whole = text
    if limit is not None:
        text = cut_to_tokens(text, limit)
    if mode == "incomplete":
        text = text[: len(text) // 2]
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if mode == "refusal":
        part = {"type": "refusal", "refusal": "I can't help with that."}
    parts = [] if mode == "empty" else [part]
    is_whole = text == whole
    return Answer(_response_document(body, model, parts, tokens_in(system + prompt), is_whole=is_whole))


def _response_document(
    body: dict[str, Any], model: str, parts: list[dict[str, Any]], input_tokens: int, *, is_whole: bool
) -> dict[str, Any]:
    status = "completed" if is_whole else "incomplete"
    output_tokens = sum(tokens_in(part.get("text", "")) for part in parts)
    now = int(time.time())
    message = {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "status": status,
        "phase": "final_answer",
        "content": parts,
    }
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": now,
        "completed_at": now if is_whole else None,
        "status": status,
        "error": None,
        "incomplete_details": None if is_whole else {"reason": "max_output_tokens"},
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": model,
        "output": [{"id": f"rs_{uuid.uuid4().hex}", "type": "reasoning", "summary": []}, message],
        "parallel_tool_calls": True,
        "store": body.get("store", True),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input_tokens + output_tokens,
        },
    }


def answer_image(body: dict[str, Any], mode: str, base_url: str) -> Answer:
    """Answer POST /v1/images/generations."""
    _string(body, "model")
    prompt = _string(body, "prompt", _MAX_PROMPT_CHARACTERS)
    if "response_format" in body:
        raise WireError("Unknown parameter: 'response_format'.", "response_format", "unknown_parameter")
    output_format = body.get("output_format", "png")
    if output_format not in {"png", "jpeg", "webp"}:
        raise WireError("Invalid value for 'output_format'.", "output_format")
    transparent = body.get("background") == "transparent"
    if transparent and output_format == "jpeg":
        raise WireError("Transparent background is not supported for JPEG output format.", "background")
    width, height = _pixels_of(body.get("size", "auto"))
    image: dict[str, Any] = {}
    if mode == "url":
        # To the stand-in itself, which would see that somebody came for it.
        image["url"] = f"{base_url}/images/bait.png"
    elif mode == "bad_base64":
        image["b64_json"] = "%%% this is no base64 %%%"
    elif mode == "bad_bytes":
        image["b64_json"] = base64.b64encode(b"<html>This is no image.</html>").decode()
    else:
        content = draw_image(
            prompt, width=width, height=height, image_format=output_format, transparent=transparent
        )
        image["b64_json"] = base64.b64encode(content).decode()
    text_tokens, image_tokens = tokens_in(prompt), max(1, width * height // 1024)
    return Answer(
        {
            "created": int(time.time()),
            "background": "transparent" if transparent else "opaque",
            "data": [] if mode == "empty" else [image],
            "output_format": output_format,
            "quality": "medium" if body.get("quality", "auto") == "auto" else body["quality"],
            "size": f"{width}x{height}",
            "usage": {
                "input_tokens": text_tokens,
                "input_tokens_details": {"image_tokens": 0, "text_tokens": text_tokens},
                "output_tokens": image_tokens,
                "output_tokens_details": {"image_tokens": image_tokens, "text_tokens": 0},
                "total_tokens": text_tokens + image_tokens,
            },
        }
    )


def answer_speech(body: dict[str, Any], mode: str) -> Answer:
    """Answer POST /v1/audio/speech."""
    _string(body, "model")
    _string(body, "voice")
    text = _string(body, "input", _MAX_SPEECH_CHARACTERS)
    audio_format = body.get("response_format", "mp3")
    if audio_format not in CONTENT_TYPES:
        raise WireError("Invalid value for 'response_format'.", "response_format")
    speed = body.get("speed", 1.0)
    if not isinstance(speed, (int, float)) or not 0.25 <= speed <= 4:
        raise WireError("Invalid 'speed': must be between 0.25 and 4.", "speed")
    if mode == "empty":
        content = b""
    elif mode == "bad_bytes":
        content = b"This is no sound!"
    else:
        content = speak(text, audio_format=audio_format, speed=speed)
    return Answer(content=content, content_type=CONTENT_TYPES[audio_format])


def _string(body: dict[str, Any], name: str, max_characters: int = 1000) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise WireError(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    if len(value) > max_characters:
        raise WireError(
            f"Invalid '{name}': string too long, at most {max_characters}.", name, "string_above_max_length"
        )
    return value


def _input_of(body: dict[str, Any]) -> tuple[str, str]:
    """Take the instructions and the prompt apart."""
    given = body.get("input")
    system = [str(body.get("instructions") or "")]
    prompt: list[str] = []
    for message in [{"role": "user", "content": given}] if isinstance(given, str) else given or []:
        texts = message.get("content")
        parts = [texts] if isinstance(texts, str) else [part.get("text", "") for part in texts or []]
        (prompt if message.get("role") == "user" else system).extend(parts)
    if not any(prompt):
        raise WireError("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    return "\n".join(system).strip(), "\n".join(prompt)


def _pixels_of(size: object) -> tuple[int, int]:
    if size == "auto":
        return _DEFAULT_PIXELS
    match = re.fullmatch(r"([0-9]{2,4})x([0-9]{2,4})", size) if isinstance(size, str) else None
    if match is None or any(int(edge) % 16 or int(edge) > _MAX_EDGE_PIXELS for edge in match.groups()):
        raise WireError(f"Invalid value for 'size': {size!r}.", "size")
    return int(match[1]), int(match[2])
