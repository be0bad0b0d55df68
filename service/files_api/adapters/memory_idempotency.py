"""Answers to idempotent requests, kept in the memory of this process.

They are gone when the process ends, and other processes do not know them.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from files_api.domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused

if TYPE_CHECKING:
    from collections.abc import Callable

    from files_api.domain.ports import Claim

#: How long an answer is good, by the contract.
TTL_SECONDS = 24 * 3600.0
_MAX_ENTRIES = 10_000
_MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    fingerprint: str
    begun_at_seconds: float
    answer: bytes | None = None


class MemoryIdempotencyStore:
    """An `IdempotencyStore` for one process; safe for threads and greenlets.

    Args:
        clock: Tells seconds that never go back.
        max_entries: Beyond it the oldest finished answers are forgotten; running requests never are.
        max_answer_bytes: The same, for the sum of all answers.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        max_entries: int = _MAX_ENTRIES,
        max_answer_bytes: int = _MAX_ANSWER_BYTES,
    ) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._max_answer_bytes = max_answer_bytes
        self._lock = threading.Lock()
        self._running: dict[str, _Entry] = {}
        #: In the order in which they began to be kept, which is the order in which they are forgotten.
        self._finished: OrderedDict[str, _Entry] = OrderedDict()
        self._answer_bytes = 0

    def claim(self, key: str, fingerprint: str) -> Claim | bytes:
        """See `IdempotencyStore.claim`."""
        with self._lock:
            self._forget_expired()
            entry = self._running.get(key) or self._finished.get(key)
            if entry is None:
                self._running[key] = entry = _Entry(fingerprint, self._clock())
                self._forget_excess()
                return _MemoryClaim(self, key, entry)
            if entry.fingerprint != fingerprint:
                raise IdempotencyKeyReused("This Idempotency-Key was used with another request body.")
            if entry.answer is None:
                raise IdempotencyKeyInUse("The first request with this Idempotency-Key is still running.")
            return entry.answer

    def keep(self, claim: _MemoryClaim, answer: bytes) -> None:
        """Keep the answer of a claim. One larger than the whole store is not kept."""
        with self._lock:
            if self._running.get(claim.key) is claim.entry:
                del self._running[claim.key]
                self._finished[claim.key] = replace(claim.entry, answer=answer)
                self._answer_bytes += len(answer)
                self._forget_excess()

    def give_back(self, claim: _MemoryClaim) -> None:
        """Give the key of a claim back; an answer that was kept stays."""
        with self._lock:
            if self._running.get(claim.key) is claim.entry:
                del self._running[claim.key]

    def _forget_expired(self) -> None:
        # Looks at all: an answer that took long to make expires before one that was finished earlier.
        limit = self._clock() - TTL_SECONDS
        for key in [key for key, entry in self._finished.items() if entry.begun_at_seconds <= limit]:
            self._forget(key)

    def _forget_excess(self) -> None:
        while self._finished and (
            len(self._running) + len(self._finished) > self._max_entries
            or self._answer_bytes > self._max_answer_bytes
        ):
            self._forget(next(iter(self._finished)))

    def _forget(self, key: str) -> None:
        answer = self._finished.pop(key).answer
        self._answer_bytes -= len(answer or b"")


@dataclass(frozen=True, slots=True)
class _MemoryClaim:
    """A `Claim`. Its entry tells it from every other claim of the same key."""

    store: MemoryIdempotencyStore
    key: str
    entry: _Entry

    def finish(self, answer: bytes) -> None:
        """See `Claim.finish`."""
        self.store.keep(self, answer)

    def abandon(self) -> None:
        """See `Claim.abandon`."""
        self.store.give_back(self)
