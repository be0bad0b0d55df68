"""The time in which the simulated instances live.

It goes on by a step whenever somebody looks at a group, its instances or its refresh. So waiting costs nobody any
time, and whoever asks again and again sees every state that there is.
"""

from __future__ import annotations

#: Simulated seconds from one look to the next.
STEP_SECONDS = 15.0


class Clock:
    """Simulated seconds since the group was made."""

    def __init__(self) -> None:
        self.now = 0.0

    def advance(self) -> None:
        self.now += STEP_SECONDS
