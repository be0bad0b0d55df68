"""The lifecycle hooks of the instance's Auto Scaling group (terraform/modules/compute)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from files_api.instance.aws_calls import AwsCallError, aws_call

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient

Result = Literal["CONTINUE", "ABANDON"]
#: What AWS says where the hook does not wait for this instance: not yet, not any more, or there is no such hook. It has
#: no code of its own: "No active Lifecycle Action found with instance ID i-…".
_NOT_WAITING = "ValidationError"


class LifecycleHooks:
    """Answers the hooks on behalf of one instance.

    Args:
        client: boto3's.
        group: The name of the Auto Scaling group.
        instance_id: The instance.
    """

    def __init__(self, client: AutoScalingClient, group: str, instance_id: str) -> None:
        self._client = client
        self._group = group
        self._instance_id = instance_id

    def complete(self, hook: str, result: Result) -> bool:
        """Let the instance go on. IAM: autoscaling:CompleteLifecycleAction.

        Returns:
            Whether the hook was waiting for that.

        Raises:
            AwsCallError: The call failed.
        """
        try:
            with aws_call("CompleteLifecycleAction"):
                self._client.complete_lifecycle_action(
                    AutoScalingGroupName=self._group,
                    LifecycleHookName=hook,
                    LifecycleActionResult=result,
                    InstanceId=self._instance_id,
                )
        except AwsCallError as error:
            if error.code == _NOT_WAITING:
                return False
            raise
        return True

    def heartbeat(self, hook: str) -> bool:
        """Ask for as much time again. IAM: autoscaling:RecordLifecycleActionHeartbeat.

        Returns and raises as `complete`.
        """
        try:
            with aws_call("RecordLifecycleActionHeartbeat"):
                self._client.record_lifecycle_action_heartbeat(
                    AutoScalingGroupName=self._group,
                    LifecycleHookName=hook,
                    InstanceId=self._instance_id,
                )
        except AwsCallError as error:
            if error.code == _NOT_WAITING:
                return False
            raise
        return True
