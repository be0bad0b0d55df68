"""Quotas that hold across instances: to the limit and not beyond, whoever races."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.integration.dynamodb import TROUBLES, Tables, at_once, connected, new_tables, troubled

from files_api.adapters.dynamodb.usage import DynamoUsageStore
from files_api.domain.errors import AccessUnavailable
from files_api.domain.plans import MAX_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.stack import Stack
    from types_boto3_dynamodb import DynamoDBClient

TODAY = date(2026, 3, 14)
DAY = timedelta(days=1)
BYTES = "stored_bytes"


@pytest.fixture(scope="module")
def direct(stack: Stack) -> Iterator[DynamoDBClient]:
    with connected(stack.storage.address) as client:
        yield client


@pytest.fixture
def tables(stack: Stack, direct: DynamoDBClient) -> Iterator[Tables]:
    with new_tables(stack.storage.address, direct) as made:
        yield made


@pytest.fixture
def store(tables: Tables) -> DynamoUsageStore:
    return DynamoUsageStore(tables.client, tables.state)


def used(store: DynamoUsageStore) -> int | None:
    return store.take("s", TODAY, BYTES, 0, limit=MAX_LIMIT)


def test_up_to_the_limit_everything_is_counted_and_told(store: DynamoUsageStore) -> None:
    assert [store.take("s", TODAY, BYTES, 4, limit=10) for _ in range(2)] == [4, 8]
    assert store.take("s", TODAY, BYTES, 2, limit=10) == 10


def test_the_whole_limit_can_be_taken_at_once(store: DynamoUsageStore) -> None:
    assert store.take("s", TODAY, BYTES, MAX_LIMIT, limit=MAX_LIMIT) == MAX_LIMIT
    assert store.take("s", TODAY, BYTES, 1, limit=MAX_LIMIT) is None


def test_one_more_than_the_limit_is_refused_and_not_counted(store: DynamoUsageStore) -> None:
    store.take("s", TODAY, BYTES, 8, limit=10)

    assert store.take("s", TODAY, BYTES, 3, limit=10) is None

    assert used(store) == 8


def test_more_than_the_limit_is_refused_also_as_the_first_of_the_day(
    store: DynamoUsageStore, tables: Tables
) -> None:
    assert store.take("s", TODAY, BYTES, 11, limit=10) is None

    assert tables.items(tables.state) == []


def test_a_limit_of_nothing_lets_nothing_through(store: DynamoUsageStore) -> None:
    assert store.take("s", TODAY, BYTES, 1, limit=0) is None
    assert store.take("s", TODAY, BYTES, 0, limit=0) == 0


@pytest.mark.parametrize(
    ("subject", "day", "what"),
    [("another", TODAY, BYTES), ("s", TODAY + DAY, BYTES), ("s", TODAY, "generations")],
    ids=["subject", "day", "quota"],
)
def test_each_subject_day_and_quota_is_counted_by_itself(
    store: DynamoUsageStore, subject: str, day: date, what: str
) -> None:
    store.take("s", TODAY, BYTES, 10, limit=10)

    assert store.take(subject, day, what, 10, limit=10) == 10


def test_adding_goes_past_every_limit_and_back(store: DynamoUsageStore) -> None:
    store.add("s", TODAY, BYTES, 30)
    assert store.take("s", TODAY, BYTES, 1, limit=10) is None

    store.add("s", TODAY, BYTES, -25)

    assert used(store) == 5


def test_everything_that_was_counted_can_be_given_back(store: DynamoUsageStore) -> None:
    store.take("s", TODAY, BYTES, 10, limit=10)

    store.add("s", TODAY, BYTES, -10)

    assert store.take("s", TODAY, BYTES, 10, limit=10) == 10


@pytest.mark.parametrize("counted", [0, 5])
def test_more_than_was_counted_is_not_given_back(store: DynamoUsageStore, counted: int) -> None:
    if counted:
        store.add("s", TODAY, BYTES, counted)

    store.add("s", TODAY, BYTES, -6)

    assert used(store) == counted


def test_takers_that_race_on_two_instances_never_get_more_than_there_is(tables: Tables) -> None:
    stores = [DynamoUsageStore(tables.client, tables.state) for _ in range(2)]

    take = [partial(store.take, "s", TODAY, BYTES, 3, limit=40) for store in stores]

    got = at_once(take * 12)

    assert sorted(count for count in got if isinstance(count, int)) == list(range(3, 40, 3))
    assert [count for count in got if not isinstance(count, int)] == [None] * 11


def test_the_counts_of_a_day_go_some_days_later(store: DynamoUsageStore, tables: Tables) -> None:
    store.take("s", TODAY, BYTES, 1, limit=10)

    (item,) = tables.items(tables.state)

    gone_at = datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)
    assert gone_at == datetime(2026, 3, 19, tzinfo=UTC)


@pytest.mark.parametrize("subject", ["user:alice@example.com", "x" * 5000, "\ud800"])
def test_a_subject_may_be_anything_and_is_not_to_be_read_in_the_table(
    store: DynamoUsageStore, tables: Tables, subject: str
) -> None:
    assert store.take(subject, TODAY, BYTES, 1, limit=10) == 1

    assert subject not in str(tables.items(tables.state))


@pytest.mark.thorough
@pytest.mark.parametrize("trouble", ["dead", *TROUBLES])
def test_whatever_is_wrong_with_dynamodb_nothing_is_taken_and_nobody_waits_long(
    tables: Tables, trouble: str
) -> None:
    with troubled(tables.address, trouble) as client:
        store = DynamoUsageStore(client, tables.state)
        begun = time.monotonic()

        outcomes = at_once(
            [
                lambda: store.take("s", TODAY, BYTES, 1, limit=10),
                lambda: store.add("s", TODAY, BYTES, 1),
                lambda: store.add("s", TODAY, BYTES, -1),
            ]
        )

        took = time.monotonic() - begun
    assert [type(outcome) for outcome in outcomes] == [AccessUnavailable] * 3
    assert took < 5
