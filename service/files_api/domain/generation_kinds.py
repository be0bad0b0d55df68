"""Which files can be generated, and what each extension means (contract, section "Generation")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What a generated file is; the value is the canonical form of `file_type`."""

    TEXT = "Text"
    IMAGE = "Image"
    SPEECH = "Text-to-Speech"

    @classmethod
    def parse(cls, name: str) -> Kind | None:
        """Read a `file_type`, in any case; None when there is no such kind."""
        # lower(), not casefold(): the latter would take letters that merely resemble ASCII.
        return next((kind for kind in cls if kind.value.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format that a model can be asked for.

    `extension` has its dot and is in lower case, `content_type` is what is stored with the file.
    `openai_name` is the value of OpenAI's parameter: `output_format` of images, `response_format` of
    speech, and for text the type of `text.format`.
    """

    extension: str
    kind: Kind
    content_type: str
    openai_name: str


_FORMATS = (
    FileFormat(".txt", Kind.TEXT, "text/plain", "text"),
    FileFormat(".md", Kind.TEXT, "text/markdown", "text"),
    FileFormat(".json", Kind.TEXT, "application/json", "json_object"),
    FileFormat(".html", Kind.TEXT, "text/html", "text"),
    FileFormat(".csv", Kind.TEXT, "text/csv", "text"),
    FileFormat(".png", Kind.IMAGE, "image/png", "png"),
    FileFormat(".jpg", Kind.IMAGE, "image/jpeg", "jpeg"),
    FileFormat(".jpeg", Kind.IMAGE, "image/jpeg", "jpeg"),
    FileFormat(".webp", Kind.IMAGE, "image/webp", "webp"),
    FileFormat(".mp3", Kind.SPEECH, "audio/mpeg", "mp3"),
    FileFormat(".opus", Kind.SPEECH, "audio/ogg", "opus"),
    FileFormat(".aac", Kind.SPEECH, "audio/aac", "aac"),
    FileFormat(".flac", Kind.SPEECH, "audio/flac", "flac"),
    FileFormat(".wav", Kind.SPEECH, "audio/wav", "wav"),
    FileFormat(".pcm", Kind.SPEECH, "audio/pcm", "pcm"),
)
FORMATS: Mapping[str, FileFormat] = MappingProxyType({item.extension: item for item in _FORMATS})


def extensions_of(kind: Kind) -> tuple[str, ...]:
    """Tell the extensions that a kind of file may have, with their dots."""
    return tuple(item.extension for item in FORMATS.values() if item.kind is kind)


def format_of(file_path: str) -> FileFormat | None:
    """Find the format that a name asks for; None when the extension is missing or not one of ours.

    The case of the extension does not count. A name that is nothing but an extension (`a/.png`) has none.
    """
    stem, dot, extension = file_path.rpartition("/")[2].rpartition(".")
    return FORMATS.get(f".{extension.lower()}") if dot and stem else None
