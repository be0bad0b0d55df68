"""Plans out of a file (`plans_file`): what is wrong in it is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from files_api.domain.plans import Plan, PlanError
from files_api.plans_file import BUILT_IN, read_plans

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plans.toml"


def test_a_plan_has_what_its_table_says(file: Path) -> None:
    file.write_text("[small]\nreads_per_minute = 60\nstored_bytes_per_day = 1_000\n")

    assert read_plans(file) == {"small": Plan(name="small", reads_per_minute=60, stored_bytes_per_day=1000)}


def test_an_empty_table_limits_nothing(file: Path) -> None:
    file.write_text("[all]\n")

    assert read_plans(file)["all"] == Plan(name="all")


def test_the_service_brings_plans_along() -> None:
    assert list(read_plans(BUILT_IN)) == ["free", "standard", "unlimited", "open"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[p]\nreads = 1", "in the plan p, there is no limit 'reads'"),
        ("[p]\nreads_per_minute = -1", "in the plan p, reads_per_minute must be a whole number from 0 on"),
        ("[p]\nreads_per_minute = 1.5", "reads_per_minute must be"),
        ("[p]\nreads_per_minute = true", "reads_per_minute must be"),
        ("[p]\nreads_per_minute = 9007199254740992", "reads_per_minute must be"),
        ('[p]\nname = "q"', "there is no limit 'name'"),
        ("p = 1", "'p' is not a plan"),
        ("[P]\n", "'P' is not a plan"),
        ("[p", "is not TOML"),
        ("\x00", "is not TOML"),
    ],
)
def test_what_is_wrong_is_named(file: Path, text: str, told: str) -> None:
    file.write_text(text)

    with pytest.raises(PlanError) as wrong:
        read_plans(file)
    assert told in str(wrong.value)


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(PlanError, match=r"plans\.toml cannot be read: No such file"):
        read_plans(file)
