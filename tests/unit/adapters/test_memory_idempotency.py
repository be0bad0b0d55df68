"""The store of answers: how long, how many, how large."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from files_api.adapters.memory_idempotency import TTL_SECONDS, MemoryIdempotencyStore
from files_api.domain.errors import IdempotencyKeyInUse, IdempotencyKeyReused

if TYPE_CHECKING:
    from files_api.domain.ports import Claim


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def claim(store: MemoryIdempotencyStore, key: str, fingerprint: str = "f") -> Claim:
    claimed = store.claim(key, fingerprint)
    assert not isinstance(claimed, bytes), "there is an answer already"
    return claimed


def keep(store: MemoryIdempotencyStore, key: str, answer: bytes = b"answer") -> None:
    claim(store, key).finish(answer)


def is_kept(store: MemoryIdempotencyStore, key: str) -> bool:
    claimed = store.claim(key, "f")
    if isinstance(claimed, bytes):
        return True
    claimed.abandon()
    return False


def test_an_answer_is_good_for_24_hours_from_the_beginning_of_its_request() -> None:
    clock = Clock()
    store = MemoryIdempotencyStore(clock)
    claimed = claim(store, "k")
    clock.now += 90
    claimed.finish(b"answer")

    clock.now += TTL_SECONDS - 91
    assert is_kept(store, "k")
    clock.now += 1
    assert not is_kept(store, "k")


def test_after_24_hours_the_key_may_mean_another_request() -> None:
    clock = Clock()
    store = MemoryIdempotencyStore(clock)
    keep(store, "k")
    with pytest.raises(IdempotencyKeyReused):
        store.claim("k", "other")

    clock.now += TTL_SECONDS

    assert not isinstance(store.claim("k", "other"), bytes)


def test_a_running_request_holds_its_key_however_long_it_takes() -> None:
    clock = Clock()
    store = MemoryIdempotencyStore(clock)
    store.claim("k", "f")

    clock.now += 2 * TTL_SECONDS

    with pytest.raises(IdempotencyKeyInUse):
        store.claim("k", "f")


def test_another_body_is_told_apart_also_while_the_first_runs() -> None:
    store = MemoryIdempotencyStore()
    store.claim("k", "f")

    with pytest.raises(IdempotencyKeyReused):
        store.claim("k", "other")


def test_keys_are_scoped_by_what_the_caller_puts_into_them() -> None:
    store = MemoryIdempotencyStore()
    keep(store, "alice:k")

    assert not is_kept(store, "bob:k")


def test_beyond_the_number_of_entries_the_oldest_answers_go_and_running_requests_stay() -> None:
    store = MemoryIdempotencyStore(max_entries=3)
    store.claim("running", "f")
    for key in ("first", "second", "third"):
        keep(store, key)

    assert not is_kept(store, "first")
    assert is_kept(store, "third")
    with pytest.raises(IdempotencyKeyInUse):
        store.claim("running", "f")


def test_running_requests_are_never_refused_for_want_of_room() -> None:
    store = MemoryIdempotencyStore(max_entries=1)

    assert not any(isinstance(store.claim(key, "f"), bytes) for key in ("a", "b", "c"))


def test_beyond_the_bytes_the_oldest_answers_go() -> None:
    store = MemoryIdempotencyStore(max_answer_bytes=10)
    keep(store, "first", b"x" * 6)
    keep(store, "second", b"x" * 6)

    assert not is_kept(store, "first")
    assert is_kept(store, "second")


def test_an_answer_that_does_not_fit_at_all_is_not_kept_and_blocks_nothing() -> None:
    store = MemoryIdempotencyStore(max_answer_bytes=10)
    keep(store, "large", b"x" * 11)

    assert not is_kept(store, "large")
    keep(store, "small", b"x" * 10)
    assert is_kept(store, "small")


def test_who_abandons_late_takes_no_answer_and_no_claim_away() -> None:
    clock = Clock()
    store = MemoryIdempotencyStore(clock)
    first = claim(store, "k")
    first.finish(b"answer")
    first.abandon()
    assert is_kept(store, "k")
    clock.now += TTL_SECONDS
    claim(store, "k")

    first.abandon()

    with pytest.raises(IdempotencyKeyInUse):
        store.claim("k", "f")


def test_of_many_at_once_exactly_one_owns_the_key() -> None:
    store = MemoryIdempotencyStore()
    owners: list[int] = []
    start = threading.Barrier(8)

    def try_to_claim(number: int) -> None:
        start.wait()
        with suppress(IdempotencyKeyInUse):
            store.claim("k", "f")
            owners.append(number)

    threads = [threading.Thread(target=try_to_claim, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(owners) == 1
