"""The instance as a target of the load balancer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from files_api.instance.aws_calls import AwsCallError, aws_call

if TYPE_CHECKING:
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client

#: Codes that say that there is nothing to leave: the group is gone, or this was never a target of it.
_NOTHING_THERE = frozenset({"TargetGroupNotFound", "InvalidTarget"})
#: The state of a target that gets no requests and has none running. A target that is not registered has it, too.
_UNUSED = "unused"


class TargetGroup:
    """One instance's place in one target group.

    Args:
        client: boto3's.
        arn: Of the target group.
        instance_id: The instance.
    """

    def __init__(self, client: ElasticLoadBalancingv2Client, arn: str, instance_id: str) -> None:
        self._client = client
        self._arn = arn
        self._instance_id = instance_id

    def deregister(self) -> None:
        """Take the instance out: it gets nothing new. Does no harm when somebody has done so already.

        IAM: elasticloadbalancing:DeregisterTargets.

        Raises:
            AwsCallError: The call failed.
        """
        try:
            with aws_call("DeregisterTargets"):
                self._client.deregister_targets(TargetGroupArn=self._arn, Targets=[{"Id": self._instance_id}])
        except AwsCallError as error:
            if error.code not in _NOTHING_THERE:
                raise

    def is_drained(self) -> bool:
        """Tell whether the load balancer has no request of this instance in work.

        IAM: elasticloadbalancing:DescribeTargetHealth.

        Raises:
            AwsCallError: The call failed.
        """
        try:
            with aws_call("DescribeTargetHealth"):
                answer = self._client.describe_target_health(
                    TargetGroupArn=self._arn, Targets=[{"Id": self._instance_id}]
                )
        except AwsCallError as error:
            if error.code not in _NOTHING_THERE:
                raise
            return True
        states = [
            target.get("TargetHealth", {}).get("State") for target in answer["TargetHealthDescriptions"]
        ]
        return all(state == _UNUSED for state in states)
