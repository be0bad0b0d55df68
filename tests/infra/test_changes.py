"""A changed variable changes what it is about; a plan that was kept is what is applied; drift is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.infra.applied_stack import Stack


def test_a_changed_variable_touches_only_what_it_should_and_the_kept_plan_is_applied(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "kept.tfplan"
    stack.set_variables({**stack.variables, "requests_per_target_per_minute": 1234})

    stack.must("plan", "--out", str(file))

    changes = stack.root.read(file).changes
    assert changes
    assert all(".aws_autoscaling_policy." in address for address in changes)
    assert set(changes.values()) == {("update",)}

    # What comes after the approval of a plan is not in it.
    stack.set_variables({**stack.variables, "requests_per_target_per_minute": 4321})
    stack.must("apply", "--plan", str(file))

    policies = stack.autoscaling.describe_policies(AutoScalingGroupName=f"{stack.name}-blue")[
        "ScalingPolicies"
    ]
    targets = [one.get("TargetTrackingConfiguration", {}).get("TargetValue") for one in policies]
    assert 1234 in targets
    stack.variables["requests_per_target_per_minute"] = 1234
    stack.set_variables(stack.variables)


@pytest.mark.enough_in("dev")
def test_drift_is_told(stack: Stack) -> None:
    stack.set_variables({**stack.variables, "requests_per_target_per_minute": 4321})
    told = stack.operate("drift")
    stack.set_variables(stack.variables)
    assert told.returncode == 1
    assert f"{stack.name} is not what the configuration says" in told.stderr

    assert f"{stack.name} is what the configuration says." in stack.must("drift")


@pytest.mark.enough_in("prod")
def test_a_canary_touches_the_listener_and_the_fleet_that_it_needs(stack: Stack) -> None:
    fleets = {fleet: {"min_size": 1, "max_size": 3} for fleet in ("blue", "green")}
    stack.set_variables({**stack.variables, "fleets": fleets, "traffic_weights": {"blue": 95, "green": 5}})

    changes = stack.root.plan().changes

    stack.set_variables(stack.variables)
    groups = {f'module.compute.aws_autoscaling_group.this["{fleet}"]' for fleet in fleets}
    assert set(changes) == {"module.load_balancer.aws_lb_listener.https[0]", *groups}
    assert set(changes.values()) == {("update",)}
