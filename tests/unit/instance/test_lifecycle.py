"""An instance comes into service and leaves it (`instance.lifecycle`): what is done, and in which order."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.instance.surroundings import World, ask_to_stop

from files_api.instance.lifecycle import Lifecycle
from files_api.instance.surroundings import StopRequested

if TYPE_CHECKING:
    from collections.abc import Callable

DELAY = 60.0
# Two minutes after second 20 of the story.
SPOT_NOTICE = '{"action": "terminate", "time": "2026-11-24T08:02:20Z"}'


@pytest.fixture
def events(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """What was told so far: event and fields of each line."""
    caplog.set_level(logging.INFO, logger="files_api.instance")
    usual = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def found() -> list[dict[str, Any]]:
        return [
            {name: value for name, value in vars(record).items() if name not in usual}
            for record in caplog.records
        ]

    return found


def live(world: World) -> None:
    """Live through all of it, to the end of the instance."""
    Lifecycle(world.surroundings(), DELAY).run()


def live_until_stopped(world: World, seconds: float) -> None:
    """Live until the program is asked to end."""
    world.at(seconds, ask_to_stop)
    with pytest.raises(StopRequested):
        live(world)


# Into service --------------------------------------------------------------------------------------------------------


def test_the_hook_goes_on_when_the_service_is_ready() -> None:
    world = World(is_ready=False)
    world.at(20, world.set(is_ready=True))

    live_until_stopped(world, 60)

    assert world.done() == ["complete ready CONTINUE", "ready goes on"]
    assert 20 <= world.when("ready goes on") <= 21


def test_the_hook_is_completed_once() -> None:
    world = World()

    live_until_stopped(world, 300)

    assert [deed for _, deed in world.diary].count("complete ready CONTINUE") == 1


def test_a_service_that_is_never_ready_is_left_to_the_hook(
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    world = World(is_ready=False)

    live_until_stopped(world, 200)

    assert world.diary == []
    assert [event["event"] for event in events()] == ["instance_not_ready"] * 3


def test_a_service_that_gets_unready_again_is_no_concern_of_the_hook() -> None:
    world = World()
    world.at(10, world.set(is_ready=False))

    live_until_stopped(world, 100)

    assert world.done() == ["complete ready CONTINUE", "ready goes on"]


def test_a_hook_that_begins_to_wait_late_is_completed_all_the_same() -> None:
    # The instance may be ready before Auto Scaling has put it into Pending:Wait.
    world = World(waiting=set())
    world.at(12, world.set(waiting={"ready"}))

    live_until_stopped(world, 60)

    assert 12 <= world.when("ready goes on") <= 17


def test_the_first_instances_of_a_group_are_launched_before_its_hooks(
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    world = World(waiting=set())

    live_until_stopped(world, 600)

    assert [event["event"] for event in events()] == ["instance_ready", "lifecycle_action_absent"]
    assert world.diary[-1][0] <= 65, "it is not asked for ever"


def test_a_call_that_is_throttled_is_tried_until_it_works_and_told_once(
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    world = World(refused={"CompleteLifecycleAction": "Throttling"})
    world.at(150, world.refused.clear)

    live_until_stopped(world, 300)

    assert 150 <= world.when("ready goes on") <= 155
    assert [event["event"] for event in events()] == [
        "instance_ready",
        "instance_call_failed",
        "lifecycle_action_completed",
    ]


# Out of service ------------------------------------------------------------------------------------------------------


def test_leaving_is_target_group_first_then_draining_then_stopping_then_the_hook() -> None:
    world = World(drains_in=10)
    world.at(100, world.leave)

    live(world)

    deeds = [deed for deed in world.done() if deed not in {"complete ready CONTINUE", "ready goes on"}]
    assert deeds == [
        "deregister",
        "look at target",
        "heartbeat drain",
        "stop",
        "complete drain CONTINUE",
        "drain goes on",
    ]
    assert world.when("deregister") <= 105, "within one look"
    assert world.when("stop") - world.when("deregister") >= 10, (
        "not before the load balancer waits for nothing"
    )


def test_what_auto_scaling_has_taken_out_already_is_stopped_at_once() -> None:
    world = World.leaving(drains_in=0)

    live(world)

    assert world.when("stop") == 0


def test_an_instance_that_is_ended_before_it_is_ready_is_drained_as_well() -> None:
    world = World(is_ready=False)
    world.at(30, world.leave)

    live(world)

    assert "complete ready CONTINUE" not in world.done()
    assert world.done()[-1] == "drain goes on"


def test_a_program_that_is_restarted_while_the_instance_leaves_goes_on_with_it() -> None:
    world = World.leaving(is_ready=True)

    live(world)

    assert "complete ready CONTINUE" not in world.done()
    assert world.done()[-1] == "drain goes on"


def test_a_request_that_never_ends_is_not_waited_for_beyond_the_delay(
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    world = World.leaving(drains_in=None)

    live(world)

    assert world.when("stop") == DELAY + 15
    drained = next(event for event in events() if event["event"] == "instance_drained")
    assert drained == {"event": "instance_drained", "outcome": "time_up", "waited_seconds": DELAY + 15}


def test_while_it_drains_for_long_it_asks_the_hook_for_time() -> None:
    world = World.leaving(drains_in=None)

    live(world)

    beats = [moment for moment, deed in world.diary if deed == "heartbeat drain"]
    assert beats == [60.0, DELAY + 15]


def test_a_hook_that_waits_only_after_auto_scaling_has_drained_is_completed_then() -> None:
    # Auto Scaling waits for the load balancer by itself, in Terminating, before it comes to Terminating:Wait.
    world = World(drains_in=0, state="Terminated", waiting=set())
    world.at(65, world.set(waiting={"drain"}))

    live(world)

    assert 65 <= world.when("drain goes on") <= 70


def test_a_hook_that_never_waits_is_given_up(events: Callable[[], list[dict[str, Any]]]) -> None:
    world = World(drains_in=0, state="Terminated", waiting=set())

    live(world)

    assert events()[-1] == {"event": "lifecycle_action_absent", "hook": "drain"}
    assert 180 <= world.now <= 190


def test_a_spot_interruption_takes_itself_out_and_stops_in_time(
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    world = World(drains_in=None)
    world.at(20, world.set(spot=SPOT_NOTICE))

    live(world)

    assert world.when("deregister") <= 25
    assert world.when("stop") <= 140 - 30, "half a minute before the instance is taken away"
    assert {"event": "instance_leaving", "reason": "spot_interruption"} in events()


@pytest.mark.parametrize(
    "call", ["DeregisterTargets", "DescribeTargetHealth", "RecordLifecycleActionHeartbeat"]
)
def test_a_call_that_is_denied_does_not_keep_the_instance(
    call: str, events: Callable[[], list[dict[str, Any]]]
) -> None:
    world = World.leaving(refused={call: "AccessDenied"})

    live(world)

    assert world.done()[-1] == "drain goes on"
    failures = [event for event in events() if event["event"] == "instance_call_failed"]
    assert [failure["call"] for failure in failures] == [call]


def test_leaving_the_target_group_is_tried_until_it_works() -> None:
    world = World.leaving(refused={"DeregisterTargets": "Throttling"}, drains_in=10)
    world.at(30, world.refused.clear)

    live(world)

    assert 40 <= world.when("stop") <= 44


def test_a_service_that_does_not_stop_does_not_keep_the_instance(
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    world = World.leaving(stop_fails=True)

    live(world)

    assert world.done()[-1] == "drain goes on"
    assert "instance_service_not_stopped" in [event["event"] for event in events()]


# What can go wrong meanwhile -----------------------------------------------------------------------------------------


def test_metadata_that_is_silent_leaves_the_instance_in_service_and_is_told_once_for_each_silence(
    events: Callable[[], list[dict[str, Any]]],
) -> None:
    world = World()
    world.at(50, world.set(metadata_answers=False))
    world.at(100, world.set(metadata_answers=True))
    world.at(150, world.set(metadata_answers=False))

    live_until_stopped(world, 200)

    assert "stop" not in world.done()
    assert [event["event"] for event in events()].count("metadata_unavailable") == 2


def test_what_metadata_told_after_its_silence_counts() -> None:
    world = World(metadata_answers=False)
    world.at(90, world.leave)
    world.at(100, world.set(metadata_answers=True))

    live(world)

    assert world.done()[-1] == "drain goes on"


def test_the_end_of_the_program_undoes_and_does_nothing() -> None:
    world = World()

    live_until_stopped(world, 30)

    assert world.done() == ["complete ready CONTINUE", "ready goes on"]


def test_systemd_is_told_that_it_watches_and_that_it_lives() -> None:
    world = World.leaving(stop_takes=60)

    live(world)

    assert world.states_sent[0] == "READY=1"
    assert world.states_sent.count("WATCHDOG=1") >= 3
