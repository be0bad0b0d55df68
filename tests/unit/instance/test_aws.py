"""What the instance asks of AWS, and what it makes of the answers. botocore's stubber stands in for the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from files_api.instance.aws_calls import AwsCallError, aws_call
from files_api.instance.lifecycle_hooks import LifecycleHooks
from files_api.instance.parameters import SecretParameterError, read_parameters
from files_api.instance.target_group import TargetGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/files-api-dev-blue/73e2d6bc24d8a067"
INSTANCE = "i-0123456789abcdef0"
GROUP = "files-api-dev-blue"
NOT_WAITING = f"No active Lifecycle Action found with instance ID {INSTANCE}"
PATH = "/files-api/dev/settings"


@pytest.fixture
def stubbed() -> Iterator[Callable[[Any], tuple[Any, Stubber]]]:
    """Makes a client that answers what the test has prepared, and sees that all of it was asked."""
    stubs: list[Stubber] = []

    def make(service: Any) -> tuple[Any, Stubber]:
        client = boto3.client(
            service, region_name="eu-central-1", aws_access_key_id="tests", aws_secret_access_key="tests"
        )
        stub = Stubber(client)
        stub.activate()
        stubs.append(stub)
        return client, stub

    yield make
    for stub in stubs:
        stub.assert_no_pending_responses()


# Hooks ---------------------------------------------------------------------------------------------------------------


def test_completing_a_hook_names_group_hook_and_instance(
    stubbed: Callable[[Any], tuple[Any, Stubber]],
) -> None:
    client, stub = stubbed("autoscaling")
    stub.add_response(
        "complete_lifecycle_action",
        {},
        {
            "AutoScalingGroupName": GROUP,
            "LifecycleHookName": "ready",
            "LifecycleActionResult": "CONTINUE",
            "InstanceId": INSTANCE,
        },
    )

    assert LifecycleHooks(client, GROUP, INSTANCE).complete("ready", "CONTINUE") is True


@pytest.mark.parametrize("call", ["complete_lifecycle_action", "record_lifecycle_action_heartbeat"])
def test_a_hook_that_does_not_wait_is_no_failure(
    call: str, stubbed: Callable[[Any], tuple[Any, Stubber]]
) -> None:
    client, stub = stubbed("autoscaling")
    stub.add_client_error(call, "ValidationError", NOT_WAITING)
    hooks = LifecycleHooks(client, GROUP, INSTANCE)

    waited = hooks.complete("drain", "CONTINUE") if call.startswith("complete") else hooks.heartbeat("drain")

    assert waited is False


@pytest.mark.parametrize("call", ["complete_lifecycle_action", "record_lifecycle_action_heartbeat"])
def test_a_call_that_is_refused_is_a_failure_with_its_code(
    call: str, stubbed: Callable[[Any], tuple[Any, Stubber]]
) -> None:
    client, stub = stubbed("autoscaling")
    stub.add_client_error(call, "AccessDenied", "not authorized")
    hooks = LifecycleHooks(client, GROUP, INSTANCE)

    with pytest.raises(AwsCallError, match="AccessDenied") as failed:
        hooks.complete("drain", "CONTINUE") if call.startswith("complete") else hooks.heartbeat("drain")

    assert failed.value.code == "AccessDenied"


# The target group ----------------------------------------------------------------------------------------------------


def test_the_instance_takes_itself_out_and_nobody_else(stubbed: Callable[[Any], tuple[Any, Stubber]]) -> None:
    client, stub = stubbed("elbv2")
    stub.add_response("deregister_targets", {}, {"TargetGroupArn": ARN, "Targets": [{"Id": INSTANCE}]})

    TargetGroup(client, ARN, INSTANCE).deregister()


@pytest.mark.parametrize(
    ("state", "drained"),
    [
        ("initial", False),
        ("healthy", False),
        ("unhealthy", False),
        ("unhealthy.draining", False),
        ("draining", False),
        ("unavailable", False),
        ("unused", True),
    ],
)
def test_a_target_is_drained_when_it_is_unused(
    state: str, drained: bool, stubbed: Callable[[Any], tuple[Any, Stubber]]
) -> None:
    client, stub = stubbed("elbv2")
    stub.add_response(
        "describe_target_health",
        {"TargetHealthDescriptions": [{"Target": {"Id": INSTANCE}, "TargetHealth": {"State": state}}]},
        {"TargetGroupArn": ARN, "Targets": [{"Id": INSTANCE}]},
    )

    assert TargetGroup(client, ARN, INSTANCE).is_drained() is drained


@pytest.mark.parametrize("code", ["TargetGroupNotFound", "InvalidTarget"])
def test_a_target_group_that_is_gone_has_been_left(
    code: str, stubbed: Callable[[Any], tuple[Any, Stubber]]
) -> None:
    client, stub = stubbed("elbv2")
    stub.add_client_error("deregister_targets", code)
    stub.add_client_error("describe_target_health", code)
    group = TargetGroup(client, ARN, INSTANCE)

    group.deregister()

    assert group.is_drained()


def test_being_refused_is_not_being_drained(stubbed: Callable[[Any], tuple[Any, Stubber]]) -> None:
    client, stub = stubbed("elbv2")
    stub.add_client_error("deregister_targets", "AccessDenied")
    stub.add_client_error("describe_target_health", "AccessDenied")
    group = TargetGroup(client, ARN, INSTANCE)

    with pytest.raises(AwsCallError, match="DeregisterTargets failed: AccessDenied"):
        group.deregister()
    with pytest.raises(AwsCallError, match="DescribeTargetHealth failed: AccessDenied"):
        group.is_drained()


# Parameters ----------------------------------------------------------------------------------------------------------


def test_parameters_are_read_page_by_page(stubbed: Callable[[Any], tuple[Any, Stubber]]) -> None:
    client, stub = stubbed("ssm")
    asked = {"Path": PATH, "Recursive": False}
    first = {"Name": f"{PATH}/FILES_API_BUCKET", "Type": "String", "Value": "files"}
    second = {"Name": f"{PATH}/PORT", "Type": "String", "Value": "8000"}
    stub.add_response("get_parameters_by_path", {"Parameters": [first], "NextToken": "more"}, asked)
    stub.add_response("get_parameters_by_path", {"Parameters": [second]}, {**asked, "NextToken": "more"})

    assert read_parameters(client, PATH) == {"FILES_API_BUCKET": "files", "PORT": "8000"}


def test_a_secret_among_the_settings_is_refused(stubbed: Callable[[Any], tuple[Any, Stubber]]) -> None:
    client, stub = stubbed("ssm")
    secret = {"Name": f"{PATH}/FILES_API_BUCKET", "Type": "SecureString", "Value": "AQICAHh…"}
    stub.add_response("get_parameters_by_path", {"Parameters": [secret]})

    with pytest.raises(SecretParameterError, match=rf"^{PATH}/FILES_API_BUCKET is a SecureString"):
        read_parameters(client, PATH)


def test_rights_that_are_missing_are_named(stubbed: Callable[[Any], tuple[Any, Stubber]]) -> None:
    client, stub = stubbed("ssm")
    stub.add_client_error("get_parameters_by_path", "AccessDeniedException", "no")

    with pytest.raises(AwsCallError, match="GetParametersByPath failed: AccessDeniedException: no"):
        read_parameters(client, PATH)


def test_a_network_that_is_not_there_is_a_failed_call_too() -> None:
    with pytest.raises(AwsCallError, match="EndpointConnectionError"), aws_call("GetParametersByPath"):
        raise EndpointConnectionError(endpoint_url="https://ssm.eu-central-1.amazonaws.com/")
