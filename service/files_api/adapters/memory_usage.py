"""What callers have used of their quotas, counted in the memory of this process.

The counts are gone when the process ends, and other processes have their own.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date, timedelta

_MAX_COUNTS = 100_000
_DAY = timedelta(days=1)


class MemoryUsageStore:
    """A `UsageStore` for one process; safe for threads and greenlets.

    The newest day that anybody has counted for is kept, and the one before it, for requests that began before midnight.

    Args:
        max_counts: Beyond it the count that was not touched for the longest time is forgotten, which gives its caller a
            new day's quota. Without credentials a caller is an address, of which there are many.
    """

    def __init__(self, *, max_counts: int = _MAX_COUNTS) -> None:
        self._max_counts = max_counts
        self._lock = threading.Lock()
        self._newest = date.min
        #: In the order in which they were touched.
        self._counts: OrderedDict[tuple[date, str, str], int] = OrderedDict()

    def take(self, subject: str, day: date, what: str, amount: int, *, limit: int) -> int | None:
        """See `UsageStore.take`."""
        with self._lock:
            used = self._counts.get((day, subject, what), 0) + amount
            if used > limit:
                return None
            self._keep((day, subject, what), used)
            return used

    def add(self, subject: str, day: date, what: str, amount: int) -> None:
        """See `UsageStore.add`. More than was counted is not given back: then nothing is."""
        with self._lock:
            used = self._counts.get((day, subject, what), 0) + amount
            if used >= 0:
                self._keep((day, subject, what), used)

    def _keep(self, count: tuple[date, str, str], used: int) -> None:
        if count[0] > self._newest:
            self._newest = count[0]
            oldest = self._newest - _DAY
            for past in [other for other in self._counts if other[0] < oldest]:
                del self._counts[past]
        self._counts[count] = used
        self._counts.move_to_end(count)
        while len(self._counts) > self._max_counts:
            self._counts.popitem(last=False)
