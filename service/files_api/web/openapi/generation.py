"""The body of a generation, described by kind. What really decides is `domain.generation_options`."""

from __future__ import annotations

from files_api.domain.generation import Kind, extensions_of, prompt_limit
from files_api.domain.generation_options import (
    BUILT_IN_VOICES,
    IMAGE_BACKGROUNDS,
    IMAGE_QUALITIES,
    MAX_INSTRUCTIONS_CHARACTERS,
    MAX_OUTPUT_TOKENS,
    MAX_SPEED,
    MIN_OUTPUT_TOKENS,
    MIN_SPEED,
)
from files_api.domain.paths import MAX_PATH_BYTES
from files_api.web.openapi.parts import Doc, file_path_pattern

# Not only white space, nor what Python takes for it.
_NOT_BLANK = r"[^\s\u001c-\u001f\u0085]"
_SIZE = "^(auto|[1-9][0-9]{1,3}x[1-9][0-9]{1,3})$"
_MODEL: Doc = {
    "type": "string",
    "description": "One of the models that the operator allows for this kind; the first of them by default.",
}
_OPTIONS: dict[Kind, Doc] = {
    Kind.TEXT: {
        "max_output_tokens": {
            "type": "integer",
            "minimum": MIN_OUTPUT_TOKENS,
            "maximum": MAX_OUTPUT_TOKENS,
            "description": "The longest answer, the model's reasoning included. A text that does not fit is not "
            "stored (502).",
            "examples": [2000],
        }
    },
    Kind.IMAGE: {
        "size": {
            "type": "string",
            "pattern": _SIZE,
            "default": "auto",
            "description": "`auto`, or WIDTHxHEIGHT in pixels: multiples of 16, at most 3840x2160 or 2160x3840, no "
            "side over three times the other.",
            "examples": ["1536x1024"],
        },
        "quality": {"type": "string", "enum": list(IMAGE_QUALITIES), "default": "auto"},
        "background": {
            "type": "string",
            "enum": list(IMAGE_BACKGROUNDS),
            "default": "auto",
            "description": "`transparent` is not for `.jpg` and `.jpeg`.",
        },
    },
    Kind.SPEECH: {
        "voice": {"type": "string", "enum": list(BUILT_IN_VOICES), "default": BUILT_IN_VOICES[0]},
        "speed": {
            "type": "number",
            "minimum": MIN_SPEED,
            "maximum": MAX_SPEED,
            "default": 1,
            "description": "A factor; 1 is normal.",
        },
        "instructions": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_INSTRUCTIONS_CHARACTERS,
            "pattern": _NOT_BLANK,
            "description": "How to speak; not for the models `tts-1` and `tts-1-hd`.",
            "examples": ["Cheerful, and not too fast."],
        },
    },
}
_NAMES = {Kind.TEXT: "TextGeneration", Kind.IMAGE: "ImageGeneration", Kind.SPEECH: "SpeechGeneration"}
_PROMPTS = {
    Kind.TEXT: "What to write.",
    Kind.IMAGE: "What to paint.",
    Kind.SPEECH: "What to say.",
}
_FILE_PATHS = {
    Kind.TEXT: "poems/autumn.txt",
    Kind.IMAGE: "pictures/fox.png",
    Kind.SPEECH: "talks/welcome.mp3",
}


def _schema_of(kind: Kind) -> Doc:
    extensions = extensions_of(kind)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["file_path", "file_type", "prompt"],
        "properties": {
            "file_path": {
                "type": "string",
                "maxLength": MAX_PATH_BYTES,
                "pattern": file_path_pattern(extensions),
                "description": f"Where the file goes; it ends in {', '.join(f'`{one}`' for one in extensions)}, which "
                "decides the format.",
                "examples": [_FILE_PATHS[kind]],
            },
            "file_type": {
                "type": "string",
                "enum": [kind.value],
                "description": "The kind of file. Upper and lower case do not matter.",
            },
            "prompt": {
                "type": "string",
                "minLength": 1,
                "maxLength": prompt_limit(kind),
                "pattern": _NOT_BLANK,
                "description": _PROMPTS[kind],
            },
            "overwrite": {
                "type": "boolean",
                "default": False,
                "description": "Replace a file that is there already; 409 otherwise.",
            },
            "options": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"model": _MODEL, **_OPTIONS[kind]},
                "description": "What is left out is up to the model.",
            },
        },
    }


#: The schemas of the body, by their names among the components.
GENERATION_SCHEMAS: Doc = {
    "Generation": {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in _NAMES.values()],
        "discriminator": {
            "propertyName": "file_type",
            "mapping": {kind.value: f"#/components/schemas/{name}" for kind, name in _NAMES.items()},
        },
        "description": "A text, an image, or speech: `file_type` says which.",
    },
    **{name: _schema_of(kind) for kind, name in _NAMES.items()},
}
#: Bodies to try.
GENERATION_EXAMPLES: Doc = {
    "text": {
        "summary": "A text",
        "value": {"file_path": "poems/autumn.txt", "file_type": "Text", "prompt": "A haiku about autumn."},
    },
    "image": {
        "summary": "An image",
        "value": {
            "file_path": "pictures/fox.png",
            "file_type": "Image",
            "prompt": "A fox in the snow, watercolour.",
            "options": {"size": "1024x1024", "quality": "low"},
        },
    },
    "speech": {
        "summary": "Speech",
        "value": {
            "file_path": "talks/welcome.mp3",
            "file_type": "Text-to-Speech",
            "prompt": "Welcome to the Files API.",
            "options": {"voice": "coral"},
        },
    },
}
