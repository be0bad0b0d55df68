"""What callers have used of their quotas: one item for each caller and day, with one number for each quota.

Counting is one write, under a condition that DynamoDB decides at that moment: takers that race never get more than
there is. A write whose answer was lost is repeated by botocore, and may count twice. A transaction would count once,
but refuse everybody else who counts for the same caller at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from files_api.adapters.dynamodb.errors import ConditionFalse, translated
from files_api.adapters.dynamodb.tables import EXPIRES_AT, PARTITION_KEY, hashed

if TYPE_CHECKING:
    from datetime import date

    from types_boto3_dynamodb import DynamoDBClient

_DAY = timedelta(days=1)
# How long the counts of a day are kept after its end: long enough to look at after a weekend.
_KEPT = timedelta(days=4)


class DynamoUsageStore:
    """A `UsageStore` for all instances that share the table. IAM: dynamodb:UpdateItem.

    Args:
        client: See `make_dynamodb_client`.
        table: The state table.
    """

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def take(self, subject: str, day: date, what: str, amount: int, *, limit: int) -> int | None:
        """See `UsageStore.take`."""
        if amount > limit:
            return None  # what is not there yet would pass the condition
        count = _Count(subject, day, what)
        condition = "attribute_not_exists(#what) OR #what <= :bound"
        try:
            return self._change(count, amount, condition, limit - amount)
        except ConditionFalse:
            return None

    def add(self, subject: str, day: date, what: str, amount: int) -> None:
        """See `UsageStore.add`. More than was counted is not given back: then nothing is."""
        count = _Count(subject, day, what)
        # Where there is no such count nothing can be taken from it; any number can be added.
        condition = "#what >= :bound" if amount < 0 else "attribute_not_exists(#what) OR #what >= :bound"
        try:
            self._change(count, amount, condition, max(0, -amount))
        except ConditionFalse:
            return

    def _change(self, count: _Count, amount: int, condition: str, bound: int) -> int:
        """Count so much more, where `condition` holds with `:bound`; tell how much it is then.

        Raises:
            ConditionFalse: It does not hold.
        """
        with translated(self._table):
            answer = self._client.update_item(
                TableName=self._table,
                Key={PARTITION_KEY: {"S": count.pk}},
                UpdateExpression=f"SET {EXPIRES_AT} = :gone ADD #what :amount",
                ConditionExpression=condition,
                ExpressionAttributeNames={"#what": count.what},
                ExpressionAttributeValues={
                    ":amount": {"N": str(amount)},
                    ":bound": {"N": str(bound)},
                    ":gone": {"N": str(count.gone_at)},
                },
                ReturnValues="ALL_NEW",
            )
        return int(answer["Attributes"][count.what]["N"])


@dataclass(frozen=True, slots=True)
class _Count:
    """One number: what a caller has used of one quota on one day."""

    subject: str
    day: date
    what: str

    @property
    def pk(self) -> str:
        """The item that the number is in."""
        return f"usage#{self.day.isoformat()}#{hashed(self.subject)}"

    @property
    def gone_at(self) -> int:
        """When that is no longer needed, in seconds since the epoch."""
        return int((datetime.combine(self.day, time(tzinfo=UTC)) + _DAY + _KEPT).timestamp())
