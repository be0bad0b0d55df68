"""Of requests that come at once, the emulator serves one at a time (`emulator.turns`)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.infra.emulator.turns import OneAtATime
from werkzeug.test import Client

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

_MEETING_SECONDS = 0.3


class _MeetingPlace:
    """A WSGI application whose requests wait for each other, and tell whether they have met."""

    def __init__(self) -> None:
        self._door = threading.Barrier(2)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        # While the answer is made, as moto's are when they stream.
        yield self._meet()

    def _meet(self) -> bytes:
        try:
            self._door.wait(_MEETING_SECONDS)
        except threading.BrokenBarrierError:
            self._door.reset()
            return b"alone"
        return b"met"


def _answers(application: object) -> set[str]:
    with ThreadPoolExecutor(2) as clients:
        asked = [clients.submit(lambda: Client(application).get("/").text) for _ in range(2)]  # type: ignore[arg-type]
        return {one.result() for one in asked}


def test_two_requests_would_meet() -> None:
    assert _answers(_MeetingPlace()) == {"met"}


def test_two_requests_do_not_meet() -> None:
    assert _answers(OneAtATime(_MeetingPlace())) == {"alone"}
