"""Request bodies as streams: raw or a form, exactly as long as declared, never held whole."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from flask import request
from gunicorn.http.errors import NoMoreData, ParseException
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from files_api.domain.errors import (
    BodyTimeout,
    BodyTooLarge,
    IncompleteBody,
    MalformedBody,
    UnsupportedMediaType,
    ValidationFailed,
)
from files_api.server.connection import BodyTooSlow
from files_api.web.request_log import request_record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from wsgiref.types import WSGIEnvironment

    from flask import Response

#: Bytes that are asked of the connection at a time.
READ_BYTES = 256 * 1024
#: The one part that an upload form has.
FORM_PART = "file_content"
#: The largest JSON body, in bytes: a thousand paths of 1,024 bytes, escaped, fit.
MAX_JSON_BYTES = 8 * 1024 * 1024
# A body up to this size is read to its end after a refusal, so that the connection can be kept.
_WORTH_DRAINING_BYTES = 64 * 1024
_READER_KEY = "files_api.body"


class _Source(Protocol):
    def read(self, size: int) -> bytes: ...


class _SizedSource(_Source, Protocol):
    def readinto(self, room: memoryview) -> int: ...


class BodyReader:
    """Reads the body of one request.

    Args:
        environ: The WSGI environment of the request.
    """

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._source: _Source = environ["wsgi.input"]
        # What the worker puts in gunicorn's place for a body of known length.
        self._sized_source: _SizedSource = environ["wsgi.input"]
        self._record = request_record(environ)
        length = environ.get("CONTENT_LENGTH")
        self.declared_bytes = int(length) if length else None
        coding = environ.get("HTTP_TRANSFER_ENCODING", "")
        self.is_chunked = coding != ""
        # gunicorn undoes the chunks and nothing else: what a compressed body means would be lost.
        self._coding_is_known = coding.strip().lower() in {"", "chunked"}
        self.read_bytes = 0
        #: One byte more than this is too much; for bodies that do not declare their length.
        self.enough_bytes = sys.maxsize - 1
        # No length and no chunks means no body (RFC 9112 section 6.3).
        self.at_end = not self.is_chunked and not self.declared_bytes

    def read(self, size: int = READ_BYTES) -> bytes:
        """Read up to `size` bytes; nothing at the end.

        Raises:
            IncompleteBody: The client sent less than it declared.
            MalformedBody: The chunks are not well-formed.
            BodyTimeout: The client is too slow.
        """
        if self.at_end:
            return b""
        if self.declared_bytes is not None:
            room = bytearray(min(size, self.declared_bytes - self.read_bytes))
            return bytes(memoryview(room)[: self.readinto(memoryview(room))])
        if not self._coding_is_known:
            raise MalformedBody("Transfer-Encoding: only chunked is supported.")
        if self.read_bytes <= self.enough_bytes:
            # gunicorn waits until it has all that is asked for: do not ask for more than decides the matter.
            size = min(size, self.enough_bytes - self.read_bytes + 1)
        with self._receiving():
            data = self._source.read(size)
        self._count(len(data))
        return data

    def readinto(self, room: memoryview) -> int:
        """Read into a buffer what there is, and tell how many bytes; 0 at the end. Errors: see `read`."""
        if self.at_end:
            return 0
        if self.declared_bytes is None:
            data = self.read(len(room))
            room[: len(data)] = data
            return len(data)
        with self._receiving():
            count = self._sized_source.readinto(room[: self.declared_bytes - self.read_bytes])
        self._count(count)
        return count

    def _count(self, received: int) -> None:
        self.read_bytes += received
        self._record.bytes_in = self.read_bytes
        if self.declared_bytes is None:
            self.at_end = not received
        elif not received:
            raise IncompleteBody(
                f"The body has {self.read_bytes} bytes; Content-Length declared {self.declared_bytes}."
            )
        else:
            self.at_end = self.read_bytes == self.declared_bytes

    @contextmanager
    def _receiving(self) -> Iterator[None]:
        try:
            yield
        except BodyTooSlow as error:
            raise BodyTimeout("The body arrived too slowly.") from error
        except ParseException as error:
            raise MalformedBody("The chunks of the body are not well-formed.") from error
        except (NoMoreData, OSError) as error:
            raise IncompleteBody("The body ended before its last chunk.") from error

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in large pieces. Errors: see `read`."""
        while chunk := self.read():
            yield chunk


