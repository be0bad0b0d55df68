"""Machines are replaced while they are in use, as a deployment does it, and as an accident does."""

from __future__ import annotations

import itertools
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.image.balancer import NOTICED_SECONDS, SLOTS, BalancedAws, Balancer
from tests.image.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.image.cloud import Launched
    from tests.image.conftest import Host, Launch

# Starting and stopping HAProxy's sockets, and a scheduler that has other things to do.
_SLACK_SECONDS = 1.0


class Fleet:
    """The machines behind a balancer."""

    def __init__(self, balancer: Balancer, launch: Launch) -> None:
        self.balancer = balancer
        self._launch = launch
        self._numbers = itertools.count(1)
        self.members: dict[str, Launched] = {}

    def add(self) -> str:
        """Launch one more, and take it into the target group once it says that it is ready."""
        slot = next(slot for slot in SLOTS if slot not in self.members)
        member = self._launch(f"fat-f{next(self._numbers)}", BalancedAws(self.balancer, slot))
        self.members[slot] = member
        member.wait_in_service()
        self.balancer.register(slot, member.machine.address)
        return slot

    def replace(self, slot: str) -> str:
        """Launch one, and end another one for it."""
        new = self.add()
        self.members[slot].terminate()
        self.forget(slot)
        return new

    def forget(self, slot: str) -> None:
        self.balancer.remove(slot)
        self.members.pop(slot).close()

    def fill(self) -> None:
        """See to it that there are two."""
        for slot in [slot for slot, member in self.members.items() if not member.machine.is_running]:
            self.forget(slot)
        while len(self.members) < 2:
            self.add()

    def close(self) -> None:
        with ExitStack() as closing:
            for member in self.members.values():
                closing.callback(member.close)


@pytest.fixture(scope="module")
def _machines(host: Host, launch: Launch) -> Iterator[Fleet]:
    balancer = Balancer(host.folder / "balancer")
    fleet = Fleet(balancer, launch)
    try:
        yield fleet
    finally:
        fleet.close()
        balancer.close()


@pytest.fixture
def fleet(_machines: Fleet) -> Fleet:
    """Two machines, both in service."""
    _machines.fill()
    return _machines


@pytest.fixture
def traffic(fleet: Fleet) -> Iterator[Traffic]:
    """A load on them that runs while the test does."""
    load = Traffic(fleet.balancer.port)
    try:
        yield load
    finally:
        load.end()


def test_not_one_request_fails_while_all_machines_are_replaced(fleet: Fleet, traffic: Traffic) -> None:
    old = dict(fleet.members)
    traffic.wait_for_more("download", 3)

    for slot in list(old):
        member = fleet.members[slot]
        new = fleet.replace(slot)
        # It left the target group, and its requests were waited for, before it stopped.
        calls = member.aws.calls
        assert calls.index("DeregisterTargets") < calls.index("CompleteLifecycleAction drain CONTINUE")
        assert "DescribeTargetHealth draining" in calls
        traffic.wait_for_more("download", 3)
        assert fleet.balancer.target(new).requests > 0
    traffic.end()

    assert traffic.failures() == []
    assert min(traffic.successes()[kind] for kind in ("small", "upload", "download")) >= 9
    assert set(fleet.members.values()).isdisjoint(old.values())


def test_slow_requests_do_not_make_a_machine_look_ill(fleet: Fleet, traffic: Traffic) -> None:
    before = {slot: fleet.balancer.target(slot).failed_checks for slot in fleet.members}

    traffic.wait_for_more("upload", 6)

    after = {slot: fleet.balancer.target(slot).failed_checks for slot in fleet.members}
    assert after == before


def test_a_service_that_is_killed_fails_requests_and_the_load_notices(fleet: Fleet, traffic: Traffic) -> None:
    # The red control of the first test: what it asserts can fail.
    slot = next(iter(fleet.members))
    traffic.wait_for_more("upload", 1)

    fleet.members[slot].machine.run("systemctl", "kill", "--signal=KILL", "files-api.service")
    traffic.wait_for_more("upload", 4)
    traffic.end()

    assert traffic.failures() != []


def test_a_machine_that_loses_its_power_takes_only_its_own_requests_with_it(
    fleet: Fleet, traffic: Traffic
) -> None:
    lost = next(iter(fleet.members))
    traffic.wait_for_more("upload", 1)

    killed_at = time.monotonic()
    fleet.members[lost].machine.kill()
    traffic.wait_for_more("upload", 6)
    traffic.end()

    failures = traffic.failures()
    assert failures != []
    # Of what the other machine had in work nothing was lost, and from when the balancer knows on, nothing at all.
    assert {one.target for one in failures} <= {lost, ""}
    noticed_at = killed_at + NOTICED_SECONDS + _SLACK_SECONDS
    assert [one for one in failures if one.began > noticed_at] == []
    assert [one for one in traffic.outcomes() if one.began > noticed_at and one.problem is None] != []
