"""When does this instance have to go, and how much time does that leave? Decisions alone, no I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

#: A target that drains is given so many seconds more than the load balancer promises to take.
DRAIN_SLACK_SECONDS = 15.0
#: So long before a spot instance is taken away the service is stopped, drained or not: stopping takes time, too.
STOP_RESERVE_SECONDS = 30.0
#: Notice that EC2 gives, where it does not say when
#: (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html).
SPOT_NOTICE_SECONDS = 120.0

# The two in which an instance ends, out of service or out of a warm pool.
_ENDING_STATES = frozenset({"Terminated", "Warmed:Terminated"})


class Reason(StrEnum):
    """Why an instance goes."""

    TERMINATED = "terminated"
    SPOT_INTERRUPTION = "spot_interruption"


@dataclass(frozen=True, slots=True)
class Departure:
    """That the instance goes.

    Attributes:
        reason: Why.
        seconds: Those until it is gone in any case; None where Auto Scaling waits for us.
    """

    reason: Reason
    seconds: float | None = None


def departure_told_by(
    target_lifecycle_state: str | None, spot_instance_action: str | None, now: datetime
) -> Departure | None:
    """Find out from the instance's metadata whether it has to go.

    Args:
        target_lifecycle_state: As metadata tells it; None where the instance is in no group.
        spot_instance_action: As metadata tells it; None where there is no notice.
        now: In UTC.
    """
    # First, since it is the one that does not wait.
    if spot_instance_action is not None:
        return Departure(Reason.SPOT_INTERRUPTION, _seconds_left(spot_instance_action, now))
    if target_lifecycle_state in _ENDING_STATES:
        return Departure(Reason.TERMINATED)
    return None


def drain_seconds(departure: Departure, deregistration_delay_seconds: float) -> float:
    """Tell how long to wait for the load balancer, at most, before the service is stopped all the same."""
    wanted = deregistration_delay_seconds + DRAIN_SLACK_SECONDS
    if departure.seconds is None:
        return wanted
    return max(0.0, min(wanted, departure.seconds - STOP_RESERVE_SECONDS))


def _seconds_left(spot_instance_action: str, now: datetime) -> float:
    try:
        moment = datetime.fromisoformat(json.loads(spot_instance_action)["time"])
    except (ValueError, KeyError, TypeError):
        # That there is a notice at all is what counts.
        return SPOT_NOTICE_SECONDS
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
