"""The two tables: the one definition of them as code, which Terraform repeats.

- The keys table holds API keys and which client has which. It is small, precious, and written by operators.
- The state table holds the answers to idempotent requests and the counts of quotas. Its items go by themselves.

Both have the string `pk` as their only key and are billed on demand. What an item is about stands at the beginning of
its `pk`: `key#`, `client#`, `idempotency#`, `usage#`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

#: The partition key of both tables, a string.
PARTITION_KEY: Final = "pk"
#: The TTL attribute of the state table: whole seconds since the epoch, as a number. DynamoDB deletes an item up to days
#: later, so whoever reads one looks at it as well
#: (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html).
EXPIRES_AT: Final = "expires_at"
_LOOK_EVERY_SECONDS = 1
_LOOKS = 60


def make_tables(client: DynamoDBClient, *, keys: str, state: str) -> None:
    """Make the two tables, for `make run` and for tests, and wait until they can be used; those that exist stay.

    IAM: dynamodb:CreateTable, DescribeTable, DescribeTimeToLive, UpdateTimeToLive; the service itself needs none of
    them.

    Args:
        client: Of the region, or the local server, where they are to be.
        keys: The name of the keys table.
        state: The name of the state table.
    """
    for name in (keys, state):
        try:
            client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": PARTITION_KEY, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": PARTITION_KEY, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        except client.exceptions.ResourceInUseException:
            continue
    for name in (keys, state):
        client.get_waiter("table_exists").wait(
            TableName=name, WaiterConfig={"Delay": _LOOK_EVERY_SECONDS, "MaxAttempts": _LOOKS}
        )
    # DynamoDB refuses to enable it twice.
    ttl = client.describe_time_to_live(TableName=state)["TimeToLiveDescription"]
    if ttl.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        client.update_time_to_live(
            TableName=state, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRES_AT}
        )


def hashed(name: str) -> str:
    """Hash what a caller has named or is called, in hexadecimal: of one length, and not to be read in the table."""
    # A JWT's subject may hold half of a surrogate pair, which UTF-8 cannot write.
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
