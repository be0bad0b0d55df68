"""Whether this process still wants new requests."""

from __future__ import annotations

from pathlib import Path

#: Where the application keeps its Lifecycle, for the server to find.
LIFECYCLE = "files_api.lifecycle"


class Lifecycle:
    """Ready from the start, draining from the first sign of an end.

    Args:
        drain_file: While this file exists the process is draining, too; None where nobody uses one.
    """

    def __init__(self, drain_file: str | None = None) -> None:
        self._drain_file = Path(drain_file) if drain_file is not None else None
        self._draining = False

    def drain(self) -> None:
        """Say from now on that the load balancer should send nothing new."""
        self._draining = True

    @property
    def is_ready(self) -> bool:
        """Whether the load balancer may send new requests."""
        return not self._draining and (self._drain_file is None or not self._drain_file.exists())
