"""What a caller may use in a day (`domain.quotas`)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from files_api.domain.access import Caller
from files_api.domain.errors import AccessUnavailable, QuotaExceeded
from files_api.domain.plans import Plan
from files_api.domain.quotas import Quota

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOON.date()


class Counted:
    """A UsageStore."""

    def __init__(self) -> None:
        self.used: dict[tuple[str, date, str], int] = {}

    def take(self, subject: str, day: date, what: str, amount: int, *, limit: int) -> int | None:
        used = self.used.get((subject, day, what), 0) + amount
        if used > limit:
            return None
        self.used[subject, day, what] = used
        return used

    def add(self, subject: str, day: date, what: str, amount: int) -> None:
        self.used[subject, day, what] = self.used.get((subject, day, what), 0) + amount

    @property
    def stored_bytes(self) -> int:
        return self.used.get(("client:a", TODAY, "stored_bytes"), 0)


class Gone(Counted):
    def take(self, subject: str, day: date, what: str, amount: int, *, limit: int) -> int | None:
        raise AccessUnavailable("gone")

    add = take  # type: ignore[assignment]


@pytest.fixture
def usage() -> Counted:
    return Counted()


def quota(usage: Counted, now: Callable[[], datetime] = lambda: NOON, **limits: int) -> Quota:
    return Quota(usage, Caller(subject="client:a", plan=Plan(name="p", **limits)), now)


def store(quota: Quota, declared: int | None, size: int) -> None:
    with quota.storing(declared) as charge:
        charge.stored(size)


@pytest.mark.parametrize("declared", [100, None], ids=["of a known size", "of a size not known"])
def test_what_is_stored_counts(usage: Counted, declared: int | None) -> None:
    store(quota(usage, stored_bytes_per_day=1000), declared, 100)

    assert usage.stored_bytes == 100


def test_what_would_go_beyond_the_quota_is_refused_before_it_is_stored(usage: Counted) -> None:
    with pytest.raises(QuotaExceeded), quota(usage, stored_bytes_per_day=99).storing(100):
        pytest.fail("it was let in")
    assert usage.stored_bytes == 0


def test_what_reaches_the_quota_exactly_is_stored(usage: Counted) -> None:
    store(quota(usage, stored_bytes_per_day=100), 100, 100)

    assert usage.stored_bytes == 100


def test_with_nothing_left_a_size_that_is_not_known_is_refused(usage: Counted) -> None:
    caller = quota(usage, stored_bytes_per_day=100)
    store(caller, 100, 100)

    with pytest.raises(QuotaExceeded), caller.storing(None):
        pytest.fail("it was let in")


def test_what_fails_costs_nothing(usage: Counted) -> None:
    with pytest.raises(KeyError), quota(usage, stored_bytes_per_day=1000).storing(100):
        raise KeyError
    assert usage.stored_bytes == 0


def test_a_day_later_there_is_a_new_quota(usage: Counted) -> None:
    store(quota(usage, stored_bytes_per_day=100), 100, 100)
    tomorrow = quota(usage, lambda: datetime(2026, 11, 25, 0, 0, tzinfo=UTC), stored_bytes_per_day=100)

    store(tomorrow, 100, 100)


def test_one_is_told_to_come_again_at_midnight(usage: Counted) -> None:
    caller = quota(usage, generations_per_day=0)

    with pytest.raises(QuotaExceeded) as refused:
        caller.take_generation()
    assert refused.value.retry_after_seconds == 12 * 3600 + 1


def test_generations_are_counted_until_there_are_none_left(usage: Counted) -> None:
    caller = quota(usage, generations_per_day=2)
    caller.take_generation()
    caller.take_generation()

    with pytest.raises(QuotaExceeded):
        caller.take_generation()


def test_without_a_quota_nothing_is_counted() -> None:
    caller = quota(Gone())
    caller.take_generation()

    store(caller, 100, 100)


def test_when_it_cannot_be_counted_files_are_stored_and_the_log_tells(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store(quota(Gone(), stored_bytes_per_day=1), 100, 100)

    assert [record.event for record in caplog.records] == ["quota_unavailable"]  # type: ignore[attr-defined]


def test_when_it_cannot_be_counted_nothing_is_generated() -> None:
    with pytest.raises(AccessUnavailable):
        quota(Gone(), generations_per_day=1).take_generation()
