"""The keys table.

Two kinds of items: `key#<id>` is a key (`key_items`), and `client#<name>` is a client, with two slots that hold the ids
of its keys. Whatever changes which keys a client has is one transaction that touches the client's item, under the
condition that its slots are as they were when they were looked at: of two operators who do something at once, the
second one's transaction does nothing, and then looks again. So there are never three keys, nor a key without a client.

A transaction that is repeated because its answer was lost is done once: botocore sends the same token again
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from files_api.adapters.dynamodb.errors import (
    CONDITION_FALSE,
    ConditionFalse,
    TransactionCanceled,
    malformed,
    translated,
)
from files_api.adapters.dynamodb.key_items import KEY_PREFIX, MalformedItem, item_of, key_of, seconds_of
from files_api.adapters.dynamodb.tables import PARTITION_KEY
from files_api.domain.errors import AccessUnavailable, ClientExists, KeyNotFound, TwoKeysAlready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        ScanInputTypeDef,
        TransactWriteItemTypeDef,
    )

    from files_api.domain.api_keys import ApiKey

_CLIENT_PREFIX = "client#"
_SLOTS = ("slot_1", "slot_2")
# How often to look again after somebody else was faster. Operators are few: the second look is nearly always the last.
_LOOKS = 5
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Client:
    """A client as it was seen: the ids in its slots, and the keys that these stand for, as far as they exist."""

    name: str
    slots: tuple[str | None, str | None]
    keys: Mapping[str, ApiKey]

    def slot_of(self, key_id: str) -> int | None:
        """Which slot a key is in."""
        return self.slots.index(key_id) if key_id in self.slots else None

    @property
    def unchanged(self) -> str:
        """The condition that the slots are still the same."""
        return " AND ".join(
            f"attribute_not_exists({slot})" if key_id is None else f"{slot} = :{slot}"
            for slot, key_id in zip(_SLOTS, self.slots, strict=True)
        )

    @property
    def values(self) -> dict[str, AttributeValueTypeDef]:
        """What `unchanged` compares with."""
        return {
            f":{slot}": {"S": key_id}
            for slot, key_id in zip(_SLOTS, self.slots, strict=True)
            if key_id is not None
        }


class DynamoKeyStore:
    """A `KeyStore`.

    All reads are consistent. Eventually consistent ones would cost half, but are not bounded in how late they are, and
    a revoked key must be dead within a minute, of which the cache above has taken its part; and a key that has just
    been made has to work. With that cache the difference is cents.

    Args:
        client: See `make_dynamodb_client`.
        table: The keys table.
        now: Tells the time, by which a key is live or not when room is to be made.
    """

    def __init__(
        self, client: DynamoDBClient, table: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._client = client
        self._table = table
        self._now = now

    def find(self, key_id: str) -> ApiKey | None:
        """See `KeyStore.find`. A key that is malformed is logged, and raises AccessUnavailable. IAM: GetItem."""
        item = self._get(KEY_PREFIX + key_id)
        return self._read(item) if item is not None else None

    def of_client(self, client: str) -> tuple[ApiKey, ...]:
        """See `KeyStore.of_client`. IAM: GetItem."""
        seen = self._look_at(client)
        if seen is None:
            return ()
        return tuple(sorted(seen.keys.values(), key=lambda key: (key.created_at, key.key_id)))

    def all(self) -> Iterator[ApiKey]:
        """See `KeyStore.all`. IAM: Scan."""
        scan: ScanInputTypeDef = {
            "TableName": self._table,
            "ConsistentRead": True,
            "FilterExpression": f"begins_with({PARTITION_KEY}, :key)",
            "ExpressionAttributeValues": {":key": {"S": KEY_PREFIX}},
        }
        while True:
            with translated(self._table):
                page = self._client.scan(**scan)
            for item in page["Items"]:
                yield self._read(item)
            if "LastEvaluatedKey" not in page:
                return
            scan["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def add_client(self, key: ApiKey) -> None:
        """See `KeyStore.add_client`. IAM: PutItem."""
        operations: list[TransactWriteItemTypeDef] = [
            {
                "Put": {
                    "TableName": self._table,
                    "Item": {
                        PARTITION_KEY: {"S": _CLIENT_PREFIX + key.client},
                        _SLOTS[0]: {"S": key.key_id},
                    },
                    "ConditionExpression": f"attribute_not_exists({PARTITION_KEY})",
                }
            },
            self._new(key),
        ]
        for _ in _tries():
            reasons = self._write(operations)
            if not reasons:
                return
            if reasons[0] == CONDITION_FALSE:
                raise ClientExists(f"There is a client {key.client} already.")
        raise _hindered()

    def add_successor(self, key: ApiKey, *, to: ApiKey, expires_at: datetime) -> None:
        """See `KeyStore.add_successor`. IAM: GetItem, PutItem, UpdateItem, DeleteItem, ConditionCheckItem.

        A key that ends before `expires_at` anyway keeps its end. Where `to` itself is what is not live any more, and
        the other key of the client is, `to` is the one that is forgotten.
        """
        for _ in _tries():
            seen = self._look_at(key.client)
            if seen is not None and key.key_id in seen.slots:
                return  # the try before was done after all
            replaced = seen.keys.get(to.key_id) if seen is not None else None
            if seen is None or replaced is None:
                raise KeyNotFound(f"The client {key.client} has no key {to.key_id}.")
            if not self._write(self._succession(seen, key, replaced, expires_at)):
                return
        raise _hindered()

    def disable(self, key_id: str) -> ApiKey:
        """See `KeyStore.disable`. IAM: UpdateItem."""
        try:
            with translated(self._table):
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={PARTITION_KEY: {"S": KEY_PREFIX + key_id}},
                    UpdateExpression="SET disabled = :true",
                    ConditionExpression=f"attribute_exists({PARTITION_KEY})",
                    ExpressionAttributeValues={":true": {"BOOL": True}},
                    ReturnValues="ALL_NEW",
                )
        except ConditionFalse as error:
            raise KeyNotFound(f"There is no key {key_id}.") from error
        return self._read(answer["Attributes"])

    def delete(self, key_id: str) -> ApiKey:
        """See `KeyStore.delete`. IAM: GetItem, UpdateItem, DeleteItem."""
        for _ in _tries():
            key = self.find(key_id)
            if key is None:
                raise KeyNotFound(f"There is no key {key_id}.")
            if not self._write(self._deletion(self._look_at(key.client), key)):
                return key
        raise _hindered()

    def note_use(self, key_id: str, at: datetime) -> None:
        """See `KeyStore.note_use`. A key that is not there any more is no error. IAM: UpdateItem."""
        try:
            with translated(self._table):
                self._client.update_item(
                    TableName=self._table,
                    Key={PARTITION_KEY: {"S": KEY_PREFIX + key_id}},
                    UpdateExpression="SET last_used_at = :at",
                    # An update makes the item where there is none; this one must not bring a deleted key back.
                    ConditionExpression=f"attribute_exists({PARTITION_KEY}) "
                    "AND (attribute_not_exists(last_used_at) OR last_used_at < :at)",
                    ExpressionAttributeValues={":at": {"N": str(seconds_of(at))}},
                )
        except ConditionFalse:
            return

    # What transactions are made of -------------------------------------------------------------------------------

    def _succession(
        self, seen: _Client, key: ApiKey, replaced: ApiKey, expires_at: datetime
    ) -> list[TransactWriteItemTypeDef]:
        now = self._now()
        place = seen.slots.index(replaced.key_id)
        other_id = seen.slots[1 - place]
        other = seen.keys.get(other_id) if other_id is not None else None
        if other is not None and other.is_live(now):
            if replaced.is_live(now):
                raise TwoKeysAlready(f"The client {key.client} has two live keys; delete one of them first.")
            return [self._fill(seen, place, key), self._new(key), self._forget(replaced, now)]
        operations = [self._fill(seen, 1 - place, key), self._new(key), self._end(replaced, expires_at)]
        return operations if other is None else [*operations, self._forget(other, now)]

    def _deletion(self, seen: _Client | None, key: ApiKey) -> list[TransactWriteItemTypeDef]:
        remove: TransactWriteItemTypeDef = {
            "Delete": {
                "TableName": self._table,
                "Key": {PARTITION_KEY: {"S": KEY_PREFIX + key.key_id}},
                "ConditionExpression": f"attribute_exists({PARTITION_KEY})",
            }
        }
        place = seen.slot_of(key.key_id) if seen is not None else None
        if seen is None or place is None:
            return [remove]  # not of this service's making, but a key all the same
        client = {PARTITION_KEY: {"S": _CLIENT_PREFIX + seen.name}}
        if seen.slots[1 - place] in seen.keys:
            leave: TransactWriteItemTypeDef = {
                "Update": {
                    "TableName": self._table,
                    "Key": client,
                    "UpdateExpression": f"REMOVE {_SLOTS[place]}",
                    "ConditionExpression": seen.unchanged,
                    "ExpressionAttributeValues": seen.values,
                }
            }
        else:
            leave = {
                "Delete": {
                    "TableName": self._table,
                    "Key": client,
                    "ConditionExpression": seen.unchanged,
                    "ExpressionAttributeValues": seen.values,
                }
            }
        return [remove, leave]

    def _fill(self, seen: _Client, place: int, key: ApiKey) -> TransactWriteItemTypeDef:
        return {
            "Update": {
                "TableName": self._table,
                "Key": {PARTITION_KEY: {"S": _CLIENT_PREFIX + seen.name}},
                "UpdateExpression": f"SET {_SLOTS[place]} = :new",
                "ConditionExpression": seen.unchanged,
                "ExpressionAttributeValues": {**seen.values, ":new": {"S": key.key_id}},
            }
        }

    def _new(self, key: ApiKey) -> TransactWriteItemTypeDef:
        return {
            "Put": {
                "TableName": self._table,
                "Item": item_of(key),
                "ConditionExpression": f"attribute_not_exists({PARTITION_KEY})",
            }
        }

    def _end(self, key: ApiKey, expires_at: datetime) -> TransactWriteItemTypeDef:
        """Let a key expire; one that ends earlier is only to be there still: nothing may live longer through this."""
        item = {PARTITION_KEY: {"S": KEY_PREFIX + key.key_id}}
        if key.expires_at is not None and key.expires_at <= expires_at:
            return {
                "ConditionCheck": {
                    "TableName": self._table,
                    "Key": item,
                    "ConditionExpression": f"attribute_exists({PARTITION_KEY})",
                }
            }
        return {
            "Update": {
                "TableName": self._table,
                "Key": item,
                "UpdateExpression": "SET expires_at = :end",
                "ConditionExpression": f"attribute_exists({PARTITION_KEY}) "
                "AND (attribute_not_exists(expires_at) OR expires_at > :end)",
                "ExpressionAttributeValues": {":end": {"N": str(seconds_of(expires_at))}},
            }
        }

    def _forget(self, key: ApiKey, now: datetime) -> TransactWriteItemTypeDef:
        return {
            "Delete": {
                "TableName": self._table,
                "Key": {PARTITION_KEY: {"S": KEY_PREFIX + key.key_id}},
                "ConditionExpression": "disabled = :true OR expires_at <= :now",
                "ExpressionAttributeValues": {
                    ":true": {"BOOL": True},
                    ":now": {"N": str(seconds_of(now))},
                },
            }
        }

    # Calls -------------------------------------------------------------------------------------------------------

    def _write(self, operations: list[TransactWriteItemTypeDef]) -> tuple[str, ...]:
        """Do all of these or none; empty when they were done, else why not, by operation."""
        try:
            with translated(self._table):
                self._client.transact_write_items(TransactItems=operations)
        except TransactionCanceled as canceled:
            return canceled.reasons
        return ()

    def _look_at(self, name: str) -> _Client | None:
        item = self._get(_CLIENT_PREFIX + name)
        if item is None:
            return None
        ids = [item[slot].get("S") if slot in item else None for slot in _SLOTS]
        if any(slot in item and not key_id for slot, key_id in zip(_SLOTS, ids, strict=True)):
            raise malformed(self._table, _CLIENT_PREFIX + name, "a slot is of another type")
        found = [key for key_id in ids if key_id is not None and (key := self.find(key_id)) is not None]
        return _Client(name, (ids[0], ids[1]), {key.key_id: key for key in found})

    def _get(self, pk: str) -> Mapping[str, Any] | None:
        with translated(self._table):
            answer = self._client.get_item(
                TableName=self._table, Key={PARTITION_KEY: {"S": pk}}, ConsistentRead=True
            )
        return answer.get("Item")

    def _read(self, item: Mapping[str, Any]) -> ApiKey:
        try:
            return key_of(item)
        except MalformedItem as error:
            raise malformed(self._table, str(item[PARTITION_KEY].get("S")), str(error)) from error


def _tries() -> Iterator[int]:
    """Count the looks at what there is, with a pause before all but the first."""
    for number in range(_LOOKS):
        if number:
            time.sleep(number * _PAUSE_SECONDS)
        yield number


def _hindered() -> AccessUnavailable:
    return AccessUnavailable("Somebody else is changing these keys at the same time; try again.")
