"""The whole stack is applied: it comes to rest, it works, and two cannot apply it at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from files_api.operations.naming import Environment

if TYPE_CHECKING:
    from tests.infra.applied_root import Plan
    from tests.infra.applied_stack import Stack

_LOCK_SECONDS = 60


def test_the_bootstrap_is_at_rest(stack: Stack) -> None:
    plan = stack.bootstrap.plan()
    assert plan.is_empty, plan.text


def test_a_second_plan_is_empty(second_plan: Plan) -> None:
    assert second_plan.is_empty, second_plan.text


def test_the_serving_fleet_is_healthy_behind_the_load_balancer(stack: Stack) -> None:
    group = stack.settle("blue")
    assert group["DesiredCapacity"] >= 1
    assert group["HealthCheckType"] == "ELB"


def test_instances_run_the_image_of_the_parameter(stack: Stack) -> None:
    path = f"/files-api/{stack.environment}/ami/blue/"
    wanted = {one["Value"] for one in stack.ssm.get_parameters_by_path(Path=path)["Parameters"]}
    assert stack.images("blue") <= wanted


def test_instances_carry_the_tags_that_their_programs_read(stack: Stack) -> None:
    group = stack.settle("blue")
    for instance in stack.instances("blue"):
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert tags["Environment"] == stack.environment
        assert tags["Fleet"] == "blue"
        assert tags["AutoScalingGroup"] == group["AutoScalingGroupName"]
        assert [tags["TargetGroup"]] == group["TargetGroupARNs"]


def test_the_state_is_in_the_bucket_of_the_bootstrap(stack: Stack) -> None:
    bucket = stack.bootstrap.outputs()["state_bucket"]
    head = stack.aws.client("s3").head_object(Bucket=bucket, Key=Environment(stack.environment).state_key)
    assert head["ContentLength"] > 0


def test_of_two_applies_at_once_one_is_refused_by_the_lock(stack: Stack) -> None:
    first = stack.root.start("apply", "-no-color", "-auto-approve")
    _await_lock(stack)

    second = stack.root.start("apply", "-no-color", "-auto-approve", "-lock-timeout=0s")
    refused, _ = second.communicate(timeout=_LOCK_SECONDS)
    applied, _ = first.communicate(timeout=300)

    assert second.returncode == 1
    assert "Error acquiring the state lock" in refused
    assert "OperationTypeApply" in refused
    assert first.returncode == 0, applied
    assert "0 added, 0 changed, 0 destroyed" in applied
    assert not _is_locked(stack)


def _await_lock(stack: Stack) -> None:
    """Another process takes the lock: it shows in the bucket alone."""
    ends_at = time.monotonic() + _LOCK_SECONDS
    while not _is_locked(stack):
        assert time.monotonic() < ends_at, "the first apply has not taken the lock"
        time.sleep(0.05)


def _is_locked(stack: Stack) -> bool:
    bucket = stack.bootstrap.outputs()["state_bucket"]
    try:
        stack.aws.client("s3").head_object(
            Bucket=bucket, Key=f"{Environment(stack.environment).state_key}.tflock"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "404":
            return False
        raise
    return True


def test_nothing_is_asked_of_the_emulator_that_it_does_not_know(stack: Stack) -> None:
    assert stack.aws.failures() == []
