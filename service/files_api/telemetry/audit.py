"""The audit stream: who was let in, who was not, and what was changed or deleted.

Each line has an `event` of its own and the id of the credential, never a secret. The lines stand in the log, and go to
a CloudWatch log group of their own where that is set: never so that a request waits for it, or fails with it.
"""

from __future__ import annotations

import logging
from typing import Any

from files_api.telemetry.logs import LogFormatter

log = logging.getLogger("files_api.audit")


def record(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line.

    Args:
        event: What happened: a stable name (docs/access.md lists them).
        level: One of logging's.
        fields: What else is told; None is left out.
    """
    told = {name: value for name, value in fields.items() if value is not None}
    log.log(level, "audit: %s", event.replace("_", " "), extra={"event": event, **told})


def write_to_stderr() -> None:
    """Write the lines of an operator's command to stderr, as the service writes its own."""
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
