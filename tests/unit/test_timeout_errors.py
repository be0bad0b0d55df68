"""What an error of gevent's holds, and lets go (`files_api.timeout_errors`)."""

from __future__ import annotations

import weakref

import gevent
import pytest

from files_api.adapters.s3.budget import waiting_for_s3
from files_api.domain.errors import StorageUnavailable
from files_api.timeout_errors import without_frames


class Buffer:
    """Something that a request needs room for."""


def waiting_in_vain() -> weakref.ref[Buffer]:
    """Wait with a buffer for longer than there is time; what is left of the buffer afterwards."""
    buffer = Buffer()
    left = weakref.ref(buffer)

    def wait() -> None:
        timeout = gevent.Timeout.start_new(0.001)
        assert buffer is not None
        try:
            gevent.sleep(10)
        finally:
            timeout.close()

    try:
        wait()
    except gevent.Timeout as error:
        without_frames(error)
    return left


def test_what_is_without_frames_holds_nothing(without_collector: None) -> None:
    assert waiting_in_vain()() is None


def test_frames_are_held_by_an_error_that_has_them(
    without_collector: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(waiting_in_vain.__globals__, "without_frames", lambda error: error)

    assert waiting_in_vain()() is not None


def test_a_request_that_waited_for_s3_too_long_leaves_nothing(without_collector: None) -> None:
    def wait(buffer: Buffer) -> weakref.ref[Buffer]:
        with waiting_for_s3(0.001):
            gevent.sleep(10)
        return weakref.ref(buffer)

    buffer = Buffer()
    left = weakref.ref(buffer)
    with pytest.raises(StorageUnavailable) as caught:
        wait(buffer)
    del buffer, caught

    assert left() is None
