"""The keys table: what is kept of keys, and that no client ever has three of them, whoever races."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.dynamodb import TROUBLES, Tables, at_once, connected, new_tables, proxy_to, troubled

from files_api.adapters.dynamodb.key_items import item_of
from files_api.adapters.dynamodb.keys import DynamoKeyStore
from files_api.domain.access import Scope
from files_api.domain.api_keys import ApiKey, generate_key
from files_api.domain.errors import AccessUnavailable, ClientExists, KeyNotFound, TwoKeysAlready
from files_api.domain.paths import Directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.dynamodb import DynamoDbProxy
    from tests.integration.stack import Stack
    from types_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOON = NOW + HOUR


@pytest.fixture(scope="module")
def direct(stack: Stack) -> Iterator[DynamoDBClient]:
    with connected(stack.storage.address) as client:
        yield client


@pytest.fixture
def tables(stack: Stack, direct: DynamoDBClient) -> Iterator[Tables]:
    with new_tables(stack.storage.address, direct) as made:
        yield made


@pytest.fixture
def store(tables: Tables) -> DynamoKeyStore:
    return DynamoKeyStore(tables.client, tables.keys, now=lambda: NOW)


@pytest.fixture
def proxy(tables: Tables) -> Iterator[DynamoDbProxy]:
    with proxy_to(tables.address) as made:
        yield made


@pytest.fixture
def through_proxy(tables: Tables, proxy: DynamoDbProxy) -> Iterator[DynamoKeyStore]:
    """A store whose way to the table can be damaged."""
    with connected(proxy.address) as client:
        yield DynamoKeyStore(client, tables.keys, now=lambda: NOW)


def a_key(client: str = "acme", **fields: Any) -> ApiKey:
    text = generate_key("test")
    made = ApiKey(
        key_id=text.key_id,
        client=client,
        secret_hash=text.secret_hash,
        scopes=frozenset({Scope.READ}),
        created_at=NOW,
    )
    return replace(made, **fields)


def a_client(store: DynamoKeyStore, **fields: Any) -> ApiKey:
    key = a_key(**fields)
    store.add_client(key)
    return key


def a_pair(store: DynamoKeyStore) -> tuple[ApiKey, ApiKey]:
    """A client with two live keys, of which the older one ends soon."""
    older = a_client(store)
    newer = a_key(created_at=NOW + timedelta(seconds=1))
    store.add_successor(newer, to=older, expires_at=SOON)
    return replace(older, expires_at=SOON), newer


# What is kept ----------------------------------------------------------------------------------------------------


def test_a_key_comes_back_as_it_was_kept(store: DynamoKeyStore) -> None:
    key = a_client(
        store,
        scopes=frozenset(Scope),
        root=Directory("teams/zürich/"),
        plan="standard",
        limits={"reads_per_minute": 0, "stored_bytes_per_day": 2**53 - 1},
        expires_at=SOON,
        last_used_at=NOW,
        disabled=True,
    )

    assert store.find(key.key_id) == key


def test_what_a_key_does_not_have_it_does_not_get(store: DynamoKeyStore) -> None:
    key = a_client(store, scopes=frozenset())

    assert store.find(key.key_id) == key


def test_an_id_that_nobody_was_given_is_no_key(store: DynamoKeyStore) -> None:
    a_client(store)

    assert store.find("aaaaaaaaaaaaaaaa") is None


def test_a_clients_name_is_no_key(store: DynamoKeyStore) -> None:
    key = a_client(store)

    assert store.find(key.client) is None


def test_keys_are_read_as_they_are_now_and_not_as_they_were(
    through_proxy: DynamoKeyStore, proxy: DynamoDbProxy
) -> None:
    """moto has one copy of everything, so that only the question shows it."""
    key = a_client(through_proxy)

    through_proxy.find(key.key_id)
    through_proxy.of_client(key.client)
    list(through_proxy.all())

    assert all(call["ConsistentRead"] for call in proxy.calls("GetItem") + proxy.calls("Scan"))


def test_the_keys_of_a_client_come_the_older_one_first(store: DynamoKeyStore) -> None:
    older, newer = a_pair(store)
    a_client(store, client="another")

    assert store.of_client("acme") == (older, newer)


def test_who_is_no_client_has_no_keys(store: DynamoKeyStore) -> None:
    assert store.of_client("nobody") == ()


def test_all_keys_are_found_and_nothing_but_keys(store: DynamoKeyStore) -> None:
    keys = [a_client(store, client=f"client-{number}") for number in range(5)]

    assert sorted(store.all(), key=lambda key: key.client) == keys


def test_all_keys_are_found_also_where_there_is_more_than_one_page(
    through_proxy: DynamoKeyStore, proxy: DynamoDbProxy, tables: Tables
) -> None:
    """A page of a scan has a megabyte at most: what nobody asks for fills it."""
    keys = [a_key(client=f"client-{number}") for number in range(4)]
    for key in keys:
        item = {**item_of(key), "ballast": {"S": "x" * 390_000}}
        tables.client.put_item(TableName=tables.keys, Item=item)

    assert sorted(through_proxy.all(), key=lambda key: key.client) == keys

    assert len(proxy.calls("Scan")) > 1


# Clients ---------------------------------------------------------------------------------------------------------


def test_a_name_is_taken_once_and_the_second_key_is_not_kept(store: DynamoKeyStore) -> None:
    first = a_client(store)
    second = a_key()

    with pytest.raises(ClientExists):
        store.add_client(second)

    assert store.of_client("acme") == (first,)
    assert store.find(second.key_id) is None


def test_of_operators_who_take_a_name_at_once_one_gets_it(store: DynamoKeyStore) -> None:
    keys = [a_key() for _ in range(8)]

    outcomes = at_once([partial(store.add_client, key) for key in keys])

    winners = [key for key, outcome in zip(keys, outcomes, strict=True) if outcome is None]
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [ClientExists] * 7
    assert list(store.all()) == winners


# Rotation --------------------------------------------------------------------------------------------------------


def test_a_successor_is_kept_and_the_key_before_it_ends(store: DynamoKeyStore) -> None:
    older = a_client(store)
    newer = a_key(created_at=NOW + HOUR)

    store.add_successor(newer, to=older, expires_at=SOON)

    assert store.of_client("acme") == (replace(older, expires_at=SOON), newer)


def test_a_key_that_ends_before_that_anyway_is_not_given_a_longer_life(store: DynamoKeyStore) -> None:
    older = a_client(store, expires_at=NOW + timedelta(minutes=1))

    store.add_successor(a_key(), to=older, expires_at=SOON)

    assert store.find(older.key_id) == older


def test_a_key_that_ends_later_than_that_ends_then(store: DynamoKeyStore) -> None:
    older = a_client(store, expires_at=SOON + HOUR)

    store.add_successor(a_key(), to=older, expires_at=SOON)

    assert store.find(older.key_id) == replace(older, expires_at=SOON)


def test_a_client_with_two_live_keys_gets_no_third_and_nothing_changes(store: DynamoKeyStore) -> None:
    older, newer = a_pair(store)
    third = a_key()

    with pytest.raises(TwoKeysAlready):
        store.add_successor(third, to=newer, expires_at=SOON)

    assert store.of_client("acme") == (older, newer)
    assert store.find(third.key_id) is None


@pytest.mark.parametrize("end", ["expired", "disabled"])
def test_a_key_that_is_not_live_any_more_makes_room(store: DynamoKeyStore, tables: Tables, end: str) -> None:
    older, newer = a_pair(store)
    if end == "disabled":
        store.disable(older.key_id)
    later = DynamoKeyStore(tables.client, tables.keys, now=lambda: SOON if end == "expired" else NOW)
    third = a_key(created_at=NOW + 2 * HOUR)

    later.add_successor(third, to=newer, expires_at=SOON + HOUR)

    assert later.of_client("acme") == (replace(newer, expires_at=SOON + HOUR), third)
    assert later.find(older.key_id) is None


def test_a_dead_key_beside_a_live_one_is_the_one_that_is_forgotten(store: DynamoKeyStore) -> None:
    older, newer = a_pair(store)
    dead = store.disable(older.key_id)
    third = a_key(created_at=NOW + 2 * HOUR)

    store.add_successor(third, to=dead, expires_at=SOON)

    assert store.of_client("acme") == (newer, third)
    assert store.find(dead.key_id) is None


def test_a_client_whose_only_key_is_dead_gets_a_new_one_and_the_dead_one_stays_dead(
    store: DynamoKeyStore,
) -> None:
    dead = a_client(store, expires_at=NOW - HOUR)
    new = a_key(created_at=NOW + HOUR)

    store.add_successor(new, to=dead, expires_at=SOON)

    assert store.of_client("acme") == (dead, new)


def test_what_was_deleted_has_no_successor(store: DynamoKeyStore) -> None:
    older, newer = a_pair(store)
    store.delete(older.key_id)

    with pytest.raises(KeyNotFound):
        store.add_successor(a_key(), to=older, expires_at=SOON)

    assert store.of_client("acme") == (newer,)


def test_of_operators_who_rotate_at_once_one_does(store: DynamoKeyStore, tables: Tables) -> None:
    older = a_client(store)
    keys = [a_key(created_at=NOW + HOUR) for _ in range(8)]
    stores = [DynamoKeyStore(tables.client, tables.keys, now=lambda: NOW) for _ in keys]
    # Each one lets the old key end at another time: none of them is refused for that.
    ends = [SOON + number * HOUR for number in range(8)]

    outcomes = at_once(
        [
            partial(store.add_successor, key, to=older, expires_at=end)
            for store, key, end in zip(stores, keys, ends, strict=True)
        ]
    )

    assert [type(outcome) for outcome in outcomes if outcome is not None] == [TwoKeysAlready] * 7
    assert sum(item["pk"]["S"].startswith("key#") for item in tables.items(tables.keys)) == 2
    assert len(store.of_client("acme")) == 2


@pytest.mark.parametrize(
    "end", [SOON - timedelta(minutes=1), SOON, SOON + HOUR], ids=["earlier", "same", "later"]
)
def test_who_is_overtaken_between_the_look_and_the_write_is_told_so(
    store: DynamoKeyStore, through_proxy: DynamoKeyStore, proxy: DynamoDbProxy, end: datetime
) -> None:
    older = a_client(store)
    faster, slower = a_key(created_at=NOW + HOUR), a_key(created_at=NOW + HOUR)
    proxy.damage(
        "act",
        "TransactWriteItems",
        times=1,
        act=lambda: store.add_successor(faster, to=older, expires_at=SOON),
    )

    with pytest.raises(TwoKeysAlready):
        through_proxy.add_successor(slower, to=older, expires_at=end)

    assert store.of_client("acme") == (replace(older, expires_at=SOON), faster)
    assert store.find(slower.key_id) is None


def test_a_key_that_is_deleted_between_the_look_and_the_write_has_no_successor(
    store: DynamoKeyStore, through_proxy: DynamoKeyStore, proxy: DynamoDbProxy
) -> None:
    older = a_client(store)
    proxy.damage("act", "TransactWriteItems", times=1, act=lambda: store.delete(older.key_id))

    with pytest.raises(KeyNotFound):
        through_proxy.add_successor(a_key(), to=older, expires_at=SOON)

    assert list(store.all()) == []


def test_who_is_only_hindered_tries_again(through_proxy: DynamoKeyStore, proxy: DynamoDbProxy) -> None:
    """moto never has a conflict of transactions: the proxy answers as DynamoDB does."""
    older = a_client(through_proxy)
    newer = a_key(created_at=NOW + HOUR)
    proxy.damage("answer", "TransactWriteItems", times=2, **conflict())

    through_proxy.add_successor(newer, to=older, expires_at=SOON)

    assert through_proxy.of_client("acme") == (replace(older, expires_at=SOON), newer)


def test_who_is_hindered_all_the_time_gives_up(through_proxy: DynamoKeyStore, proxy: DynamoDbProxy) -> None:
    older = a_client(through_proxy)
    proxy.damage("answer", "TransactWriteItems", **conflict())

    with pytest.raises(AccessUnavailable):
        through_proxy.add_successor(a_key(), to=older, expires_at=SOON)


def conflict() -> dict[str, Any]:
    reasons = [{"Code": "TransactionConflict", "Message": "busy"}, {"Code": "None"}, {"Code": "None"}]
    return {"code": "TransactionCanceledException", "members": {"CancellationReasons": reasons}}


def test_a_rotation_whose_answer_is_lost_is_done_once(
    through_proxy: DynamoKeyStore, proxy: DynamoDbProxy
) -> None:
    """DynamoDB knows a transaction that comes again by its token. moto does not, and the store finds its own key."""
    older = a_client(through_proxy)
    newer = a_key(created_at=NOW + HOUR)
    proxy.damage("lose", "TransactWriteItems", times=1)

    through_proxy.add_successor(newer, to=older, expires_at=SOON)

    assert through_proxy.of_client("acme") == (replace(older, expires_at=SOON), newer)
    _, first, second = proxy.calls("TransactWriteItems")
    assert first["ClientRequestToken"] == second["ClientRequestToken"]


# Disabling and deleting ------------------------------------------------------------------------------------------


def test_a_disabled_key_is_kept_and_not_live(store: DynamoKeyStore) -> None:
    key = a_client(store)

    disabled = store.disable(key.key_id)

    assert disabled == replace(key, disabled=True)
    assert store.find(key.key_id) == disabled


def test_what_is_not_there_cannot_be_disabled_and_is_not_made_by_that(
    store: DynamoKeyStore, tables: Tables
) -> None:
    with pytest.raises(KeyNotFound):
        store.disable("aaaaaaaaaaaaaaaa")

    assert tables.items(tables.keys) == []


def test_a_deleted_key_is_gone_and_leaves_its_place_to_another(store: DynamoKeyStore) -> None:
    older, newer = a_pair(store)

    assert store.delete(older.key_id) == older
    assert store.of_client("acme") == (newer,)

    third = a_key(created_at=NOW + 2 * HOUR)
    store.add_successor(third, to=newer, expires_at=SOON)
    assert store.of_client("acme") == (replace(newer, expires_at=SOON), third)


def test_with_the_last_key_the_client_goes(store: DynamoKeyStore, tables: Tables) -> None:
    older, newer = a_pair(store)
    store.delete(newer.key_id)
    store.delete(older.key_id)

    assert tables.items(tables.keys) == []
    assert store.find(a_client(store).key_id) is not None


def test_what_is_not_there_cannot_be_deleted(store: DynamoKeyStore) -> None:
    key = a_client(store)
    store.delete(key.key_id)

    with pytest.raises(KeyNotFound):
        store.delete(key.key_id)


def test_a_client_whose_keys_are_deleted_at_once_goes(store: DynamoKeyStore, tables: Tables) -> None:
    older, newer = a_pair(store)

    outcomes = at_once([lambda: store.delete(older.key_id), lambda: store.delete(newer.key_id)])

    assert outcomes == [older, newer]
    assert tables.items(tables.keys) == []


def test_a_deletion_between_which_the_client_is_rotated_leaves_the_new_key(
    store: DynamoKeyStore, through_proxy: DynamoKeyStore, proxy: DynamoDbProxy
) -> None:
    older = a_client(store)
    newer = a_key(created_at=NOW + HOUR)
    proxy.damage(
        "act",
        "TransactWriteItems",
        times=1,
        act=lambda: store.add_successor(newer, to=older, expires_at=SOON),
    )

    through_proxy.delete(older.key_id)

    assert store.of_client("acme") == (newer,)


def test_a_client_that_lost_a_key_by_hand_can_be_deleted(store: DynamoKeyStore, tables: Tables) -> None:
    older, newer = a_pair(store)
    tables.client.delete_item(TableName=tables.keys, Key={"pk": {"S": f"key#{older.key_id}"}})

    store.delete(newer.key_id)

    assert tables.items(tables.keys) == []


# Last use --------------------------------------------------------------------------------------------------------


def test_the_last_use_is_noted_and_never_goes_back(store: DynamoKeyStore) -> None:
    key = a_client(store)

    store.note_use(key.key_id, NOW + HOUR)
    store.note_use(key.key_id, NOW)

    assert store.find(key.key_id) == replace(key, last_used_at=NOW + HOUR)


def test_a_later_use_takes_the_place_of_an_earlier_one(store: DynamoKeyStore) -> None:
    # Nine and ten digits: as texts they would compare the other way round.
    key = a_client(store, last_used_at=datetime.fromtimestamp(999_999_999, UTC))

    store.note_use(key.key_id, NOW)

    assert store.find(key.key_id) == replace(key, last_used_at=NOW)


def test_the_use_of_a_key_that_was_deleted_brings_nothing_back(store: DynamoKeyStore, tables: Tables) -> None:
    key = a_client(store)
    store.delete(key.key_id)

    store.note_use(key.key_id, NOW)

    assert tables.items(tables.keys) == []


# What does not pass ----------------------------------------------------------------------------------------------

MALFORMED: dict[str, dict[str, Any] | None] = {
    "secret_hash": {"S": "not hexadecimal"},
    "scopes": {"L": [{"S": "files:everything"}]},
    "root": {"S": "a"},
    "plan": {"N": "1"},
    "limits": {"M": {"reads_per_minute": {"N": "1.5"}}},
    "created_at": {"S": "yesterday"},
    "expires_at": {"NULL": True},
    "last_used_at": {"N": "1e30"},
    "disabled": {"S": "false"},
    "client": None,
}


@pytest.mark.parametrize("attribute", MALFORMED)
def test_a_key_that_somebody_has_damaged_opens_nothing_and_is_named_in_the_log(
    store: DynamoKeyStore, tables: Tables, attribute: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = a_key(root=Directory("a/"), limits={"reads_per_minute": 1})
    item = item_of(key)
    value = MALFORMED[attribute]
    damaged = {name: other for name, other in item.items() if name != attribute}
    tables.client.put_item(
        TableName=tables.keys, Item=damaged if value is None else {**damaged, attribute: value}
    )

    with pytest.raises(AccessUnavailable):
        store.find(key.key_id)

    (record,) = [record for record in caplog.records if hasattr(record, "event")]
    assert (
        vars(record).items()
        >= {
            "event": "dynamodb_item_malformed",
            "table": tables.keys,
            "item": f"key#{key.key_id}",
        }.items()
    )
    assert attribute in vars(record)["problem"]
    assert key.secret_hash not in str(vars(record))


@pytest.mark.parametrize(
    "attribute", ["client", "secret_hash", "scopes", "root", "limits", "created_at", "disabled"]
)
def test_what_every_key_has_is_never_made_up(store: DynamoKeyStore, tables: Tables, attribute: str) -> None:
    key = a_key()
    item = {name: value for name, value in item_of(key).items() if name != attribute}
    tables.client.put_item(TableName=tables.keys, Item=item)

    with pytest.raises(AccessUnavailable):
        store.find(key.key_id)


def calls_of(store: DynamoKeyStore) -> dict[str, Callable[[], object]]:
    key = a_key()
    return {
        "find": lambda: store.find(key.key_id),
        "of_client": lambda: store.of_client("acme"),
        "all": lambda: list(store.all()),
        "add_client": lambda: store.add_client(key),
        "add_successor": lambda: store.add_successor(a_key(), to=key, expires_at=SOON),
        "disable": lambda: store.disable(key.key_id),
        "delete": lambda: store.delete(key.key_id),
        "note_use": lambda: store.note_use(key.key_id, NOW),
    }


@pytest.mark.thorough
@pytest.mark.parametrize("trouble", ["dead", *TROUBLES])
def test_whatever_is_wrong_with_dynamodb_nobody_passes_and_nobody_waits_long(
    tables: Tables, trouble: str
) -> None:
    with troubled(tables.address, trouble) as client:
        calls = calls_of(DynamoKeyStore(client, tables.keys))
        begun = time.monotonic()

        outcomes = at_once(list(calls.values()))

        took = time.monotonic() - begun
    kinds = {name: type(outcome) for name, outcome in zip(calls, outcomes, strict=True)}
    assert kinds == dict.fromkeys(calls, AccessUnavailable)
    assert all(
        1 <= error.retry_after_seconds <= 5 for error in outcomes if isinstance(error, AccessUnavailable)
    )
    assert took < 5


@pytest.mark.parametrize("trouble", ["no such table", "access denied"])
def test_what_an_operator_has_to_mend_is_logged_once_with_the_table(
    tables: Tables, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    with troubled(tables.address, trouble) as client:
        store = DynamoKeyStore(client, tables.keys)
        for _ in range(3):
            with pytest.raises(AccessUnavailable):
                store.find("aaaaaaaaaaaaaaaa")

    (record,) = [record for record in caplog.records if hasattr(record, "event")]
    assert (
        vars(record).items()
        >= {
            "event": "dynamodb_refused",
            "table": tables.keys,
            "code": TROUBLES[trouble]["code"],
            "levelname": "ERROR",
        }.items()
    )


@pytest.mark.parametrize(
    ("status", "code"), [(500, "Odd"), (503, "Odd"), (429, "Odd"), (400, "ThrottlingException")]
)
def test_what_passes_by_itself_is_no_mistake_of_an_operator(
    through_proxy: DynamoKeyStore,
    proxy: DynamoDbProxy,
    status: int,
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    proxy.damage("answer", status=status, code=code)

    with pytest.raises(AccessUnavailable):
        through_proxy.find("aaaaaaaaaaaaaaaa")

    assert not caplog.records


@pytest.mark.parametrize(
    ("reason", "logged"), [("ThrottlingError", []), ("ValidationError", ["ValidationError"])]
)
def test_a_transaction_that_is_cancelled_for_another_reason_is_no_verdict(
    through_proxy: DynamoKeyStore,
    proxy: DynamoDbProxy,
    reason: str,
    logged: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """moto knows no other reason than a condition."""
    reasons = [{"Code": reason, "Message": "made up"}, {"Code": "ConditionalCheckFailed", "Message": "no"}]
    members = {"CancellationReasons": reasons}
    proxy.damage("answer", "TransactWriteItems", code="TransactionCanceledException", members=members)

    with pytest.raises(AccessUnavailable):
        through_proxy.add_client(a_key())

    assert [vars(record).get("code") for record in caplog.records] == logged
    assert len(proxy.calls("TransactWriteItems")) == 1
