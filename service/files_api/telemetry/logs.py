"""One JSON object a line, in UTC, from the service and from gunicorn alike."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from opentelemetry import trace
from pythonjsonlogger.json import JsonFormatter

from files_api.telemetry.tracing import ids_of

# What no line shows need not be found out for each of them
# (https://docs.python.org/3/howto/logging.html#optimization): under gevent, the thread alone costs as much as a line.
logging.logThreads = False
logging.logProcesses = False
logging.logMultiprocessing = False


class LogFormatter(JsonFormatter):
    """Writes `timestamp`, `level`, `logger`, `message` and whatever the call gave as `extra`.

    JSON escapes control characters, so that nothing a client sends can begin a line of its own.
    """

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put the fields that every line has in front."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["timestamp"] = moment.replace("+00:00", "Z")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        super().add_fields(log_data, record, message_dict)
        ids = ids_of(trace.get_current_span())
        if ids is not None:
            log_data["trace_id"] = ids.trace_id
            log_data["span_id"] = ids.span_id
            log_data["xray_trace_id"] = ids.xray_trace_id


class _NoLock:
    """Looks like a lock, and keeps nobody out. None will not do: Python 3.13's handlers enter theirs unasked."""

    def acquire(self) -> None:
        """Go on."""

    def release(self) -> None:
        """Go on."""

    def __enter__(self) -> None:
        """Go on."""

    def __exit__(self, *_: object) -> None:
        """Go on."""


_NO_LOCK = _NoLock()


class LineHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic for type checkers alone
    """Writes each line at once, and without a lock.

    Whoever logs here is a greenlet, and a write to a plain stream lets no other one in between; gevent's lock would
    cost as much as formatting the line.
    """

    def createLock(self) -> None:  # noqa: N802  # logging's name
        """Make none."""
        self.lock = _NO_LOCK  # type: ignore[assignment]  # all of a lock that is ever used


def logging_config(level: str) -> dict[str, Any]:
    """Make what `logging.config.dictConfig` and gunicorn take.

    Args:
        level: The least level that is written; health checks are at DEBUG.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": LogFormatter, "fmt": "%(message)s"}},
        "handlers": {
            "stderr": {
                "class": "files_api.telemetry.logs.LineHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            },
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "files_api": {"level": level, "handlers": ["stderr"], "propagate": False},
            "gunicorn.error": {"level": level, "handlers": ["stderr"], "propagate": False},
            "gunicorn.access": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        },
    }