def body_reader() -> BodyReader:
    """The reader of the current request's body; there is only one."""
    reader: BodyReader | None = request.environ.get(_READER_KEY)
    if reader is None:
        reader = request.environ[_READER_KEY] = BodyReader(request.environ)
    return reader


class FormUpload:
    """A `multipart/form-data` body whose one part is a file, parsed as it arrives.

    Args:
        reader: The request's body.
        content_type: The request's Content-Type.

    Raises:
        MalformedBody: It is no form.
        ValidationFailed: Its first part is another one than FORM_PART.
    """

    def __init__(self, reader: BodyReader, content_type: str) -> None:
        self._reader = reader
        boundary = parse_options_header(content_type)[1].get("boundary")
        try:
            self._parser = PushMultipartParser(boundary or "")
        except (MultipartError, UnicodeEncodeError) as error:
            raise MalformedBody("The form has no usable boundary.") from error
        self._events = self._parse()
        part = next(self._events, None)
        if not isinstance(part, MultipartSegment):
            raise ValidationFailed([(FORM_PART, "is missing")], location="form")
        #: The part's own Content-Type; None when it names none.
        self.part_content_type: str | None = part.header("Content-Type")

    def _parse(self) -> Iterator[MultipartSegment | bytes | bytearray | None]:
        """Yield what the parser finds, and see to it that there is but one part."""
        count = 0
        try:
            # To the end of the body: what follows the last boundary has no meaning, but it has to have arrived.
            for chunk in self._reader:
                for event in self._parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        count += 1
                        _only_the_file(event, count)
                    yield event
        except MultipartError as error:
            raise MalformedBody(f"The form is not well-formed: {error.args[0]}.") from error
        try:
            self._parser.close()
        except MultipartError as error:
            raise IncompleteBody("The form ended before its last boundary.") from error

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes of the file. Errors: see the class and BodyReader.read."""
        for event in self._events:
            if isinstance(event, bytes | bytearray):
                yield bytes(event)


def _only_the_file(part: MultipartSegment, count: int) -> None:
    if part.name != FORM_PART:
        raise ValidationFailed(
            [(part.name, f"is not expected: the form has one part, {FORM_PART}")], location="form"
        )
    if count > 1:
        raise ValidationFailed([(FORM_PART, "is there twice")], location="form")


def read_json_bytes() -> bytes:
    """Read a whole JSON body.

    Raises:
        UnsupportedMediaType: The Content-Type is not JSON.
        BodyTooLarge: More than MAX_JSON_BYTES.
    """
    if not request.is_json:
        raise UnsupportedMediaType("The body has to be JSON, with Content-Type: application/json.")
    reader = body_reader()
    body = bytearray()
    if (reader.declared_bytes or 0) > MAX_JSON_BYTES:
        raise BodyTooLarge(f"The JSON body is larger than {MAX_JSON_BYTES} bytes.")
    for chunk in reader:
        body += chunk
        if len(body) > MAX_JSON_BYTES:
            raise BodyTooLarge(f"The JSON body is larger than {MAX_JSON_BYTES} bytes.")
    return bytes(body)


def settle_unread_body(response: Response) -> Response:
    """After the view: read a small rest of the body, or else close the connection once the answer is sent.

    What is left of one request would be taken for the beginning of the next.
    """
    reader = body_reader()
    if reader.at_end:
        return response
    connection = request.environ.get("gunicorn.socket")
    # Who declares too much is told so at once, and not after having sent it.
    failed = response.status_code in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    waits_for_continue = "HTTP_EXPECT" in request.environ and reader.read_bytes == 0
    small = reader.declared_bytes is not None and reader.declared_bytes <= _WORTH_DRAINING_BYTES
    if small and not failed and not waits_for_continue:
        try:
            for _ in reader:
                pass
        except (IncompleteBody, BodyTimeout):
            pass  # then there is nothing to keep
        else:
            return response
    if connection is not None:
        connection.leave_body_unread()
    return response
