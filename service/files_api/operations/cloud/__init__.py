"""What AWS is asked, and how the answers look to the rest of the operators' tools."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from files_api.operations.errors import NotReadyError

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client
    from types_boto3_ssm import SSMClient
    from types_boto3_sts import STSClient

# Describing is throttled for a whole account at once; botocore waits up to 20 s between two tries.
_ATTEMPTS = 8


class Cloud:
    """The clients, each made when it is needed first. Region and credentials are found as Terraform finds them.

    Raises:
        NotReadyError: AWS_PROFILE names a profile that is not there.
    """

    def __init__(self) -> None:
        try:
            # boto3 does not know AWS_REGION, which Terraform and the AWS CLI go by first.
            self._session = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or None)
            #: AWS's name of the region; None where nobody has said it.
            self.region = self._session.region_name
        except ProfileNotFound as error:
            raise NotReadyError(f"AWS_PROFILE is wrong: {error}.") from error

    @cached_property
    def autoscaling(self) -> AutoScalingClient:
        """EC2 Auto Scaling."""
        client: AutoScalingClient = self._client("autoscaling")
        return client

    @cached_property
    def ec2(self) -> EC2Client:
        """EC2."""
        client: EC2Client = self._client("ec2")
        return client

    @cached_property
    def elbv2(self) -> ElasticLoadBalancingv2Client:
        """Load balancers."""
        client: ElasticLoadBalancingv2Client = self._client("elbv2")
        return client

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self._client("logs")
        return client

    @cached_property
    def s3(self) -> S3Client:
        """S3."""
        client: S3Client = self._client("s3")
        return client

    @cached_property
    def ssm(self) -> SSMClient:
        """Systems Manager: the Parameter Store."""
        client: SSMClient = self._client("ssm")
        return client

    @cached_property
    def sts(self) -> STSClient:
        """The service that tells who one is."""
        client: STSClient = self._client("sts")
        return client

    def _client(self, service: Any) -> Any:
        return self._session.client(
            service,
            config=Config(
                connect_timeout=5,
                read_timeout=30,
                retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                user_agent_extra="files-api-operations",
            ),
        )
