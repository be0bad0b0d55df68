"""Two machines of one image, launched as a group launches them."""

from __future__ import annotations

import http.client
import json
import re
from typing import TYPE_CHECKING

from tests.integration.log_schema import problems_of

if TYPE_CHECKING:
    from tests.image.cloud import Launched

    Pair = tuple[Launched, Launched]


def _get(instance: Launched, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*instance.address, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_everything_on_them_has_started(instances: Pair) -> None:
    for one in instances:
        failed = one.machine.run("systemctl", "--failed", "--plain", "--no-legend")
        assert (one.machine.wait_booted(), failed) == ("running", "")


def test_each_has_an_id_of_its_own(instances: Pair) -> None:
    ids = {one.machine.run("cat", "/etc/machine-id").strip() for one in instances}

    assert len(ids) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)


def test_each_has_host_keys_of_its_own(instances: Pair) -> None:
    keys = {one.machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[1] for one in instances}

    assert len(keys) == 2


def test_user_data_was_applied(instances: Pair) -> None:
    for one in instances:
        told = one.machine.run("cat", "/etc/files-api/instance")
        assert "ENVIRONMENT=tests\n" in told
        assert json.loads(one.machine.run("cloud-init", "status", "--wait", "--format=json"))["errors"] == []


def test_both_are_ready(instances: Pair) -> None:
    assert [_get(one, "/health/ready")[0] for one in instances] == [200, 200]


def test_each_told_its_group_that_it_is_ready_when_it_was(instances: Pair) -> None:
    for one in instances:
        # Not before: the hook keeps the load balancer away from what cannot answer yet.
        records = [json.loads(line) for line in one.log().splitlines()]
        events = [record.get("event") for record in records]
        assert events.index("instance_configured") < events.index("instance_ready")
        assert "CompleteLifecycleAction ready CONTINUE" in one.aws.calls


def test_they_were_healthy_within_seconds_of_their_boot(instances: Pair) -> None:
    for one in instances:
        # Of the machine's own clock, from its first process on.
        ready = int(one.machine.property_of("files-api.service", "ActiveEnterTimestampMonotonic"))
        began = int(one.machine.run("systemctl", "show", "--value", "--property=UserspaceTimestampMonotonic"))
        assert (ready - began) / 1e6 < 30


def test_what_they_log_is_as_the_schema_says(instances: Pair) -> None:
    for one in instances:
        assert [problem for line in one.log().splitlines() for problem in problems_of(line)] == []


def test_the_agent_has_the_configuration_of_the_environment(instance: Launched) -> None:
    machine = instance.machine
    written = machine.run(
        "cat", "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.d/file_files-api.json"
    )

    (collected,) = json.loads(written)["logs"]["logs_collected"]["files"]["collect_list"]
    assert collected["log_group_name"] == "/files-api/tests/service"
    assert machine.run("systemctl", "is-active", "amazon-cloudwatch-agent", "amazon-ssm-agent").split() == [
        "active",
        "active",
    ]


def test_the_agent_may_read_the_log_that_it_is_told_to(instance: Launched) -> None:
    read = instance.machine.run("runuser", "-u", "cwagent", "--", "cat", "/var/log/files-api/service.log")

    assert "instance_ready" in read


def test_the_log_can_be_put_aside_while_the_service_writes(instance: Launched) -> None:
    instance.machine.run("logrotate", "--force", "/etc/logrotate.d/files-api")

    assert _get(instance, "/v1/files/not-there")[0] == 404
    # From the start of the file, and not behind a hole of so many zeros as there were bytes before.
    assert instance.log().startswith("{")
