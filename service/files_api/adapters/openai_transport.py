"""The HTTP below the OpenAI SDK, with limits that the SDK does not have. Imported with it, at first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import openai

from files_api.domain.errors import GeneratorBadAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Error answers are a few hundred bytes of JSON; the SDK reads them to their end by itself.
_MAX_ERROR_BYTES = 64 * 1024
_CONNECT_TIMEOUT_SECONDS = 5.0
_CHUNK_BYTES = 64 * 1024


def make_client(base_url: str | None) -> openai.OpenAI:
    """Make the SDK's client for one server.

    Args:
        base_url: Where it answers; None for OpenAI's own.
    """
    return openai.OpenAI(
        # Every request brings its own key: this one only keeps the SDK from looking for one itself.
        api_key="set-per-request",
        base_url=base_url,
        max_retries=0,
        http_client=httpx2.Client(
            # Where an answer points to is never fetched; a redirect is a bad answer like any other.
            follow_redirects=False,
            # A compressed answer could unpack to any size.
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [_limit]},
        ),
    )


def timeout_of(seconds: float) -> httpx2.Timeout:
    """Make the time limits of one request that must not wait longer than so many seconds in any one place."""
    connect = min(seconds, _CONNECT_TIMEOUT_SECONDS)
    return httpx2.Timeout(seconds, connect=connect, pool=connect)


def read_bounded(chunks: Iterable[bytes], declared: str | None, max_bytes: int) -> Iterator[bytes]:
    """Pass a body on, as long as it is not larger than so many bytes.

    Args:
        chunks: The body.
        declared: Its Content-Length, if it has one: too much of that is not even begun.
        max_bytes: The limit.

    Raises:
        GeneratorBadAnswer: It is larger.
    """
    problem = f"The model's answer is larger than {max_bytes} bytes."
    if declared is not None and declared.isdecimal() and int(declared) > max_bytes:
        raise GeneratorBadAnswer(problem)
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise GeneratorBadAnswer(problem)
        yield chunk


def chunks_of(response: httpx2.Response) -> Iterator[bytes]:
    """Read a body in pieces of a size that does not depend on the sender."""
    return response.iter_raw(_CHUNK_BYTES)


class _BoundedStream(httpx2.SyncByteStream):
    """A body that ends with an error when it is too large."""

    def __init__(self, stream: httpx2.SyncByteStream, declared: str | None) -> None:
        self._stream = stream
        self._declared = declared

    def __iter__(self) -> Iterator[bytes]:
        return read_bounded(self._stream, self._declared, _MAX_ERROR_BYTES)

    def close(self) -> None:
        self._stream.close()


def _limit(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise GeneratorBadAnswer("The model's answer is compressed, though that was not allowed.")
    if not response.is_success and isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _BoundedStream(response.stream, response.headers.get("content-length"))
