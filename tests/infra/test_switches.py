"""What no emulator has is switched off where the stack is applied; here its plan is looked at, over that stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.infra.applied_stack import NOT_EMULATED

if TYPE_CHECKING:
    from tests.infra.applied_root import Plan
    from tests.infra.applied_stack import Stack

pytestmark = pytest.mark.enough_in("prod")

_TYPES = {
    "enable_valkey": "aws_elasticache_",
    "enable_synthetics": "aws_synthetics_canary",
    "enable_backup": "aws_backup_plan",
    "enable_replication": "aws_s3_bucket_replication_configuration",
}


@pytest.fixture(scope="module")
def plan_with_all(stack: Stack) -> Plan:
    stack.set_variables({**stack.variables, **dict.fromkeys(NOT_EMULATED, True)})
    try:
        return stack.root.plan()
    finally:
        stack.set_variables(stack.variables)


@pytest.mark.parametrize("switch", NOT_EMULATED)
def test_a_switch_adds_what_it_is_for(plan_with_all: Plan, switch: str) -> None:
    added = [address for address, actions in plan_with_all.changes.items() if actions == ("create",)]
    assert [address for address in added if f".{_TYPES[switch]}" in address], added


def test_switches_take_nothing_away(plan_with_all: Plan) -> None:
    gone = [address for address, actions in plan_with_all.changes.items() if "delete" in actions]
    assert gone == []
