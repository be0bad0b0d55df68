"""A repeated request is answered, not done, again."""

from __future__ import annotations

import pytest

from files_api.adapters.memory_idempotency import MemoryIdempotencyStore
from files_api.domain.errors import (
    GeneratorBadAnswer,
    IdempotencyKeyInUse,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
)
from files_api.domain.idempotency import check_key, fingerprint_of, replay_or_run


@pytest.mark.parametrize("key", ["x", "8e03978e-40d5-43e8-bc93-6894a57f9324", '"quoted"', "~" * 255])
def test_a_key_is_1_to_255_visible_ascii_characters(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("key", ["", " ", "a b", "a\n", "\x7f", "é", "x" * 256])
def test_another_key_is_invalid(key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        check_key(key)


def test_the_order_of_members_does_not_make_another_request() -> None:
    assert fingerprint_of({"a": 1, "b": {"c": 2, "d": 3}}) == fingerprint_of({"b": {"d": 3, "c": 2}, "a": 1})


def test_another_value_or_order_of_a_list_does() -> None:
    bodies = [{"a": 1}, {"a": 2}, {"a": "1"}, {"a": [1, 2]}, {"a": [2, 1]}, {"a": "\ud800"}, {}]

    assert len({fingerprint_of(body) for body in bodies}) == len(bodies)


def test_a_success_is_run_once_and_replayed() -> None:
    store = MemoryIdempotencyStore()
    runs: list[int] = []

    def run() -> bytes:
        runs.append(1)
        return b"answer"

    answers = [replay_or_run(store, "k", "f", run) for _ in range(3)]

    assert answers == [b"answer"] * 3
    assert len(runs) == 1


@pytest.mark.parametrize("error", [GeneratorBadAnswer("no"), KeyboardInterrupt(), SystemExit()])
def test_any_failure_gives_the_key_back(error: BaseException) -> None:
    store = MemoryIdempotencyStore()

    def fail() -> bytes:
        raise error

    with pytest.raises(type(error)):
        replay_or_run(store, "k", "f", fail)

    assert replay_or_run(store, "k", "another body", lambda: b"second try") == b"second try"


def test_another_body_under_the_same_key_is_refused_and_not_run() -> None:
    store = MemoryIdempotencyStore()
    replay_or_run(store, "k", "f", lambda: b"answer")

    with pytest.raises(IdempotencyKeyReused):
        replay_or_run(store, "k", "other", lambda: pytest.fail("was run"))


def test_while_the_first_runs_the_second_is_told_so_and_the_first_goes_on() -> None:
    store = MemoryIdempotencyStore()

    def run() -> bytes:
        with pytest.raises(IdempotencyKeyInUse):
            replay_or_run(store, "k", "f", lambda: pytest.fail("was run"))
        return b"answer"

    assert replay_or_run(store, "k", "f", run) == b"answer"
    assert replay_or_run(store, "k", "f", lambda: pytest.fail("was run")) == b"answer"
