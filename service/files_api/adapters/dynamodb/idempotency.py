"""Answers to idempotent requests, shared by all instances.

An item is a claim while it has no answer, and what is kept afterwards. `expires_at` ends both: the claim of an instance
that has died when its lease is over, the answer 24 hours after its claim began. DynamoDB deletes such items late; here
they count as gone at once.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from files_api.adapters.dynamodb.errors import ConditionFalse, malformed, translated
from files_api.adapters.dynamodb.tables import EXPIRES_AT, PARTITION_KEY, hashed
from files_api.domain.errors import AccessUnavailable, IdempotencyKeyInUse, IdempotencyKeyReused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_dynamodb import DynamoDBClient

    from files_api.domain.ports import Claim

log = logging.getLogger(__name__)

#: How long an answer is good, by the contract.
TTL_SECONDS = 24 * 3600
# An item has 400 KB at most, its other attributes included
# (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html). Answers have one or two.
_MAX_ANSWER_BYTES = 256 * 1024
# Between the tries to keep an answer; each of them is two tries of botocore's.
_PAUSES_SECONDS = (0.1, 0.5)
# The caller waits for its answer meanwhile.
_PATIENCE_SECONDS = 4.0


class DynamoIdempotencyStore:
    """An `IdempotencyStore` for all instances that share the table.

    A claim is one conditional write, so that of any number of instances exactly one has it. IAM: dynamodb:PutItem,
    dynamodb:DeleteItem.

    Args:
        client: See `make_dynamodb_client`.
        table: The state table.
        lease_seconds: How long a claim is good without an answer: more than a request with a key can take, and than
            the clocks of instances differ. An instance that dies blocks its keys for that long.
        clock: Tells the seconds since the epoch: instances have to agree on it.
        pause: Waits so many seconds, between tries to keep an answer.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        *,
        lease_seconds: float,
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._table = table
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._pause = pause

    def claim(self, key: str, fingerprint: str) -> Claim | bytes:
        """See `IdempotencyStore.claim`."""
        now = self._clock()
        # What callers choose for a key may say something about them: the table does not hold it.
        claim = _DynamoClaim(
            self, f"idempotency#{hashed(key)}", fingerprint, uuid.uuid4().hex, math.ceil(now + TTL_SECONDS)
        )
        try:
            with translated(self._table):
                self._client.put_item(
                    TableName=self._table,
                    Item=claim.item(expires_at=math.ceil(now + self._lease_seconds)),
                    ConditionExpression=f"attribute_not_exists({PARTITION_KEY}) OR {EXPIRES_AT} <= :now",
                    ExpressionAttributeValues={":now": {"N": str(math.floor(now))}},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFalse as error:
            return self._judge(error.item, claim)
        return claim

    def _judge(self, there: Mapping[str, Any], claim: _DynamoClaim) -> Claim | bytes:
        """Say what it means that this is there already."""
        owner = there.get("owner", {}).get("S")
        fingerprint = there.get("fingerprint", {}).get("S")
        if not owner or not fingerprint or "N" not in there.get(EXPIRES_AT, {}):
            raise malformed(self._table, claim.pk, "owner, fingerprint or expires_at is missing")
        if owner == claim.owner:
            return claim  # the answer to the first try was lost, and botocore has made a second one
        if fingerprint != claim.fingerprint:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another request body.")
        answer: bytes | None = there.get("answer", {}).get("B")
        if answer is None:
            raise IdempotencyKeyInUse("The first request with this Idempotency-Key is still running.")
        return answer

    def keep(self, claim: _DynamoClaim, answer: bytes) -> None:
        """Keep an answer, if it can be: the caller gets it anyway, so that nothing is raised."""
        if len(answer) > _MAX_ANSWER_BYTES:
            # As in memory: a repetition is a new try, now rather than when the lease is over.
            self._not_kept(claim, f"{len(answer)} bytes are too many")
            self.give_back(claim)
            return
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        for pause in (*_PAUSES_SECONDS, None):
            try:
                with translated(self._table):
                    self._client.put_item(
                        TableName=self._table,
                        Item={**claim.item(expires_at=claim.answer_expires_at), "answer": {"B": answer}},
                        # Nothing there: the lease was over and DynamoDB has deleted the claim. Nobody's is overwritten.
                        ConditionExpression=f"attribute_not_exists({PARTITION_KEY}) OR #owner = :owner",
                        ExpressionAttributeNames={"#owner": "owner"},
                        ExpressionAttributeValues={":owner": {"S": claim.owner}},
                    )
            except ConditionFalse:
                self._not_kept(claim, "the lease was over, and another request has taken the key")
                return
            except AccessUnavailable:
                if pause is None or time.monotonic() > give_up_at:
                    break
                self._pause(pause)
            else:
                return
        # Until the lease is over a repetition is told that the first request is running, and is a new try then.
        self._not_kept(claim, "DynamoDB does not take it")

    def give_back(self, claim: _DynamoClaim) -> None:
        """Give a key back, if that is possible, else when the lease is over: why the request failed says more."""
        try:
            with translated(self._table):
                self._client.delete_item(
                    TableName=self._table,
                    Key={PARTITION_KEY: {"S": claim.pk}},
                    # An answer stays: whoever kept it was only stopped before it heard of that.
                    ConditionExpression="#owner = :owner AND attribute_not_exists(answer)",
                    ExpressionAttributeNames={"#owner": "owner"},
                    ExpressionAttributeValues={":owner": {"S": claim.owner}},
                )
        except ConditionFalse:
            return
        except AccessUnavailable:
            log.warning(
                "an idempotency key could not be given back; its lease ends it",
                extra={"event": "idempotency_not_given_back", "table": self._table, "item": claim.pk},
            )

    def _not_kept(self, claim: _DynamoClaim, reason: str) -> None:
        log.warning(
            "the answer to an idempotent request was not kept",
            extra={"event": "idempotency_not_kept", "table": self._table, "item": claim.pk, "reason": reason},
        )


@dataclass(frozen=True, slots=True)
class _DynamoClaim:
    """A `Claim`. `owner` tells it from every other claim of the same key."""

    store: DynamoIdempotencyStore
    pk: str
    fingerprint: str
    owner: str
    answer_expires_at: int

    def item(self, *, expires_at: int) -> dict[str, Any]:
        """Write it as an item that is good until then."""
        return {
            PARTITION_KEY: {"S": self.pk},
            "fingerprint": {"S": self.fingerprint},
            "owner": {"S": self.owner},
            EXPIRES_AT: {"N": str(expires_at)},
        }

    def finish(self, answer: bytes) -> None:
        """See `Claim.finish`."""
        self.store.keep(self, answer)

    def abandon(self) -> None:
        """See `Claim.abandon`."""
        self.store.give_back(self)
