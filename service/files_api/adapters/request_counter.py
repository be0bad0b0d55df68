"""Counts requests a minute: in this process, or in Valkey or Redis for a whole fleet.

Not Flask-Limiter, nor the package `limits` under it: the first reads its limits from text at every request and knows
no RateLimit fields, the second starts a thread every few milliseconds to forget, where a window that begins with the
minute can be forgotten as a whole.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Protocol

from files_api.domain.plans import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# A store that does not answer costs a request this much, and then for a while none.
_TIMEOUT_SECONDS = 0.25
_PAUSE_SECONDS = 2.0


class CountsUnavailableError(Exception):
    """The store does not answer. Never leaves this module."""


class Counts(Protocol):
    """Where is counted."""

    def add_one(self, key: str, window: int) -> int:
        """Count one more in this window, and tell how many that makes.

        Raises:
            CountsUnavailableError: The store does not answer.
        """


class MemoryCounts:
    """Counts in this process. What it takes is gone with the minute."""

    def __init__(self) -> None:
        self._window = 0
        self._counts: dict[str, int] = {}

    def add_one(self, key: str, window: int) -> int:
        """See Counts.add_one."""
        if window != self._window:
            self._window, self._counts = window, {}
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count


class ValkeyCounts:
    """Counts in Valkey or Redis, which speak one protocol.

    Args:
        uri: `valkey://`, `valkeys://` (TLS), `redis://` or `rediss://`.
    """

    def __init__(self, uri: str) -> None:
        # Here, since only a fleet needs it.
        import valkey  # noqa: PLC0415

        self._failures = (valkey.ValkeyError, OSError)
        self._client = valkey.Valkey.from_url(
            re.sub("^redis", "valkey", uri),
            socket_connect_timeout=_TIMEOUT_SECONDS,
            socket_timeout=_TIMEOUT_SECONDS,
        )

    def add_one(self, key: str, window: int) -> int:
        """See Counts.add_one. One round trip: INCR and EXPIRE."""
        name = f"files-api:{key}:{window}"
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                pipeline.incr(name)
                pipeline.expire(name, 2 * WINDOW_SECONDS)
                return int(pipeline.execute()[0])  # type: ignore[no-untyped-call]  # valkey's types end here
        except self._failures as error:
            raise CountsUnavailableError from error


class RequestCounter:
    """Counts in windows that begin with each minute, so that one look tells everything.

    Args:
        counts: Where.
        clock: Tells the time in seconds since 1970.
    """

    def __init__(self, counts: Counts, clock: Callable[[], float] = time.time) -> None:
        self._counts = counts
        self._clock = clock
        self._ask_again_at = 0.0
        self._passed = 0

    def count(self, key: str, limit: int) -> Standing | None:
        """Count one more request, and tell how that stands.

        Args:
            key: Whose, and of which kind.
            limit: How many there may be in a minute.

        Returns:
            None where the store does not answer: what cannot be counted passes, and the log counts that.
        """
        now = self._clock()
        if now < self._ask_again_at:
            self._passed += 1
            return None
        window, passed_seconds = divmod(now, WINDOW_SECONDS)
        try:
            count = self._counts.add_one(key, int(window))
        except CountsUnavailableError as error:
            self._tell(now, error)
            return None
        return Standing(
            limit=limit,
            remaining=max(0, limit - count),
            window_seconds=WINDOW_SECONDS,
            reset_seconds=max(1, WINDOW_SECONDS - int(passed_seconds)),
            is_over=count > limit,
        )

    def _tell(self, now: float, error: CountsUnavailableError) -> None:
        log.error(
            "requests pass unlimited: the store of the limits does not answer",
            extra={
                "event": "limits_unavailable",
                "passed": self._passed + 1,
                "cause": type(error.__cause__).__name__,
            },
        )
        self._passed = 0
        self._ask_again_at = now + _PAUSE_SECONDS


def make_request_counter(uri: str) -> RequestCounter:
    """Make the counter that the setting FILES_API_LIMITS_STORAGE asks for."""
    return RequestCounter(MemoryCounts() if uri == "memory://" else ValkeyCounts(uri))
