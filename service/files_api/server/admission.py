"""How many requests one process works on at a time, and what it says to those beyond.

A server that takes on more than it can do does all of it late. Here the ones that were admitted keep their latency, and
the others are told at once to come again. In work is what uses the processor or waits for S3 or OpenAI; a request that
waits for its client, to send or to read, is not: slow clients take no place from anybody.
"""

from __future__ import annotations

import logging
import re
import time

from files_api.server.refusals import Refusal, new_uuid
from files_api.telemetry import metrics

log = logging.getLogger(__name__)

# Whoever watches over the service has to see it, above all when it is busy.
_ALWAYS_ADMITTED = re.compile(rb"[A-Z]+ (?:/health/|/version[ ?])")
_REQUEST_ID = re.compile(rb"\r\nx-request-id:[ \t]*([A-Za-z0-9._:-]{1,128})[ \t]*\r\n", re.IGNORECASE)
# A request that is here from its very beginning: of one behind another, gunicorn may hold the first bytes.
_WHOLE = re.compile(rb"(?:GET|HEAD|PUT|POST|DELETE|OPTIONS|PATCH) [^ \r\n]+ HTTP/1\.1\r\n")
_HAS_BODY = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect|connection):", re.IGNORECASE)
_RETRY_AFTER_SECONDS = 1
# Refusals come in thousands at once: one line of the log for so many seconds of them.
_LOG_SECONDS = 1.0


class Admission:
    """The requests in work in this process.

    Args:
        most: How many there may be before new ones are refused.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._in_work = 0
        self._refused = 0
        self._logged_at = 0.0

    def enter(self) -> None:
        """Note that a request is in work, or is again after waiting for its client."""
        self._in_work += 1

    def leave(self) -> None:
        """Note that it is not, or waits for its client."""
        self._in_work -= 1

    def refusal_of(self, head: bytes) -> Refusal | None:
        """Decide on a request of which this much has come.

        Decided before anything is parsed: to say no must cost next to nothing, or saying it would be what the process
        is busy with.

        Args:
            head: The first bytes of the request.

        Returns:
            What to answer where the request is refused.
        """
        if self._in_work < self._most or _ALWAYS_ADMITTED.match(head):
            return None
        self._refused += 1
        metrics.record_limit_hit("concurrency")
        self._tell()
        wanted = _REQUEST_ID.search(head)
        return Refusal(
            status=503,
            code="overloaded",
            detail="The service has more requests than it can serve now; try again.",
            request_id=wanted[1].decode() if wanted is not None else new_uuid().hex,
            retry_after_seconds=_RETRY_AFTER_SECONDS,
            has_body=not head.startswith(b"HEAD "),
            # Where the whole request is known to be here, the next one may come on the same connection.
            closes=_WHOLE.match(head) is None
            or head.find(b"\r\n\r\n") != len(head) - 4
            or _HAS_BODY.search(head) is not None,
        )

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._logged_at >= _LOG_SECONDS:
            log.warning(
                "requests refused: too many in work",
                extra={"event": "overloaded", "refused": self._refused, "in_work": self._in_work},
            )
            self._logged_at = now
            self._refused = 0
