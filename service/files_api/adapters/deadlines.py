"""One limit of time over everything that a piece of work does."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import gevent
from gevent import monkey

from files_api.domain.errors import GeneratorTimeout
from files_api.timeout_errors import without_frames

if TYPE_CHECKING:
    from collections.abc import Iterator


class Deadline:
    """A moment in the future.

    Args:
        seconds: How far away it is.
    """

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Tell how many seconds are left; always more than 0.

        Raises:
            GeneratorTimeout: None are.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise GeneratorTimeout("The model did not answer in time.")
        return left

    def allows(self, seconds: float) -> bool:
        """Tell whether a pause of so many seconds leaves time to go on."""
        return self._ends_at - time.monotonic() > seconds


@contextmanager
def deadline_of(seconds: float) -> Iterator[Deadline]:
    """Give a piece of work so many seconds.

    Where gevent has replaced the sockets, as in our server, the work is broken off wherever it waits, also
    for a peer that keeps sending a byte now and then. Elsewhere it has to ask `remaining` itself.

    Raises:
        GeneratorTimeout: The time is up.
    """
    if not monkey.is_module_patched("socket"):
        yield Deadline(seconds)
        return
    timeout = gevent.Timeout.start_new(seconds)
    try:
        yield Deadline(seconds)
    except gevent.Timeout as raised:
        if raised is not timeout:
            raise  # a limit that somebody around us has set
        raise GeneratorTimeout("The model did not answer in time.") from without_frames(raised)
    finally:
        timeout.close()
