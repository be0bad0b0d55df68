"""How a process reaches DynamoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# A request waits for these: two tries that get no answer at all end after four seconds, and DynamoDB needs
# milliseconds. (Only where DynamoDB itself asks for it, in `x-amz-retry-after`, botocore waits longer in between.)
_CONNECT_TIMEOUT_SECONDS = 1.0
_READ_TIMEOUT_SECONDS = 2.0
_ATTEMPTS = 2


def make_dynamodb_client(
    region: str | None, endpoint_url: str | None = None, *, connections: int = 10
) -> DynamoDBClient:
    """Make a client. Call it after the fork: connections and credentials must not be shared between processes.

    Args:
        region: Of the tables; None for where boto3 finds one.
        endpoint_url: Another server than Amazon's (AWS_ENDPOINT_URL, as for the whole service).
        connections: As many as calls can run at once: a smaller pool throws connections away and opens new ones.
    """
    # A session of its own: boto3's default one is shared, and not safe for threads.
    client: DynamoDBClient = boto3.session.Session().client(
        "dynamodb",
        region_name=region,
        endpoint_url=endpoint_url,
        config=Config(
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            read_timeout=_READ_TIMEOUT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            max_pool_connections=connections,
            user_agent_extra="files-api",
        ),
    )
    return client
