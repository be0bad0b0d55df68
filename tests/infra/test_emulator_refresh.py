"""The emulator's own instance refresh: without it, what the stack's tests say of deployments would mean nothing."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.infra.emulated_group import Group

if TYPE_CHECKING:
    from tests.infra.emulated_aws import EmulatedAws


@pytest.fixture
def group(empty_aws: EmulatedAws) -> Group:
    group = Group(empty_aws, f"g-{uuid.uuid4().hex[:8]}")
    group.settle()
    return group


def _alarm(aws: EmulatedAws, name: str) -> Any:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="tests",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    return cloudwatch


def test_an_update_of_the_group_alone_replaces_nothing(group: Group) -> None:
    before = {one["InstanceId"] for one in group.described()["Instances"]}

    group.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name,
        LaunchTemplate=group.version(group.new_version(group.image("second"))),
    )

    after = group.settle()
    assert {one["InstanceId"] for one in after["Instances"]} == before
    assert group.versions() == {"1"}
    assert after["LaunchTemplate"]["Version"] == "2"


def test_a_refresh_replaces_every_instance_and_then_moves_the_group(group: Group) -> None:
    before = {one["InstanceId"] for one in group.described()["Instances"]}
    image = group.image("second")
    group.start_refresh(group.new_version(image))
    assert group.described()["LaunchTemplate"]["Version"] == "1"

    ended = group.end_of_refresh()

    assert (ended["Status"], ended["PercentageComplete"]) == ("Successful", 100)
    after = group.settle()
    assert after["LaunchTemplate"]["Version"] == "2"
    assert group.versions() == {"2"}
    new = {one["InstanceId"] for one in after["Instances"]}
    assert not new & before
    described = group.ec2.describe_instances(InstanceIds=list(new | before))
    instances = [one for reservation in described["Reservations"] for one in reservation["Instances"]]
    assert {one["ImageId"] for one in instances if one["State"]["Name"] == "running"} == {image}
    assert {one["InstanceId"] for one in instances if one["State"]["Name"] == "terminated"} == before


def test_a_refresh_keeps_within_its_percentages(group: Group) -> None:
    group.start_refresh(group.new_version(group.image("second")))

    for _ in group.follow():
        states = group.target_states()
        assert states.count("healthy") >= 4
        # 150 percent of 4; whoever drains runs no more.
        assert len(states) - states.count("draining") <= 6


def test_a_refresh_below_a_hundred_percent_terminates_first(group: Group) -> None:
    group.start_refresh(
        group.new_version(group.image("second")), MinHealthyPercentage=50, MaxHealthyPercentage=100
    )

    healthy = [group.target_states().count("healthy") for _ in group.follow()]

    assert min(healthy) == 2
    assert group.versions() == {"2"}


def test_a_refresh_waits_at_its_checkpoints(group: Group) -> None:
    group.start_refresh(
        group.new_version(group.image("second")), CheckpointPercentages=[25, 50, 100], CheckpointDelay=300
    )

    waited: dict[int, int] = {}
    for refresh in group.follow():
        if "checkpoint" in refresh.get("StatusReason", ""):
            waited[refresh["PercentageComplete"]] = waited.get(refresh["PercentageComplete"], 0) + 1

    # 300 seconds are 20 looks at 15 seconds each.
    assert {percent: looks >= 20 for percent, looks in waited.items()} == {25: True, 50: True}
    assert group.versions() == {"2"}


def test_an_alarm_rolls_a_refresh_back(empty_aws: EmulatedAws, group: Group) -> None:
    cloudwatch = _alarm(empty_aws, group.name)
    survivors = {one["InstanceId"] for one in group.described()["Instances"]}
    group.start_refresh(
        group.new_version(group.image("second")),
        CheckpointPercentages=[50, 100],
        CheckpointDelay=600,
        AlarmSpecification={"Alarms": [group.name]},
    )

    for refresh in group.follow():
        if refresh["PercentageComplete"] >= 50 and refresh["Status"] == "InProgress":
            cloudwatch.set_alarm_state(AlarmName=group.name, StateValue="ALARM", StateReason="errors")

    assert refresh["Status"] == "RollbackSuccessful"
    assert refresh["RollbackDetails"]["RollbackReason"] == f"Alarm {group.name} is in ALARM state."
    assert group.versions() == {"1"}
    assert group.described()["LaunchTemplate"]["Version"] == "1"
    # What had not been replaced yet stayed.
    assert len(survivors & {one["InstanceId"] for one in group.described()["Instances"]}) == 2


def test_an_alarm_without_auto_rollback_fails_a_refresh_and_leaves_what_is_there(
    empty_aws: EmulatedAws, group: Group
) -> None:
    _alarm(empty_aws, group.name).set_alarm_state(AlarmName=group.name, StateValue="ALARM", StateReason="x")
    group.start_refresh(
        group.new_version(group.image("second")),
        AutoRollback=False,
        AlarmSpecification={"Alarms": [group.name]},
    )

    assert group.end_of_refresh()["Status"] == "Failed"
    assert group.versions() == {"1"}


def test_a_release_that_never_gets_ready_is_rolled_back_and_costs_no_capacity(group: Group) -> None:
    group.start_refresh(group.new_version(group.image("broken", boots=False)))

    least = min(group.target_states().count("healthy") for _ in group.follow())

    assert group.look()["Status"] == "RollbackSuccessful"
    assert least == 4
    assert group.versions() == {"1"}


def test_a_group_that_was_updated_before_its_refresh_has_nothing_to_go_back_to(group: Group) -> None:
    """That is what hashicorp/aws does (issue 34189), and why the deployment does not leave it to the provider."""
    version = group.new_version(group.image("second"))
    group.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name, LaunchTemplate=group.version(version)
    )
    group.start_refresh(version, CheckpointPercentages=[50, 100])
    for refresh in group.follow():
        if refresh["PercentageComplete"] >= 50 and refresh["Status"] == "InProgress":
            group.autoscaling.rollback_instance_refresh(AutoScalingGroupName=group.name)

    assert refresh["Status"] == "RollbackSuccessful"
    assert "2" in group.versions()


def test_matching_instances_are_skipped(group: Group) -> None:
    before = {one["InstanceId"] for one in group.described()["Instances"]}
    group.start_refresh("1")

    assert group.end_of_refresh()["Status"] == "Successful"
    assert {one["InstanceId"] for one in group.settle()["Instances"]} == before


def test_a_cancelled_refresh_stops_and_a_second_one_at_once_is_refused(group: Group) -> None:
    version = group.new_version(group.image("second"))
    group.start_refresh(version)
    with pytest.raises(ClientError, match="InstanceRefreshInProgress"):
        group.start_refresh(version)

    group.autoscaling.cancel_instance_refresh(AutoScalingGroupName=group.name)

    assert group.end_of_refresh()["Status"] == "Cancelled"
    with pytest.raises(ClientError, match="ActiveInstanceRefreshNotFound"):
        group.autoscaling.cancel_instance_refresh(AutoScalingGroupName=group.name)


def test_auto_rollback_wants_a_desired_configuration(group: Group) -> None:
    with pytest.raises(ClientError, match="DesiredConfiguration"):
        group.autoscaling.start_instance_refresh(
            AutoScalingGroupName=group.name, Preferences={"AutoRollback": True}
        )


def test_an_instance_waits_for_its_hook_and_drains_before_it_goes(group: Group) -> None:
    group.autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=5)
    new = group.described()["Instances"][-1]
    assert new["LifecycleState"] == "Pending:Wait"
    assert group.target_states() == ["healthy"] * 4
    # As the program on the instance does it, before the simulation would.
    group.autoscaling.complete_lifecycle_action(
        AutoScalingGroupName=group.name,
        LifecycleHookName="ready",
        InstanceId=new["InstanceId"],
        LifecycleActionResult="CONTINUE",
    )
    assert group.described()["Instances"][-1]["LifecycleState"] == "InService"
    assert group.target_states().count("initial") == 1
    group.settle()

    group.autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=4)
    leaving = [one["LifecycleState"] for one in group.described()["Instances"]]
    assert leaving.count("Terminating:Wait") == 1
    assert group.target_states().count("draining") == 1
    group.settle()


def test_an_instance_that_gives_up_is_replaced(group: Group) -> None:
    group.autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=5)
    new = group.described()["Instances"][-1]["InstanceId"]
    group.autoscaling.complete_lifecycle_action(
        AutoScalingGroupName=group.name,
        LifecycleHookName="ready",
        InstanceId=new,
        LifecycleActionResult="ABANDON",
    )

    assert new not in {one["InstanceId"] for one in group.settle()["Instances"]}


def test_a_group_with_instances_is_not_deleted_unless_forced(group: Group) -> None:
    with pytest.raises(ClientError, match="ResourceInUse"):
        group.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group.name)

    group.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group.name, ForceDelete=True)

    assert not group.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group.name])[
        "AutoScalingGroups"
    ]
