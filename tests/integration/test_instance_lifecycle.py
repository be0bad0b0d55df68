"""`files-api-instance lifecycle` as a process: an instance comes into service and leaves it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.integration.instance_aws import REGION
from tests.integration.instance_host import (
    Instance,
    Program,
    ServiceStandIn,
    Systemd,
    launched_instance,
)
from tests.integration.instance_metadata import InstanceMetadataService

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.thorough


@pytest.fixture
def instance() -> Iterator[Instance]:
    with launched_instance() as launched:
        yield launched


@pytest.fixture
def service() -> Iterator[ServiceStandIn]:
    running = ServiceStandIn()
    yield running
    running.stop()


@pytest.fixture
def systemd(tmp_path: Path, instance: Instance) -> Iterator[Systemd]:
    running = Systemd(tmp_path, instance.aws)
    yield running
    running.close()


@pytest.fixture
def start(instance: Instance, service: ServiceStandIn, systemd: Systemd) -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def begin(stop_command: str | None = None) -> Program:
        programs.append(
            Program(
                {**instance.environ, "PORT": str(service.port), "NOTIFY_SOCKET": systemd.address},
                "--stop-command",
                stop_command or systemd.stop_command(),
            )
        )
        return programs[-1]

    yield begin
    for program in programs:
        program.close()


def test_an_instance_comes_into_service_and_leaves_it(
    start: Callable[..., Program],
    instance: Instance,
    service: ServiceStandIn,
    systemd: Systemd,
) -> None:
    instance.aws.wait_at("ready")
    program = start()
    systemd.wait_for("READY=1")
    assert service.asked.wait(30)
    assert instance.aws.calls == [], "the service is not ready, so nothing goes on"

    service.is_ready.set()
    instance.aws.wait_for("CompleteLifecycleAction ready CONTINUE")
    assert instance.aws.targets() == [instance.aws.instance_id]

    instance.aws.forget_calls()
    instance.aws.wait_at("drain")
    instance.leave()

    assert program.wait() == 0
    assert instance.aws.calls == [
        "DeregisterTargets",
        "DescribeTargetHealth",
        "RecordLifecycleActionHeartbeat drain",
        "systemctl stop",
        "CompleteLifecycleAction drain CONTINUE",
    ]
    assert instance.aws.targets() == []
    assert [line["event"] for line in program.log.records()] == [
        "instance_ready",
        "lifecycle_action_completed",
        "instance_leaving",
        "instance_drained",
        "instance_service_stopped",
        "lifecycle_action_completed",
    ]


def test_a_spot_interruption_is_an_end_too(start: Callable[..., Program], instance: Instance) -> None:
    instance.aws.wait_at("drain")
    instance.metadata.tell(spot_instance_action='{"action": "terminate", "time": "2017-09-18T08:22:00Z"}')

    program = start()

    assert program.wait() == 0
    assert program.told("instance_leaving")["reason"] == "spot_interruption"
    assert instance.aws.calls.index("DeregisterTargets") < instance.aws.calls.index("systemctl stop")


def test_a_hook_that_waits_later_is_completed_then(start: Callable[..., Program], instance: Instance) -> None:
    instance.leave()
    program = start()
    instance.aws.wait_for("CompleteLifecycleAction drain refused")

    instance.aws.wait_at("drain")

    assert program.wait() == 0
    assert instance.aws.calls[-1] == "CompleteLifecycleAction drain CONTINUE"


def test_throttling_is_waited_out(
    start: Callable[..., Program], instance: Instance, service: ServiceStandIn
) -> None:
    instance.aws.wait_at("ready")
    instance.aws.throttle(3)
    service.is_ready.set()

    program = start()

    instance.aws.wait_for("CompleteLifecycleAction ready CONTINUE")
    assert program.told("instance_call_failed")["cause"].startswith(
        "CompleteLifecycleAction failed: Throttling"
    )


def test_a_target_group_that_is_gone_has_been_left(start: Callable[..., Program], instance: Instance) -> None:
    instance.aws.client("elbv2").delete_target_group(TargetGroupArn=instance.aws.target_group)
    instance.aws.wait_at("drain")
    instance.leave()

    program = start()

    assert program.wait() == 0
    assert program.told("instance_drained")["outcome"] == "drained"
    assert instance.aws.calls[-1] == "CompleteLifecycleAction drain CONTINUE"


def test_what_auto_scaling_has_taken_out_already_is_no_trouble(
    start: Callable[..., Program], instance: Instance
) -> None:
    instance.aws.client("elbv2").deregister_targets(
        TargetGroupArn=instance.aws.target_group, Targets=[{"Id": instance.aws.instance_id}]
    )
    instance.aws.wait_at("drain")
    instance.leave()

    program = start()

    assert program.wait() == 0
    assert "instance_call_failed" not in [line.get("event") for line in program.log.records()]


@pytest.mark.parametrize("command", ["fails", "missing"])
def test_a_service_that_cannot_be_stopped_does_not_keep_the_instance(
    command: str,
    start: Callable[..., Program],
    instance: Instance,
    systemd: Systemd,
) -> None:
    instance.aws.wait_at("drain")
    instance.leave()

    program = start(systemd.stop_command(exit_status=5) if command == "fails" else "/nowhere/systemctl stop")

    assert program.wait() == 0
    cause = program.told("instance_service_not_stopped")["cause"]
    assert ("ended with 5" if command == "fails" else "cannot be run: No such file or directory") in cause
    assert instance.aws.calls[-1] == "CompleteLifecycleAction drain CONTINUE"


def test_metadata_that_falls_silent_is_asked_again(
    start: Callable[..., Program], instance: Instance, systemd: Systemd
) -> None:
    program = start()
    systemd.wait_for("READY=1")
    instance.metadata.silence()
    program.told("metadata_unavailable")
    instance.aws.wait_at("drain")
    instance.leave()
    instance.metadata.silence(is_silent=False)

    assert program.wait() == 0
    assert instance.aws.calls[-1] == "CompleteLifecycleAction drain CONTINUE"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_program_and_leaves_the_instance_in_service(
    number: int, start: Callable[..., Program], instance: Instance, service: ServiceStandIn, systemd: Systemd
) -> None:
    instance.aws.wait_at("ready")
    service.is_ready.set()
    program = start()
    instance.aws.wait_for("CompleteLifecycleAction ready CONTINUE")

    program.signal(number)

    assert program.wait(seconds=10) == 0
    assert instance.aws.targets() == [instance.aws.instance_id]
    assert "systemctl stop" not in instance.aws.calls
    assert program.log.records()[-1]["event"] == "instance_lifecycle_interrupted"


def test_an_instance_that_does_not_tell_its_group_cannot_be_watched_over(instance: Instance) -> None:
    nameless = InstanceMetadataService(instance.aws.instance_id, REGION, {"Environment": "tests"})
    program = Program({**instance.environ, "AWS_EC2_METADATA_SERVICE_ENDPOINT": nameless.url})
    try:
        assert program.wait() == 1
        assert "no tag AutoScalingGroup" in program.told("instance_lifecycle_failed")["cause"]
    finally:
        program.close()
        nameless.stop()


def test_without_metadata_there_is_nobody_to_watch_over(instance: Instance) -> None:
    instance.metadata.silence()
    program = Program(instance.environ)
    try:
        assert program.wait() == 1
        assert "does not tell instance-id" in program.told("instance_lifecycle_failed")["cause"]
    finally:
        program.close()
