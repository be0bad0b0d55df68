"""gunicorn's own log."""

from __future__ import annotations

from gunicorn.glogging import Logger


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Writes what the server has to say, and no access lines: the application writes one per request."""

    @property
    def access_log_enabled(self) -> bool:
        """Say no, where gunicorn says yes to any `logconfig_dict`, and works out a line that nobody writes."""
        return False
