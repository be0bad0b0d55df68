"""What a caller may use in a day: bytes stored, files generated."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from files_api.domain.errors import AccessUnavailable, QuotaExceeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from files_api.domain.access import Caller
    from files_api.domain.ports import UsageStore

log = logging.getLogger(__name__)

_STORED_BYTES = "stored_bytes"
_GENERATIONS = "generations"


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class Charge:
    """What an upload costs; known for certain when it is stored."""

    def __init__(self, reserved_bytes: int) -> None:
        self.reserved_bytes = reserved_bytes
        self.stored_bytes = 0

    def stored(self, size_bytes: int) -> None:
        """Say how large the stored file is, in bytes."""
        self.stored_bytes = size_bytes


class Quota:
    """The quotas of one caller.

    Where the store cannot be reached, files are stored all the same and the log counts it; nothing is generated, since
    that costs money.

    Args:
        usage: Where it is counted.
        caller: Who.
        now: Tells the time in UTC.
    """

    def __init__(self, usage: UsageStore, caller: Caller, now: Callable[[], datetime] = utc_now) -> None:
        self._usage = usage
        self._subject = caller.subject
        self._plan = caller.plan
        self._now = now

    def take_generation(self) -> None:
        """Count one more generation.

        Raises:
            QuotaExceeded: The caller has had them all for today.
            AccessUnavailable: It cannot be found out.
        """
        limit = self._plan.generations_per_day
        if limit is not None:
            self._take(_GENERATIONS, 1, limit)

    @contextmanager
    def storing(self, declared_bytes: int | None) -> Iterator[Charge]:
        """Count the bytes of a file while it is stored; what fails inside costs nothing.

        Args:
            declared_bytes: How many it will be. Where that is not known, there must be something left at all, and the
                bytes are counted afterwards.

        Raises:
            QuotaExceeded: There is not so much left for today.
        """
        limit = self._plan.stored_bytes_per_day
        if limit is None:
            yield Charge(0)
            return
        # One byte stands for a size that is not known: it finds out whether there is anything left.
        charge = Charge(1 if declared_bytes is None else declared_bytes)
        day = self._now().date()
        try:
            self._take(_STORED_BYTES, charge.reserved_bytes, limit)
        except AccessUnavailable as error:
            self._tell(error)
            yield charge
            return
        try:
            yield charge
        finally:
            difference = charge.stored_bytes - charge.reserved_bytes
            if difference:
                try:
                    self._usage.add(self._subject, day, _STORED_BYTES, difference)
                except AccessUnavailable as error:
                    self._tell(error)

    def _take(self, what: str, amount: int, limit: int) -> None:
        now = self._now()
        if self._usage.take(self._subject, now.date(), what, amount, limit=limit) is None:
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
            raise QuotaExceeded(
                f"The quota of {what.replace('_', ' ')} for today is {limit}; there is not so much left of it.",
                max(1, int((midnight - now).total_seconds()) + 1),
            )

    def _tell(self, error: AccessUnavailable) -> None:
        log.error(
            "a quota was not counted",
            exc_info=error.__cause__,
            extra={"event": "quota_unavailable", "subject": self._subject},
        )
