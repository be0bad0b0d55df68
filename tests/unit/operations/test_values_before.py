"""Which image is gone back to: the one before, but never one that did not do."""

from __future__ import annotations

from files_api.operations.cloud.parameters import Version, taking_back, value_before


def _history(*values: str | tuple[str, str]) -> list[Version]:
    return [
        Version(number, *((value, "") if isinstance(value, str) else value))
        for number, value in enumerate(values, start=1)
    ]


def test_it_is_the_one_before() -> None:
    assert value_before(_history("ami-1", "ami-2", "ami-3")) == "ami-2"


def test_the_same_one_written_again_is_not_the_one_before() -> None:
    assert value_before(_history("ami-1", "ami-2", "ami-2")) == "ami-1"


def test_there_is_none_before_the_first_one() -> None:
    assert value_before(_history("ami-1")) is None
    assert value_before([]) is None


def test_one_that_was_taken_back_is_passed_over() -> None:
    history = _history("ami-1", "ami-2", "ami-3", ("ami-2", taking_back("ami-3")))

    assert value_before(history) == "ami-1"


def test_one_that_was_taken_back_and_did_well_later_is_gone_back_to() -> None:
    history = _history("ami-1", "ami-2", ("ami-1", taking_back("ami-2")), "ami-2", "ami-3")

    assert value_before(history) == "ami-2"


def test_after_a_rollback_the_way_leads_forward_again() -> None:
    assert value_before(_history("ami-1", "ami-2", "ami-1")) == "ami-2"
