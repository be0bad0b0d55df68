"""Requests a minute (`adapters.request_counter`)."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from files_api.adapters.request_counter import CountsUnavailableError, MemoryCounts, RequestCounter
from files_api.domain.plans import Standing


class Clock:
    """Tells the time in seconds since 1970: the 20th second of a minute."""

    def __init__(self) -> None:
        self.now = 6_000_000_020.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counter(clock: Clock) -> RequestCounter:
    return RequestCounter(MemoryCounts(), clock)


def test_a_request_is_counted_in_its_minute(counter: RequestCounter) -> None:
    assert counter.count("a", 2) == Standing(
        limit=2, remaining=1, window_seconds=60, reset_seconds=40, is_over=False
    )


def test_the_last_one_of_the_budget_is_not_over_it(counter: RequestCounter) -> None:
    standings = [counter.count("a", 2) for _ in range(3)]

    assert [each and (each.remaining, each.is_over) for each in standings] == [
        (1, False),
        (0, False),
        (0, True),
    ]


def test_each_key_is_counted_by_itself(counter: RequestCounter) -> None:
    counter.count("a", 1)
    standing = counter.count("b", 1)

    assert standing is not None
    assert not standing.is_over


@pytest.mark.parametrize(("seconds", "is_over"), [(39, True), (40, False)])
def test_with_the_minute_the_budget_begins_anew(
    counter: RequestCounter, clock: Clock, seconds: float, is_over: bool
) -> None:
    counter.count("a", 1)
    clock.now += seconds
    standing = counter.count("a", 1)

    assert standing is not None
    assert standing.is_over is is_over


def test_a_budget_of_nothing_is_over_at_once(counter: RequestCounter) -> None:
    standing = counter.count("a", 0)

    assert standing is not None
    assert (standing.remaining, standing.is_over) == (0, True)


@pytest.fixture
def broken(counter: RequestCounter) -> Mock:
    """The store, gone."""
    add_one = Mock(side_effect=CountsUnavailableError)
    counter._counts = Mock(add_one=add_one)
    return add_one


def test_what_cannot_be_counted_passes(counter: RequestCounter, broken: Mock) -> None:
    assert counter.count("a", 0) is None


def test_a_store_that_is_gone_is_not_asked_by_every_request(counter: RequestCounter, broken: Mock) -> None:
    for _ in range(100):
        counter.count("a", 0)

    assert broken.call_count == 1


def test_it_is_asked_again_after_a_while(counter: RequestCounter, broken: Mock, clock: Clock) -> None:
    counter.count("a", 0)
    clock.now += 2
    counter.count("a", 0)

    assert broken.call_count == 2


def test_the_log_counts_what_passed(
    counter: RequestCounter, broken: Mock, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(5):
        counter.count("a", 0)
    clock.now += 2
    counter.count("a", 0)

    told = [(record.event, record.passed) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [("limits_unavailable", 1), ("limits_unavailable", 5)]
