"""Shows a log group of CloudWatch as it grows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_logs import CloudWatchLogsClient

    from files_api.operations.clock import Clock

# Events come to CloudWatch late and out of order: each look goes back so far, in milliseconds.
_OVERLAP = 30_000
_POLL_SECONDS = 2.0


def read_events(
    logs: CloudWatchLogsClient, group: str, since: datetime, pattern: str
) -> Iterator[tuple[str, str]]:
    """Read the events of a group since a moment, oldest first: id of the event, and a line.

    IAM: logs:FilterLogEvents.
    """
    start = int(since.timestamp() * 1000)
    for page in logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=start, filterPattern=pattern
    ):
        for event in page["events"]:
            yield event["eventId"], _line(event)


def follow(
    logs: CloudWatchLogsClient, group: str, since: datetime, pattern: str, clock: Clock
) -> Iterator[str]:
    """Read the lines of a group, those since a moment first, and then what comes, without end."""
    seen: dict[str, int] = {}
    while True:
        now = int(clock.now().timestamp() * 1000)
        for event_id, line in read_events(logs, group, since, pattern):
            if event_id not in seen:
                seen[event_id] = now
                yield line
        since = datetime.fromtimestamp(max(int(since.timestamp() * 1000), now - _OVERLAP) / 1000, tz=UTC)
        seen = {event_id: moment for event_id, moment in seen.items() if moment >= now - 2 * _OVERLAP}
        clock.sleep(_POLL_SECONDS)


def _line(event: Any) -> str:
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {event['message'].rstrip()}"
