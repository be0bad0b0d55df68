"""Looks whether a deployed service does its work, from outside: the last step of a deployment."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from files_api.operations.errors import NotReadyError, OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SECONDS = 20


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content_type: str
    body: bytes


class Smoke:
    """Asks a service.

    Args:
        url: Where it is: https://files.example.com.
        key: An API key with the right to read, write and delete below its root; None asks only what is open.
        say: Takes a line about each thing that was looked at.

    Raises:
        NotReadyError: The URL is none.
    """

    def __init__(self, url: str, key: str | None, say: Callable[[str], None]) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotReadyError(
                f"URL must be that of the service, such as https://files.example.com, not {url!r}."
            )
        self._url = url.rstrip("/")
        self._pool = urllib3.PoolManager()
        self._key = key
        self._say = say

    def run(self) -> None:
        """Look at everything.

        Raises:
            OperationError: The service is not as it should be; the text says in what.
        """
        self._expect("it is alive", _Request("GET", "/health/live"), 200)
        self._expect("its document is there, or closed", _Request("GET", "/openapi.json"), 200, 401)
        self._expect("files are not open to anybody", _Request("GET", "/v1/files"), 401)
        if self._key is None:
            self._say("No API key (FILES_API_KEY): no file was written.")
            return
        self._round_trip()

    def _round_trip(self) -> None:
        path = f"/v1/files/smoke/{uuid.uuid4().hex}.txt"
        content = f"Written by a smoke test as {path}".encode()
        headers = {"X-API-Key": self._key or ""}
        self._expect("a file goes in", _Request("PUT", path, headers, content), 201)
        try:
            got = self._expect("it comes out", _Request("GET", path, headers), 200)
            if got.body != content:
                raise OperationError(
                    f"GET {path} gave {len(got.body)} bytes that are not those that were written."
                )
        finally:
            self._expect("it goes away", _Request("DELETE", path, headers), 204)

    def _expect(self, what: str, request: _Request, *statuses: int) -> _Answer:
        answer = self._ask(request)
        if answer.status not in statuses:
            raise OperationError(
                f"{request} answered {answer.status} instead of {' or '.join(map(str, statuses))}{_reason(answer)}."
            )
        if answer.status >= 400 and not answer.content_type.startswith("application/problem+json"):
            raise OperationError(
                f"{request} answered {answer.status} as {answer.content_type!r}: that is not the service."
            )
        self._say(f"ok: {what} ({request}: {answer.status})")
        return answer

    def _ask(self, request: _Request) -> _Answer:
        try:
            response = self._pool.request(
                request.method,
                self._url + request.path,
                body=request.body,
                headers=dict(request.headers),
                timeout=_SECONDS,
                # A redirect is not what an API's client should meet, and one look should be one request.
                redirect=False,
                retries=False,
            )
        except HTTPError as error:
            raise OperationError(f"{request} got no answer from {self._url}: {error}.") from error
        return _Answer(response.status, response.headers.get("Content-Type", ""), response.data)


def _reason(answer: _Answer) -> str:
    """What a problem+json answer says of itself."""
    try:
        told = json.loads(answer.body)
        return f" ({told['code']}: {told['detail']})".replace(".)", ")")
    except (ValueError, KeyError, TypeError):
        return ""
