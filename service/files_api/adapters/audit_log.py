"""The audit stream on its way to CloudWatch Logs: beside the requests, never in their way.

Lines wait in a queue with an end; a thread hands them to watchtower, which sends them in batches. That some cannot be
sent is told in the log, where the same lines stand anyway.
"""

from __future__ import annotations

import atexit
import logging
import logging.handlers
import queue
import time
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from watchtower import CloudWatchLogHandler

from files_api.telemetry import audit
from files_api.telemetry.logs import LogFormatter

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_logs import CloudWatchLogsClient

log = logging.getLogger(__name__)

# Lines that wait at most, in each of the two queues; each is below a kilobyte.
_MOST_WAITING = 10_000
_SEND_SECONDS = 5
_TRY_AGAIN_SECONDS = 30.0
# What is left of it when the process ends is given so long.
_FLUSH_SECONDS = 5
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 2},
    user_agent_extra="files-api",
)


def ship_audit(group: str, *, region: str | None, endpoint_url: str | None) -> Callable[[], None]:
    """Send every audit line to this log group from now on. Call it after the fork. Nothing is waited for.

    Args:
        group: The log group; it is made where it is missing. IAM: logs:CreateLogStream, logs:PutLogEvents (and
            logs:CreateLogGroup, logs:DescribeLogGroups where it is to be made).
        region: Its region; None for where boto3 finds one.
        endpoint_url: Another server than Amazon's.

    Returns:
        What sends the rest and ends it; called by itself at the end of the process.
    """
    # watchtower tells of what it cannot deliver as Python warnings.
    logging.captureWarnings(capture=True)
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(_MOST_WAITING)
    handler = _Bounded(waiting)
    handler.setFormatter(LogFormatter("%(message)s"))

    def connect() -> CloudWatchLogHandler:
        session = boto3.session.Session()
        client: CloudWatchLogsClient = session.client(
            "logs", region_name=region, endpoint_url=endpoint_url, config=_CONFIG
        )
        return _Watchtower(
            log_group_name=group,
            log_stream_name="{machine_name}/{process_id}",
            send_interval=_SEND_SECONDS,
            boto3_client=client,
        )

    listener = logging.handlers.QueueListener(waiting, _Shipper(connect))
    audit.log.addHandler(handler)
    listener.start()

    def stop() -> None:
        atexit.unregister(stop)
        audit.log.removeHandler(handler)
        listener.stop()
        for each in listener.handlers:
            each.close()

    atexit.register(stop)
    return stop


class _Watchtower(CloudWatchLogHandler):
    """watchtower's handler, as it can be ended under gevent, whose queues cannot be waited for as it does."""

    def flush(self) -> None:
        """Do nothing: what waits is sent within _SEND_SECONDS."""

    def close(self) -> None:
        """Send what is left, and wait for that; not for ever."""
        if self.shutting_down:
            return
        self.shutting_down = True
        for waiting in self.queues.values():
            waiting.put(self.END)
        for thread in self.threads:
            thread.join(_FLUSH_SECONDS)
        logging.Handler.close(self)


class _Bounded(logging.handlers.QueueHandler):
    """Puts lines into the queue while there is room."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put it, or tell that there is no room."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            _tell_lost("there are too many")


class _Shipper(logging.Handler):
    """Hands lines to watchtower, in the listener's thread.

    Args:
        connect: Makes watchtower's handler, which asks CloudWatch.
    """

    def __init__(self, connect: Callable[[], CloudWatchLogHandler]) -> None:
        super().__init__()
        self._connect = connect
        self._inner: CloudWatchLogHandler | None = None
        self._ask_again_at = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        inner = self._connected()
        if inner is None:
            return
        if sum(waiting.qsize() for waiting in inner.queues.values()) >= _MOST_WAITING:
            _tell_lost("CloudWatch takes them too slowly")
            return
        inner.handle(record)

    def _connected(self) -> CloudWatchLogHandler | None:
        if self._inner is None and time.monotonic() >= self._ask_again_at:
            try:
                self._inner = self._connect()
            except (BotoCoreError, ClientError) as error:
                self._ask_again_at = time.monotonic() + _TRY_AGAIN_SECONDS
                _tell_lost(f"CloudWatch cannot be reached: {type(error).__name__}")
        return self._inner

    def close(self) -> None:
        """Send what is left."""
        if self._inner is not None:
            self._inner.close()  # type: ignore[no-untyped-call]  # watchtower's types end here
        super().close()


def _tell_lost(why: str) -> None:
    log.error("audit lines are not shipped: %s", why, extra={"event": "audit_not_shipped"})
