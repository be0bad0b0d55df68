"""Quotas that are counted in memory: to the limit and not beyond, by day, and within bounds."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from files_api.adapters.memory_usage import MemoryUsageStore

TODAY = date(2026, 3, 14)
DAY = timedelta(days=1)


def used(store: MemoryUsageStore, subject: str = "s", day: date = TODAY, what: str = "w") -> int | None:
    return store.take(subject, day, what, 0, limit=2**53)


def test_up_to_the_limit_everything_is_counted_and_told() -> None:
    store = MemoryUsageStore()

    assert [store.take("s", TODAY, "w", 4, limit=10) for _ in range(2)] == [4, 8]
    assert store.take("s", TODAY, "w", 2, limit=10) == 10


def test_what_would_go_over_the_limit_is_refused_and_not_counted() -> None:
    store = MemoryUsageStore()
    store.take("s", TODAY, "w", 8, limit=10)

    assert store.take("s", TODAY, "w", 3, limit=10) is None

    assert used(store) == 8


def test_a_limit_of_nothing_lets_nothing_through() -> None:
    assert MemoryUsageStore().take("s", TODAY, "w", 1, limit=0) is None


@pytest.mark.parametrize(
    ("subject", "day", "what"),
    [("another", TODAY, "w"), ("s", TODAY + DAY, "w"), ("s", TODAY, "another")],
    ids=["subject", "day", "quota"],
)
def test_each_subject_day_and_quota_is_counted_by_itself(subject: str, day: date, what: str) -> None:
    store = MemoryUsageStore()
    store.take("s", TODAY, "w", 10, limit=10)

    assert store.take(subject, day, what, 10, limit=10) == 10


def test_adding_goes_past_every_limit_and_back() -> None:
    store = MemoryUsageStore()

    store.add("s", TODAY, "w", 30)
    assert store.take("s", TODAY, "w", 1, limit=10) is None
    store.add("s", TODAY, "w", -25)

    assert used(store) == 5


def test_more_than_was_counted_is_not_given_back() -> None:
    store = MemoryUsageStore()
    store.add("s", TODAY, "w", 5)

    store.add("s", TODAY, "w", -6)

    assert used(store) == 5


def test_days_before_yesterday_are_forgotten() -> None:
    store = MemoryUsageStore()
    for day in (TODAY - 2 * DAY, TODAY - DAY, TODAY):
        store.add("s", day, "w", 1)

    assert used(store, day=TODAY - 2 * DAY) == 0
    assert used(store, day=TODAY - DAY) == 1


def test_beyond_the_number_of_counts_the_one_longest_untouched_is_forgotten() -> None:
    store = MemoryUsageStore(max_counts=2)
    store.add("first", TODAY, "w", 1)
    store.add("second", TODAY, "w", 1)
    store.add("first", TODAY, "w", 1)

    store.add("third", TODAY, "w", 1)

    assert used(store, "first") == 2
    assert used(store, "second") == 0


def test_takers_that_race_never_get_more_than_there_is() -> None:
    store = MemoryUsageStore()
    start = threading.Barrier(8)
    got: list[int | None] = []

    def take() -> None:
        start.wait()
        got.extend(store.take("s", TODAY, "w", 3, limit=100) for _ in range(10))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(count for count in got if count is not None) == list(range(3, 100, 3))
