"""The values that move between the web, the domain and the adapters. All of them are frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

NO_METADATA: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FileAttributes:
    """What is kept with a file beside its bytes, as the client gave it."""

    content_type: str
    cache_control: str | None = None
    content_encoding: str | None = None
    content_language: str | None = None
    user_metadata: Mapping[str, str] = field(default_factory=lambda: NO_METADATA)


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What S3 knows of one stored file.

    `etag` is the value with its quotes. `sha256` is the SHA-256 of the whole file in base64, None where only a
    composite of parts is known. `size_bytes` is the size of the whole file, also where a range was read.
    """

    size_bytes: int
    etag: str
    last_modified: datetime
    attributes: FileAttributes
    sha256: str | None = None
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The outcome of a write. `etag` is the value with its quotes."""

    file_path: str
    size_bytes: int
    content_type: str
    etag: str
    created: bool


@dataclass(frozen=True, slots=True)
class WriteCondition:
    """What S3 itself must find true at the moment of the write.

    At most one is set: `if_none_match` means that there must be no file, `if_match` is the one ETag (with quotes)
    that is to be replaced.
    """

    if_none_match: bool = False
    if_match: str | None = None


UNCONDITIONAL = WriteCondition()
CREATE_ONLY = WriteCondition(if_none_match=True)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """One range of RFC 9110 section 14.1.2; offsets in bytes, both ends included.

    `first is None` means the last `suffix_length` bytes.
    """

    first: int | None = None
    last: int | None = None
    suffix_length: int | None = None

    def __str__(self) -> str:
        """Render the value of a Range header."""
        if self.first is None:
            return f"bytes=-{self.suffix_length}"
        return f"bytes={self.first}-{'' if self.last is None else self.last}"


@dataclass(frozen=True, slots=True)
class ContentRange:
    """The part of a file that an answer holds; offsets in bytes, both ends included."""

    first: int
    last: int
    size_bytes: int


class ByteSink(Protocol):
    """Where bytes are to go."""

    def sendall(self, data: memoryview) -> None:
        """Take all of these bytes; the memory is the caller's again afterwards."""


class ByteStream(Protocol):
    """The body of a file on its way to the client."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in large pieces; raise StorageReadCut where the source breaks off."""

    def pour(self, sink: ByteSink) -> None:
        """Send all that has not been yielded yet, with fewer copies; raises what iterating and `sink` raise."""

    def close(self) -> None:
        """Give the connection back, or drop it when the body was not read to its end. May be called twice."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file whose body is about to be read. Whoever holds it must close `body`."""

    info: FileInfo
    body: ByteStream
    content_range: ContentRange | None = None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One line of a listing. `etag` is the value with its quotes."""

    file_path: str
    size_bytes: int
    last_modified: datetime
    etag: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: files, directories (full paths with a final slash), and where S3 goes on."""

    files: tuple[ListedFile, ...]
    directories: tuple[str, ...]
    continuation: str | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a generation cost, in tokens as OpenAI counts them; None where it does not tell."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class GeneratedContent:
    """What a model made: the bytes of the file, and who made them."""

    content: bytes
    model: str
    usage: Usage = field(default_factory=Usage)
