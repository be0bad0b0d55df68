"""A mixed load: small requests, and uploads and downloads that take seconds. It writes down what became of each."""

from __future__ import annotations

import hashlib
import http.client
import os
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE_BYTES = 24 * 1024 * 1024
_SLOW_SECONDS = 4.0
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        kind: `small`, `upload` or `download`.
        began: When it was sent (time.monotonic).
        ended: When its answer had come, or had not.
        target: Who answered it, as the balancer says; empty where nobody did.
        problem: What was wrong; None where nothing was.
    """

    kind: str
    began: float
    ended: float
    target: str
    problem: str | None


class _WrongAnswerError(Exception):
    """An answer that is not the right one."""


class Traffic:
    """The load, from when it is made until it is ended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ending = threading.Event()
        self._changed = threading.Condition()
        self._outcomes: list[Outcome] = []
        self._targets = threading.local()
        self._large_path = f"/v1/files/traffic/{uuid.uuid4().hex}.bin"
        self._large = os.urandom(_LARGE_BYTES)
        self._large_digest = hashlib.sha256(self._large).hexdigest()
        self._once("small", self._put_large)
        assert self.failures() == []
        kinds = [("small", self._small)] * 3 + [("upload", self._upload), ("download", self._download)] * 3
        self._threads = [threading.Thread(target=self._repeat, args=kind) for kind in kinds]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Send nothing more, and wait for what is under way."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def outcomes(self) -> list[Outcome]:
        with self._changed:
            return list(self._outcomes)

    def failures(self) -> list[Outcome]:
        return [one for one in self.outcomes() if one.problem is not None]

    def successes(self) -> Counter[str]:
        return Counter(one.kind for one in self.outcomes() if one.problem is None)

    def wait_for_more(self, kind: str, more: int, seconds: float = 60.0) -> None:
        """Wait until so many more requests of a kind, begun from now on, have ended."""
        now = time.monotonic()

        def enough() -> bool:
            return sum(one.kind == kind and one.began > now for one in self._outcomes) >= more

        with self._changed:
            assert self._changed.wait_for(enough, seconds), (
                f"the load has come to a stop: {self._outcomes[-5:]}"
            )

    def _repeat(self, kind: str, request: Callable[[], None]) -> None:
        while not self._ending.is_set():
            self._once(kind, request)

    def _once(self, kind: str, request: Callable[[], None]) -> None:
        self._targets.name = ""
        began = time.monotonic()
        try:
            request()
            problem = None
        except (OSError, http.client.HTTPException, _WrongAnswerError) as error:
            problem = f"{type(error).__name__}: {error}"
        with self._changed:
            self._outcomes.append(Outcome(kind, began, time.monotonic(), self._targets.name, problem))
            self._changed.notify_all()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    def _answer(self, connection: http.client.HTTPConnection, status: int) -> http.client.HTTPResponse:
        # Not who answered the last one, should nobody answer this.
        self._targets.name = ""
        answer = connection.getresponse()
        self._targets.name = answer.headers.get("X-Target", "")
        if answer.status != status:
            raise _WrongAnswerError(f"{answer.status} {answer.read()[:200]!r}")
        return answer

    def _put_large(self) -> None:
        connection = self._connect()
        try:
            connection.request("PUT", self._large_path, self._large)
            self._answer(connection, 201).read()
        finally:
            connection.close()

    def _small(self) -> None:
        """Write, read, list and delete a file, over one connection."""
        path, body = f"/v1/files/traffic/{uuid.uuid4().hex}", os.urandom(2000)
        connection = self._connect()
        try:
            for method, target, sent, status in (
                ("PUT", path, body, 201),
                ("GET", path, None, 200),
                ("GET", "/v1/files?directory=traffic&page_size=5", None, 200),
                ("DELETE", path, None, 204),
            ):
                connection.request(method, target, sent)
                got = self._answer(connection, status).read()
                if (method, target) == ("GET", path) and got != body:
                    raise _WrongAnswerError("other bytes")
        finally:
            connection.close()

    def _upload(self) -> None:
        """Write a file slowly."""
        piece = os.urandom(8 * 1024)
        path = f"/v1/files/traffic/{uuid.uuid4().hex}"
        connection = self._connect()
        try:
            connection.putrequest("PUT", path)
            connection.putheader("Content-Length", str(len(piece) * _STEPS))
            connection.endheaders()
            for _ in range(_STEPS):
                connection.send(piece)
                threading.Event().wait(_SLOW_SECONDS / _STEPS)  # that is what makes it slow
            self._answer(connection, 201).read()
            connection.request("HEAD", path)
            size = self._answer(connection, 200).headers["Content-Length"]
            if size != str(len(piece) * _STEPS):
                raise _WrongAnswerError(f"{size} bytes are stored")
        finally:
            connection.close()

    def _download(self) -> None:
        """Read a file slowly."""
        connection = self._connect()
        digest = hashlib.sha256()
        try:
            connection.request("GET", self._large_path)
            answer = self._answer(connection, 200)
            for _ in range(_STEPS):
                digest.update(answer.read(_LARGE_BYTES // _STEPS + 1))
                threading.Event().wait(_SLOW_SECONDS / _STEPS)
            digest.update(answer.read())
            if digest.hexdigest() != self._large_digest:
                raise _WrongAnswerError("other bytes")
        finally:
            connection.close()
