"""A new image goes out an instance at a time, comes back when an alarm rings, and costs no capacity meanwhile.

By the commands behind `make deploy`, `make rollback` and `make promote`. The group is moved by AWS when all went well,
and not before by Terraform, so that there is something to go back to (hashicorp/terraform-provider-aws issue 34189).
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.infra.applied_stack import Stack


def _watched(
    stack: Stack, *command: str, at_each_look: Callable[[], None] = lambda: None
) -> subprocess.CompletedProcess[str]:
    """Run a command, and hold the fleet to its promise meanwhile: never less than what should be there."""
    process = stack.start(*command)
    try:
        while True:
            try:
                said, complained = process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                group = stack.group("blue")
                assert stack.target_states(group).count("healthy") >= group["DesiredCapacity"]
                at_each_look()
                continue
            return subprocess.CompletedProcess(process.args, process.returncode, said, complained)
    finally:
        process.kill()
        process.wait()


def _images_for(stack: Stack, name: str, *, boots: bool = True) -> list[str]:
    made = stack.register_images(name, boots=boots)
    return [made[architecture] for architecture in stack.architectures()]


def test_a_new_image_reaches_every_instance_and_the_old_one_comes_back(stack: Stack) -> None:
    old = stack.written_images("blue")
    new = _images_for(stack, "second")

    deployed = _watched(stack, "deploy", *new)

    assert deployed.returncode == 0, deployed.stderr
    assert "all healthy, run" in deployed.stdout
    assert stack.images("blue") <= set(new)
    assert stack.written_images("blue") == set(new)

    back = _watched(stack, "rollback")

    assert back.returncode == 0, back.stderr
    assert stack.images("blue") <= old
    plan = stack.root.plan()
    assert plan.is_empty, plan.text


@pytest.mark.enough_in("dev")
def test_an_image_that_runs_already_is_not_deployed_again(stack: Stack) -> None:
    running = sorted(stack.written_images("blue"))
    before = stack.versions("blue")

    said = stack.must("deploy", *running)

    assert "has this launch template already" in said
    assert stack.versions("blue") == before


@pytest.mark.enough_in("dev")
def test_an_alarm_takes_a_new_image_back(stack: Stack) -> None:
    old, versions = stack.written_images("blue"), stack.versions("blue")
    alarm = stack.refresh_preferences()["AlarmSpecification"]["Alarms"][0]
    cloudwatch = stack.aws.client("cloudwatch")
    rung: list[str] = []

    def ring_once_a_new_instance_is_there() -> None:
        if not rung and stack.running_images("blue") - old:
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="tests")
            rung.append(alarm)

    deployed = _watched(
        stack,
        "deploy",
        # It looks seldom, so that the time goes by at our own looks, and none of them comes too late.
        *("--poll-seconds", "3"),
        *_images_for(stack, "alarming"),
        at_each_look=ring_once_a_new_instance_is_there,
    )

    assert rung
    assert deployed.returncode == 1
    assert "did not end well: RollbackSuccessful" in deployed.stderr
    assert alarm in deployed.stderr
    assert stack.images("blue") <= old
    assert stack.versions("blue") == versions
    assert stack.written_images("blue") == old
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="tests")


@pytest.mark.enough_in("dev")
def test_an_image_that_never_gets_ready_is_taken_back_by_itself(stack: Stack) -> None:
    old = stack.written_images("blue")

    deployed = _watched(stack, "deploy", *_images_for(stack, "broken", boots=False))

    assert deployed.returncode == 1
    assert "did not end well: RollbackSuccessful" in deployed.stderr
    assert stack.images("blue") <= old
    assert stack.written_images("blue") == old


@pytest.mark.enough_in("dev")
def test_after_releases_that_were_taken_back_an_apply_puts_all_to_rest(stack: Stack) -> None:
    stack.must("apply", "--yes")

    plan = stack.root.plan()
    assert plan.is_empty, plan.text


@pytest.mark.enough_in("dev")
def test_nobody_goes_back_to_an_image_that_was_taken_back(stack: Stack) -> None:
    refused = stack.ssm.get_parameter_history(Name=stack.image_parameter("blue", stack.architectures()[0]))[
        "Parameters"
    ][-2]["Value"]

    stack.must("rollback")

    assert refused not in stack.images("blue") | stack.written_images("blue")


@pytest.mark.enough_in("dev")
def test_an_image_for_one_fleet_touches_that_fleet_alone(stack: Stack) -> None:
    stack.write_images("green", stack.register_images("green"))

    plan = stack.root.plan()

    assert plan.changes
    assert all("aws_launch_template" in one or "aws_autoscaling_group" in one for one in plan.changes)
    assert not [one for one in plan.changes if "blue" in one]


@pytest.mark.enough_in("dev")
def test_the_image_that_runs_is_promoted_and_no_other(stack: Stack) -> None:
    other = "prod" if stack.environment == "dev" else "dev"

    stack.must("promote", "--from", stack.environment, "--to", other)

    path = f"/files-api/{other}/ami/blue"
    written = stack.ssm.get_parameters_by_path(Path=path)["Parameters"]
    assert {one["Value"] for one in written} == stack.images("blue")
