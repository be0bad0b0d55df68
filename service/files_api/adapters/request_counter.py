"""Counts requests a minute: in this process, or in Valkey or Redis for a whole fleet.

The storage is the one of `limits`, which Flask-Limiter is built on (https://limits.readthedocs.io/en/stable/storage.html);
Flask-Limiter itself would read its limits from text again at every request, and tell nothing in the form of the IETF's
RateLimit fields.
"""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING

from limits.errors import StorageError
from limits.storage import Storage, storage_from_string

from files_api.domain.plans import Standing

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

_WINDOW_SECONDS = 60
# A store that does not answer costs a request this much, and then for a while none.
_TIMEOUT_SECONDS = 0.25
_PAUSE_SECONDS = 2.0
_OPTIONS = {"socket_connect_timeout": _TIMEOUT_SECONDS, "socket_timeout": _TIMEOUT_SECONDS}


class RequestCounter:
    """Counts in windows that begin with each minute, so that one round trip tells everything.

    Args:
        uri: `memory://`, or where a Valkey or Redis answers (`valkey://`, `valkeys://`, `redis://`, `rediss://`).
        clock: Tells the time in seconds since 1970.
    """

    def __init__(self, uri: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        options = {} if uri == "memory://" else _OPTIONS
        # One client for both, which speak one protocol: Valkey's, which does not try again and again by itself.
        storage = storage_from_string(re.sub("^redis", "valkey", uri), wrap_exceptions=True, **options)
        if not isinstance(storage, Storage):
            raise TypeError(f"{uri} is not for synchronous callers")
        self._storage = storage
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
        window, passed_seconds = divmod(now, _WINDOW_SECONDS)
        try:
            count = self._storage.incr(f"files-api:{key}:{window:.0f}", _WINDOW_SECONDS)
        except StorageError as error:
            self._tell(now, error)
            return None
        return Standing(
            limit=limit,
            remaining=max(0, limit - count),
            window_seconds=_WINDOW_SECONDS,
            reset_seconds=max(1, _WINDOW_SECONDS - int(passed_seconds)),
            is_over=count > limit,
        )

    def _tell(self, now: float, error: StorageError) -> None:
        log.error(
            "requests pass unlimited: the store of the limits does not answer",
            extra={
                "event": "limits_unavailable",
                "passed": self._passed + 1,
                "cause": type(error.storage_error).__name__,
            },
        )
        self._passed = 0
        self._ask_again_at = now + _PAUSE_SECONDS
