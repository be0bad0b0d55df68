"""A new image goes out an instance at a time, comes back when an alarm rings, and costs no capacity meanwhile.

The steps are those of `make deploy`: write the parameter, make the version of the launch template, let AWS refresh the
fleet towards it. The group is moved by AWS when all went well, and not before by Terraform, so that there is something
to go back to (hashicorp/terraform-provider-aws issue 34189).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.infra.applied_stack import Stack

_TEMPLATES = "module.compute.aws_launch_template.this"


def _start(stack: Stack) -> None:
    stack.root.apply(f"-target={_TEMPLATES}")
    stack.start_refresh("blue")


def _come_to_rest(stack: Stack) -> None:
    """After a release that was taken back: the templates are as they were, too, and so is the fleet."""
    stack.root.apply()
    *_, refresh = stack.follow_refresh("blue")
    assert refresh["Status"] == "Successful"
    plan = stack.root.plan()
    assert plan.is_empty, plan.text


def _follow(stack: Stack) -> dict[str, Any]:
    """Follow the refresh, and hold it to its promise: never less than what should be there."""
    group = stack.group("blue")
    for refresh in stack.follow_refresh("blue"):
        assert stack.target_states(group).count("healthy") >= group["DesiredCapacity"], refresh
    return refresh


def _write_back(stack: Stack, images: dict[str, str]) -> None:
    for architecture, image in images.items():
        stack.write_image("blue", architecture, image)


def test_a_new_image_reaches_every_instance_and_the_old_one_comes_back(stack: Stack) -> None:
    old = stack.images("blue")
    before = stack.deploy_image("blue", "second")

    _start(stack)

    assert _follow(stack)["Status"] == "Successful"
    assert not stack.images("blue") & old
    plan = stack.root.plan()
    assert plan.is_empty, plan.text

    _write_back(stack, before)
    _start(stack)

    assert _follow(stack)["Status"] == "Successful"
    assert stack.images("blue") == old
    plan = stack.root.plan()
    assert plan.is_empty, plan.text


def test_an_alarm_takes_a_new_image_back(stack: Stack) -> None:
    old = stack.images("blue")
    versions = stack.versions("blue")
    before = stack.deploy_image("blue", "alarming")
    alarm = stack.refresh_preferences()["AlarmSpecification"]["Alarms"][0]
    cloudwatch = stack.aws.client("cloudwatch")

    _start(stack)
    for refresh in stack.follow_refresh("blue"):
        if refresh["Status"] == "InProgress" and stack.running_images("blue") - old:
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="tests")

    assert refresh["Status"] == "RollbackSuccessful"
    assert alarm in refresh["RollbackDetails"]["RollbackReason"]
    assert stack.images("blue") == old
    assert stack.versions("blue") == versions
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="tests")
    _write_back(stack, before)
    _come_to_rest(stack)


def test_an_image_that_never_gets_ready_is_taken_back_by_itself(stack: Stack) -> None:
    old = stack.images("blue")
    before = stack.deploy_image("blue", "broken", boots=False)

    _start(stack)

    assert _follow(stack)["Status"] == "RollbackSuccessful"
    assert stack.images("blue") == old
    _write_back(stack, before)
    _come_to_rest(stack)


def test_an_image_for_one_fleet_touches_that_fleet_alone(stack: Stack) -> None:
    stack.deploy_image("green", "second")

    plan = stack.root.plan()

    assert plan.changes
    assert all("aws_launch_template" in one or "aws_autoscaling_group" in one for one in plan.changes)
    assert not [one for one in plan.changes if "blue" in one]
    stack.root.apply()
    assert stack.root.plan().is_empty
