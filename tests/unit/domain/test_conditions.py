"""Preconditions, evaluated (RFC 9110 section 13; `domain.conditions`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from files_api.domain.conditions import NO_PRECONDITIONS, EntityTag, EntityTags, IfRange, Preconditions
from files_api.domain.errors import PreconditionFailed
from files_api.domain.models import CREATE_ONLY, UNCONDITIONAL, FileAttributes, FileInfo, WriteCondition

MOMENT = datetime(2026, 11, 23, 19, 7, 26, 500_000, tzinfo=UTC)
SECOND = MOMENT.replace(microsecond=0)
FILE = FileInfo(5, '"a"', MOMENT, FileAttributes("text/plain"))
SAME = EntityTags((EntityTag('"a"'),))
WEAK = EntityTags((EntityTag('"a"', weak=True),))
OTHER = EntityTags((EntityTag('"b"'),))
ANY = EntityTags(anything=True)


@pytest.mark.parametrize("tags", [SAME, WEAK, ANY])
def test_who_has_the_file_is_told_that_it_is_not_modified(tags: EntityTags) -> None:
    assert Preconditions(if_none_match=tags).is_not_modified(FILE)


@pytest.mark.parametrize("tags", [OTHER, WEAK])
def test_if_match_compares_strongly(tags: EntityTags) -> None:
    with pytest.raises(PreconditionFailed):
        Preconditions(if_match=tags).is_not_modified(FILE)


def test_the_fraction_of_a_second_does_not_make_a_file_newer() -> None:
    assert Preconditions(if_modified_since=SECOND).is_not_modified(FILE)


def test_a_file_is_modified_since_the_second_before() -> None:
    assert not Preconditions(if_modified_since=SECOND - timedelta(seconds=1)).is_not_modified(FILE)


def test_no_condition_is_no_reason_for_304() -> None:
    assert not NO_PRECONDITIONS.is_not_modified(FILE)


@pytest.mark.parametrize(
    ("conditions", "decided_by_s3"),
    [
        (NO_PRECONDITIONS, UNCONDITIONAL),
        (Preconditions(if_none_match=ANY), CREATE_ONLY),
        (Preconditions(if_none_match=OTHER), CREATE_ONLY),
        (Preconditions(if_unmodified_since=SECOND), CREATE_ONLY),
    ],
)
def test_what_s3_decides_where_nothing_is(conditions: Preconditions, decided_by_s3: WriteCondition) -> None:
    assert conditions.resolve_for_write(None) == decided_by_s3


@pytest.mark.parametrize(
    ("conditions", "decided_by_s3"),
    [
        (NO_PRECONDITIONS, UNCONDITIONAL),
        (Preconditions(if_match=SAME), WriteCondition(if_match='"a"')),
        (Preconditions(if_match=ANY), WriteCondition(if_match='"a"')),
        (Preconditions(if_none_match=OTHER), WriteCondition(if_match='"a"')),
        (Preconditions(if_unmodified_since=SECOND), WriteCondition(if_match='"a"')),
    ],
)
def test_what_s3_decides_where_a_file_is(conditions: Preconditions, decided_by_s3: WriteCondition) -> None:
    assert conditions.resolve_for_write(FILE) == decided_by_s3


@pytest.mark.parametrize(
    ("conditions", "current"),
    [
        (Preconditions(if_match=SAME), None),
        (Preconditions(if_match=ANY), None),
        (Preconditions(if_match=OTHER), FILE),
        (Preconditions(if_match=WEAK), FILE),
        (Preconditions(if_none_match=ANY), FILE),
        (Preconditions(if_none_match=WEAK), FILE),
        (Preconditions(if_unmodified_since=SECOND - timedelta(seconds=1)), FILE),
    ],
)
def test_a_write_whose_condition_is_false_already_fails_now(
    conditions: Preconditions, current: FileInfo | None
) -> None:
    with pytest.raises(PreconditionFailed):
        conditions.resolve_for_write(current)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (IfRange(tag=EntityTag('"a"')), True),
        (IfRange(tag=EntityTag('"a"', weak=True)), False),
        (IfRange(tag=EntityTag('"b"')), False),
        (IfRange(date=SECOND), True),
        (IfRange(date=SECOND + timedelta(seconds=1)), False),
        (IfRange(), False),
    ],
)
def test_if_range_holds_for_this_very_file_only(condition: IfRange, holds: bool) -> None:
    assert condition.holds(FILE) is holds
