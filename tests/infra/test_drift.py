"""An empty plan means something: what is changed behind Terraform's back shows in the next one, and is undone by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.infra.drifts import DRIFTS

if TYPE_CHECKING:
    from tests.infra.applied_root import Plan
    from tests.infra.applied_stack import Stack

pytestmark = pytest.mark.enough_in("prod")


@pytest.fixture(scope="session")
def plan_of_all(stack: Stack) -> Plan:
    """All of it is changed, and planned once, for that takes its time. It was empty before: test_applied."""
    for drift in DRIFTS.values():
        drift.change(stack)
    return stack.root.plan()


@pytest.mark.parametrize("what", DRIFTS)
def test_a_change_behind_terraforms_back_shows(plan_of_all: Plan, what: str) -> None:
    wanted = DRIFTS[what].address
    shown = [address for address in plan_of_all.changes if wanted in address]
    assert shown, f"{what}, and the plan has nothing of {wanted}:\n{sorted(plan_of_all.changes)}"


def test_nothing_else_shows(plan_of_all: Plan) -> None:
    wanted = {drift.address for drift in DRIFTS.values()}
    # A setting that has changed is a reason for new instances: its digest is in their user data.
    wanted.add("aws_launch_template")
    others = [one for one in plan_of_all.changes if not any(address in one for address in wanted)]
    assert others == []


def test_the_next_apply_undoes_all_of_it(stack: Stack, plan_of_all: Plan) -> None:
    stack.root.apply()
    after = stack.root.plan()
    assert after.is_empty, after.text
    stack.settle("blue")
