"""When an instance has to go, and how long it may drain (`instance.departure`)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from files_api.instance.departure import (
    DRAIN_SLACK_SECONDS,
    SPOT_NOTICE_SECONDS,
    STOP_RESERVE_SECONDS,
    Departure,
    Reason,
    departure_told_by,
    drain_seconds,
)

NOW = datetime(2026, 11, 24, 8, 20, 0, tzinfo=UTC)
IN_TWO_MINUTES = '{"action": "terminate", "time": "2026-11-24T08:22:00Z"}'


@pytest.mark.parametrize(
    "state",
    [None, "InService", "Standby", "Detached", "Warmed:Stopped", "Warmed:Running", "Warmed:Hibernated"],
)
def test_an_instance_that_is_going_anywhere_else_stays(state: str | None) -> None:
    assert departure_told_by(state, None, NOW) is None


@pytest.mark.parametrize("state", ["Terminated", "Warmed:Terminated"])
def test_an_instance_that_auto_scaling_ends_goes_and_is_waited_for(state: str) -> None:
    assert departure_told_by(state, None, NOW) == Departure(Reason.TERMINATED, seconds=None)


@pytest.mark.parametrize("action", ["terminate", "stop", "hibernate"])
def test_a_spot_instance_goes_at_its_time(action: str) -> None:
    notice = IN_TWO_MINUTES.replace("terminate", action)

    assert departure_told_by("InService", notice, NOW) == Departure(Reason.SPOT_INTERRUPTION, 120.0)


def test_a_spot_interruption_counts_more_than_auto_scaling_since_it_does_not_wait() -> None:
    assert departure_told_by("Terminated", IN_TWO_MINUTES, NOW) == Departure(Reason.SPOT_INTERRUPTION, 120.0)


@pytest.mark.parametrize(
    "notice", ["", "soon", "{}", "[]", '{"time": null}', '{"time": "noon"}', '{"action": "terminate"}']
)
def test_a_notice_that_cannot_be_read_is_one_all_the_same(notice: str) -> None:
    assert departure_told_by(None, notice, NOW) == Departure(Reason.SPOT_INTERRUPTION, SPOT_NOTICE_SECONDS)


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        pytest.param("2026-11-24T08:20:00Z", 0.0, id="now"),
        pytest.param("2026-11-24T08:00:00Z", 0.0, id="past"),
        pytest.param("2026-11-24T08:20:30", 30.0, id="without a zone, it is UTC"),
        pytest.param("2026-11-24T09:20:30+01:00", 30.0, id="another zone"),
    ],
)
def test_the_time_is_counted_from_now(time: str, seconds: float) -> None:
    found = departure_told_by(None, f'{{"action": "terminate", "time": "{time}"}}', NOW)

    assert found == Departure(Reason.SPOT_INTERRUPTION, seconds)


def test_auto_scaling_leaves_a_target_all_of_its_delay_and_some_slack() -> None:
    assert drain_seconds(Departure(Reason.TERMINATED), 60.0) == 60.0 + DRAIN_SLACK_SECONDS


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        pytest.param(120.0, 60.0 + DRAIN_SLACK_SECONDS, id="two minutes are enough for all of the delay"),
        pytest.param(70.0, 70.0 - STOP_RESERVE_SECONDS, id="a late look leaves less"),
        pytest.param(10.0, 0.0, id="too late to drain: stop at once"),
    ],
)
def test_a_spot_instance_keeps_time_to_stop(left: float, expected: float) -> None:
    assert drain_seconds(Departure(Reason.SPOT_INTERRUPTION, left), 60.0) == expected
