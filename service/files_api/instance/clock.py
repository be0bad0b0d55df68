"""Time that goes by until somebody wants this program to end."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from files_api.instance.surroundings import StopRequested

if TYPE_CHECKING:
    from types import FrameType


class StoppableClock:
    """The machine's clock, whose sleep ends at SIGTERM and SIGINT. To be made in the main thread."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)

    def monotonic(self) -> float:
        """Seconds, from whenever."""
        return time.monotonic()

    def utc(self) -> datetime:
        """The time of day."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            StopRequested: A signal came, now or before.
        """
        if self._stop.wait(max(0.0, seconds)):
            raise StopRequested

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()
