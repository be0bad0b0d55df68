"""Answers to idempotent requests that hold across instances: a key is claimed once, whoever races, dies or fails."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.dynamodb import TROUBLES, Tables, at_once, connected, new_tables, proxy_to, troubled

from files_api.adapters.dynamodb.idempotency import TTL_SECONDS, DynamoIdempotencyStore
from files_api.domain.errors import AccessUnavailable, IdempotencyKeyInUse, IdempotencyKeyReused
from files_api.domain.idempotency import replay_or_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.dynamodb import DynamoDbProxy
    from tests.integration.stack import Stack
    from types_boto3_dynamodb import DynamoDBClient

    from files_api.domain.ports import Claim

LEASE_SECONDS = 100.0
ANSWER = b'{"created": true}\x00\xff'


class Clock:
    def __init__(self) -> None:
        self.now = 1_773_500_966.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def direct(stack: Stack) -> Iterator[DynamoDBClient]:
    with connected(stack.storage.address) as client:
        yield client


@pytest.fixture
def tables(stack: Stack, direct: DynamoDBClient) -> Iterator[Tables]:
    with new_tables(stack.storage.address, direct) as made:
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def one(tables: Tables, clock: Clock) -> DynamoIdempotencyStore:
    """The store of one instance."""
    return DynamoIdempotencyStore(tables.client, tables.state, lease_seconds=LEASE_SECONDS, clock=clock)


@pytest.fixture
def other(tables: Tables, clock: Clock) -> DynamoIdempotencyStore:
    """The store of another one."""
    return DynamoIdempotencyStore(tables.client, tables.state, lease_seconds=LEASE_SECONDS, clock=clock)


@pytest.fixture
def proxy(tables: Tables) -> Iterator[DynamoDbProxy]:
    with proxy_to(tables.address) as made:
        yield made


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def through_proxy(
    tables: Tables, proxy: DynamoDbProxy, clock: Clock, pauses: list[float]
) -> Iterator[DynamoIdempotencyStore]:
    """The store of an instance whose way to the table can be damaged."""
    with connected(proxy.address) as client:
        yield DynamoIdempotencyStore(
            client, tables.state, lease_seconds=LEASE_SECONDS, clock=clock, pause=pauses.append
        )


def claim(store: DynamoIdempotencyStore, key: str = "k", fingerprint: str = "f") -> Claim:
    claimed = store.claim(key, fingerprint)
    assert not isinstance(claimed, bytes), "there is an answer already"
    return claimed


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(record)["event"] for record in caplog.records if "event" in vars(record)]


# One key, one run ------------------------------------------------------------------------------------------------


def test_what_one_instance_has_answered_another_one_replays(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore
) -> None:
    claim(one).finish(ANSWER)

    assert other.claim("k", "f") == ANSWER
    assert one.claim("k", "f") == ANSWER


def test_while_one_instance_runs_another_one_is_told_so(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore
) -> None:
    claim(one)

    with pytest.raises(IdempotencyKeyInUse):
        other.claim("k", "f")


def test_another_body_is_refused_while_the_first_runs_and_afterwards(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore
) -> None:
    running = claim(one)
    with pytest.raises(IdempotencyKeyReused):
        other.claim("k", "another body")

    running.finish(ANSWER)

    with pytest.raises(IdempotencyKeyReused):
        other.claim("k", "another body")


def test_a_key_that_was_given_back_is_free_also_for_another_body(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore
) -> None:
    claim(one).abandon()

    claim(other, fingerprint="another body")


def test_keys_are_told_apart(one: DynamoIdempotencyStore) -> None:
    claim(one, "client:acme k").finish(ANSWER)

    claim(one, "client:other k")


def test_of_many_on_two_instances_at_once_exactly_one_has_the_claim(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore
) -> None:
    outcomes = at_once([partial(store.claim, "k", "f") for store in [one, other] * 8])

    refused = [outcome for outcome in outcomes if isinstance(outcome, IdempotencyKeyInUse)]
    assert len(refused) == len(outcomes) - 1


def test_two_instances_that_receive_a_request_at_once_run_it_once(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore
) -> None:
    runs: list[int] = []
    refused = threading.Event()

    def run() -> bytes:
        runs.append(1)
        assert refused.wait(10)
        return ANSWER

    def send(store: DynamoIdempotencyStore) -> bytes:
        try:
            return replay_or_run(store, "k", "f", run)
        except IdempotencyKeyInUse:
            refused.set()
            raise

    outcomes = at_once([lambda: send(one), lambda: send(other)])

    assert runs == [1]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IdempotencyKeyInUse", "bytes"]


# How long --------------------------------------------------------------------------------------------------------


def test_an_answer_is_good_for_24_hours_from_the_beginning_of_its_request(
    one: DynamoIdempotencyStore, clock: Clock
) -> None:
    """What has expired is still in the table, as in DynamoDB for a while."""
    running = claim(one)
    clock.now += LEASE_SECONDS - 1
    running.finish(ANSWER)

    clock.now += TTL_SECONDS - LEASE_SECONDS
    assert one.claim("k", "f") == ANSWER
    clock.now += 2

    claim(one, fingerprint="another body")


def test_the_claim_of_an_instance_that_died_ends_with_its_lease(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore, clock: Clock
) -> None:
    claim(one)
    clock.now += LEASE_SECONDS - 1
    with pytest.raises(IdempotencyKeyInUse):
        other.claim("k", "f")
    clock.now += 2

    claim(other)


def test_of_many_who_would_take_over_exactly_one_does(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore, clock: Clock
) -> None:
    claim(one)
    clock.now += LEASE_SECONDS + 1

    outcomes = at_once([partial(store.claim, "k", "f") for store in [one, other] * 8])

    refused = [outcome for outcome in outcomes if isinstance(outcome, IdempotencyKeyInUse)]
    assert len(refused) == len(outcomes) - 1


def test_who_was_taken_for_dead_overwrites_no_answer(
    one: DynamoIdempotencyStore,
    other: DynamoIdempotencyStore,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = claim(one)
    clock.now += LEASE_SECONDS + 1
    claim(other).finish(ANSWER)

    slow.finish(b"late")

    assert one.claim("k", "f") == ANSWER
    assert events(caplog) == ["idempotency_not_kept"]


def test_who_was_taken_for_dead_takes_no_claim_away(
    one: DynamoIdempotencyStore, other: DynamoIdempotencyStore, clock: Clock
) -> None:
    slow = claim(one)
    clock.now += LEASE_SECONDS + 1
    claim(other)

    slow.abandon()

    with pytest.raises(IdempotencyKeyInUse):
        one.claim("k", "f")


def test_an_answer_is_kept_also_where_dynamodb_has_deleted_the_claim_whose_lease_was_over(
    one: DynamoIdempotencyStore, tables: Tables, clock: Clock
) -> None:
    """moto deletes nothing by itself; the test does."""
    slow = claim(one)
    clock.now += LEASE_SECONDS + 1
    (item,) = tables.items(tables.state)
    tables.client.delete_item(TableName=tables.state, Key={"pk": item["pk"]})

    slow.finish(ANSWER)

    assert one.claim("k", "f") == ANSWER


def test_who_is_stopped_after_its_answer_was_kept_does_not_take_it_away(one: DynamoIdempotencyStore) -> None:
    running = claim(one)
    running.finish(ANSWER)

    running.abandon()

    assert one.claim("k", "f") == ANSWER


@pytest.mark.parametrize("finished", [False, True], ids=["running", "finished"])
def test_dynamodb_is_told_when_an_item_may_go(
    one: DynamoIdempotencyStore, tables: Tables, clock: Clock, finished: bool
) -> None:
    running = claim(one)
    if finished:
        running.finish(ANSWER)

    (item,) = tables.items(tables.state)

    good_for = TTL_SECONDS if finished else LEASE_SECONDS
    # Whole seconds, rounded up: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
    assert item["expires_at"] == {"N": str(int(clock.now + good_for + 1))}
    ttl = tables.client.describe_time_to_live(TableName=tables.state)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_the_table_does_not_tell_what_callers_chose_for_a_key(
    one: DynamoIdempotencyStore, tables: Tables
) -> None:
    claim(one, "client:acme order-of-alice").finish(ANSWER)

    assert "alice" not in str(tables.items(tables.state))


# Trouble ---------------------------------------------------------------------------------------------------------


def test_an_answer_that_no_item_holds_is_not_kept_and_blocks_nothing(
    one: DynamoIdempotencyStore, caplog: pytest.LogCaptureFixture
) -> None:
    claim(one).finish(bytes(256 * 1024 + 1))

    claim(one)
    assert events(caplog) == ["idempotency_not_kept"]


def test_the_largest_answer_that_is_kept_fits_into_an_item(one: DynamoIdempotencyStore) -> None:
    largest = bytes(256 * 1024)

    claim(one).finish(largest)

    assert one.claim("k", "f") == largest


@pytest.mark.parametrize("operation", ["claim", "finish"])
def test_a_write_whose_answer_was_lost_was_ours(
    through_proxy: DynamoIdempotencyStore, proxy: DynamoDbProxy, operation: str
) -> None:
    if operation == "claim":
        proxy.damage("lose", "PutItem", times=1)
    running = claim(through_proxy)
    if operation == "finish":
        proxy.damage("lose", "PutItem", times=1)
    running.finish(ANSWER)

    assert through_proxy.claim("k", "f") == ANSWER


def test_an_answer_is_kept_once_dynamodb_takes_it(
    through_proxy: DynamoIdempotencyStore, proxy: DynamoDbProxy, pauses: list[float]
) -> None:
    running = claim(through_proxy)
    # Each try is two of botocore's.
    proxy.damage("answer", "PutItem", times=4, status=500, code="InternalServerError")

    running.finish(ANSWER)

    assert through_proxy.claim("k", "f") == ANSWER
    assert len(pauses) == 2


def test_an_answer_that_cannot_be_kept_goes_to_the_caller_and_the_lease_ends_the_claim(
    through_proxy: DynamoIdempotencyStore,
    proxy: DynamoDbProxy,
    other: DynamoIdempotencyStore,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def run() -> bytes:
        proxy.damage("answer", status=500, code="InternalServerError")
        return ANSWER

    assert replay_or_run(through_proxy, "k", "f", run) == ANSWER

    assert events(caplog) == ["idempotency_not_kept"]
    with pytest.raises(IdempotencyKeyInUse):
        other.claim("k", "f")
    clock.now += LEASE_SECONDS + 1
    claim(other)


@pytest.mark.thorough
def test_a_table_that_hangs_holds_a_finished_request_up_for_less_than_ten_seconds(
    through_proxy: DynamoIdempotencyStore, proxy: DynamoDbProxy
) -> None:
    running = claim(through_proxy)
    proxy.damage("hang")
    begun = time.monotonic()

    running.finish(ANSWER)

    assert time.monotonic() - begun < 10


def test_a_failure_is_told_as_it_is_also_where_the_key_cannot_be_given_back(
    through_proxy: DynamoIdempotencyStore,
    proxy: DynamoDbProxy,
    other: DynamoIdempotencyStore,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> bytes:
        proxy.damage("answer", status=500, code="InternalServerError")
        raise LookupError

    with pytest.raises(LookupError):
        replay_or_run(through_proxy, "k", "f", fail)

    assert events(caplog) == ["idempotency_not_given_back"]
    clock.now += LEASE_SECONDS + 1
    claim(other)


@pytest.mark.thorough
@pytest.mark.parametrize("trouble", ["dead", *TROUBLES])
def test_whatever_is_wrong_with_dynamodb_nothing_is_run_and_nobody_waits_long(
    tables: Tables, trouble: str
) -> None:
    with troubled(tables.address, trouble) as client:
        store = DynamoIdempotencyStore(client, tables.state, lease_seconds=LEASE_SECONDS)
        begun = time.monotonic()

        with pytest.raises(AccessUnavailable):
            replay_or_run(store, "k", "f", lambda: pytest.fail("was run"))

        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("attribute", ["owner", "fingerprint", "expires_at"])
def test_an_item_that_somebody_has_damaged_runs_nothing_and_is_named_in_the_log(
    one: DynamoIdempotencyStore, tables: Tables, attribute: str, caplog: pytest.LogCaptureFixture
) -> None:
    claim(one)
    (item,) = tables.items(tables.state)
    damaged = {name: value for name, value in item.items() if name != attribute}
    tables.client.put_item(TableName=tables.state, Item=damaged)

    with caplog.at_level(logging.ERROR), pytest.raises(AccessUnavailable):
        one.claim("k", "f")

    (record,) = [record for record in caplog.records if "event" in vars(record)]
    expected: dict[str, Any] = {
        "event": "dynamodb_item_malformed",
        "table": tables.state,
        "item": item["pk"]["S"],
    }
    assert vars(record).items() >= expected.items()
