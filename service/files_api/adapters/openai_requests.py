"""What OpenAI is asked: the JSON bodies of the three endpoints that make files.

The fields are those of `openai.types`: `responses.ResponseCreateParams`, `ImageGenerateParams` and
`audio.SpeechCreateParams`. What the caller leaves to the model is not sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from files_api.domain.generation import ImageOptions, SpeechOptions, TextOptions

if TYPE_CHECKING:
    from files_api.domain.generation import GenerationRequest

_INSTRUCTIONS = {
    ".txt": "Answer with the plain text of the requested file only, without Markdown formatting.",
    ".md": "Answer with the Markdown of the requested file only, not wrapped in a code fence.",
    ".json": "Answer with one JSON object, the content of the requested file, and nothing else.",
    ".html": "Answer with one complete HTML document only, not wrapped in a code fence.",
    ".csv": "Answer with the CSV of the requested file only, with a header row, not wrapped in a code fence.",
}


def body_of(request: GenerationRequest) -> dict[str, Any]:
    """Make the JSON body for a request."""
    match request.options:
        case TextOptions():
            return _text_body(request, request.options)
        case ImageOptions():
            return _image_body(request, request.options)
        case SpeechOptions():
            return _speech_body(request, request.options)


def _text_body(request: GenerationRequest, options: TextOptions) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": options.model,
        "input": [
            # Not in `instructions`, since json_object is accepted only where an input message names JSON. And
            # `system`, not `developer`, which compatible servers may not know: to OpenAI they are the same.
            {"role": "system", "content": _INSTRUCTIONS[request.file_format.extension]},
            {"role": "user", "content": request.prompt},
        ],
        "text": {"format": {"type": request.file_format.openai_name}},
        "store": False,
    }
    if options.max_output_tokens is not None:
        body["max_output_tokens"] = options.max_output_tokens
    return body


def _image_body(request: GenerationRequest, options: ImageOptions) -> dict[str, Any]:
    choices = {"size": options.size, "quality": options.quality, "background": options.background}
    return {
        # No response_format: the GPT image models refuse it, since they always answer in base64.
        "model": options.model,
        "prompt": request.prompt,
        "n": 1,
        "output_format": request.file_format.openai_name,
        **{name: value for name, value in choices.items() if value != "auto"},
    }


def _speech_body(request: GenerationRequest, options: SpeechOptions) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": options.model,
        "input": request.prompt,
        "voice": options.voice,
        "response_format": request.file_format.openai_name,
    }
    if options.speed != 1:
        body["speed"] = options.speed
    if options.instructions is not None:
        body["instructions"] = options.instructions
    return body
