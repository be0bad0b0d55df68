"""Generating files with AI: what a request is, and the use case that makes a file of it.

The rules are those of the contract's section "Generation". The models are behind `ports.Generator`, the files
behind `FileWriter`.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from files_api.domain.errors import FileExists, GenerationBusy, PreconditionFailed, ValidationFailed
from files_api.domain.generation_kinds import FORMATS, FileFormat, Kind, extensions_of, format_of
from files_api.domain.generation_options import (
    BUILT_IN_VOICES,
    GenerationRules,
    ImageOptions,
    Options,
    SpeechOptions,
    TextOptions,
    read_options,
    text_problem,
)
from files_api.domain.models import CREATE_ONLY, UNCONDITIONAL, FileAttributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from files_api.domain.models import FileInfo, StoredFile, Usage, WriteCondition
    from files_api.domain.paths import FilePath
    from files_api.domain.ports import Generator

__all__ = [
    "BUILT_IN_VOICES",
    "FORMATS",
    "MAX_PROMPT_CHARACTERS",
    "MAX_SPEECH_CHARACTERS",
    "FileFormat",
    "FileWriter",
    "GeneratedFile",
    "Generation",
    "GenerationRequest",
    "GenerationRules",
    "ImageOptions",
    "Kind",
    "SpeechOptions",
    "TextOptions",
    "extensions_of",
    "format_of",
    "prompt_limit",
    "read_request",
]

#: Characters (Unicode code points) of a prompt; the second is OpenAI's own limit for speech.
MAX_PROMPT_CHARACTERS = 32_000
MAX_SPEECH_CHARACTERS = 4_096
#: A generation takes seconds to a minute, so a slot is free again soon.
_BUSY_RETRY_AFTER_SECONDS = 5
#: Bytes handed to the store at once: what it has of the content twice stays small.
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """A valid request for one file. Prompt and instructions stay out of `repr`, and so out of logs."""

    file_format: FileFormat
    prompt: str = field(repr=False)
    options: Options

    @property
    def kind(self) -> Kind:
        """Tell the kind of the file."""
        return self.file_format.kind

    @property
    def model(self) -> str:
        """Tell the model that is asked."""
        return self.options.model


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """The outcome: what was stored, and which model made it for how many tokens."""

    stored: StoredFile
    kind: Kind
    model: str
    usage: Usage


class GenerationQuota(Protocol):
    """How many files a caller may have made."""

    def take_generation(self) -> None:
        """Count one more.

        Raises:
            QuotaExceeded: There are none left for today.
            AccessUnavailable: It cannot be found out.
        """


class FileWriter(Protocol):
    """The part of the file service that a generation needs."""

    @property
    def quota(self) -> GenerationQuota:
        """What the caller may generate."""

    def look(self, file_path: FilePath) -> FileInfo | None:
        """Look at a file; None when there is nothing."""

    def write(
        self,
        file_path: FilePath,
        chunks: Iterable[bytes],
        attributes: FileAttributes,
        condition: WriteCondition,
    ) -> StoredFile:
        """Store a file, whole or not at all.

        Raises:
            PreconditionFailed: S3 found the condition false at the write.
        """


def prompt_limit(kind: Kind) -> int:
    """Tell how many characters (Unicode code points) a prompt may have."""
    return MAX_SPEECH_CHARACTERS if kind is Kind.SPEECH else MAX_PROMPT_CHARACTERS


def read_request(
    *, file_path: str, file_type: str, prompt: str, options: Mapping[str, object], rules: GenerationRules
) -> GenerationRequest:
    """Make a request of the fields of the JSON body, or tell everything that is wrong with them at once.

    Args:
        file_path: Where the file will be; legal already (`domain.paths`), only the extension counts here.
        file_type: A kind, in any case.
        prompt: What to make, or what to say.
        options: As the caller gave them.
        rules: What the operator allows.

    Raises:
        ValidationFailed: With the fields `file_type`, `file_path`, `prompt`, and `options.…`.
    """
    kind = Kind.parse(file_type)
    if kind is None:
        raise ValidationFailed([("file_type", f"Must be one of: {', '.join(Kind)}.")])
    problems: list[tuple[str, str]] = []
    file_format = format_of(file_path)
    if file_format is None or file_format.kind is not kind:
        extensions = extensions_of(kind)
        problems.append(("file_path", f"A {kind.value} file must end in one of: {', '.join(extensions)}."))
        # The remaining fields do not depend on which extension of this kind was meant.
        file_format = FORMATS[extensions[0]]
    prompt_problem = text_problem(prompt, prompt_limit(kind))
    if prompt_problem is not None:
        problems.append(("prompt", prompt_problem))
    read, option_problems = read_options(options, file_format, rules)
    problems += option_problems
    if problems:
        raise ValidationFailed(problems)
    return GenerationRequest(file_format, prompt, read)


class Generation:
    """Makes files from prompts and stores them.

    Args:
        generator: What makes them.
        concurrency: How many may run at once in this process, storing included, since each holds its content.
    """

    def __init__(self, generator: Generator, *, concurrency: int) -> None:
        self._generator = generator
        self._slots = threading.BoundedSemaphore(concurrency)

    def create(
        self, files: FileWriter, file_path: FilePath, request: GenerationRequest, *, overwrite: bool
    ) -> GeneratedFile:
        """Generate a file and store it, whole or not at all.

        Args:
            files: The caller's files.
            file_path: Where to; the extension is the one that `request` was read with.
            request: What to make.
            overwrite: Replace a file that is there already.

        Raises:
            FileExists: There is a file that is not to be replaced: found before the model was asked, or by S3
                at the write.
            QuotaExceeded: The caller has had all generations of today.
            GenerationBusy: As many generations run as are allowed.
            FilesApiError: As `Generator.generate` and `FileWriter.write`.
        """
        if not overwrite and files.look(file_path) is not None:
            raise FileExists(file_path)
        with self._slot():
            # From here on it costs money, whatever becomes of it.
            files.quota.take_generation()
            made = self._generator.generate(request)
            try:
                stored = files.write(
                    file_path,
                    _chunks(made.content),
                    FileAttributes(content_type=request.file_format.content_type),
                    UNCONDITIONAL if overwrite else CREATE_ONLY,
                )
            except PreconditionFailed as error:
                if overwrite:
                    raise
                raise FileExists(file_path) from error
        return GeneratedFile(stored, request.kind, made.model, made.usage)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        # Waiting would only move the queue from the client into this process.
        if not self._slots.acquire(blocking=False):
            raise GenerationBusy("Too many generations are running.", _BUSY_RETRY_AFTER_SECONDS)
        try:
            yield
        finally:
            self._slots.release()


def _chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _CHUNK_BYTES):
        yield content[start : start + _CHUNK_BYTES]
