"""A clock whose time goes by only when somebody waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class StandingClock:
    def __init__(self) -> None:
        self._began = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
