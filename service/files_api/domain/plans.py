"""How much a caller may do: budgets a minute and quotas a day, by plan."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Numbers in DynamoDB, Redis and JSON alike stay exact below this.
MAX_LIMIT = 2**53 - 1


class Budget(StrEnum):
    """What is limited by itself, so that a reader never waits for a writer."""

    READS = "reads"
    WRITES = "writes"
    GENERATIONS = "generations"


class PlanError(ValueError):
    """A plan, or an override of one, that means nothing. The text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The limits of a caller; None is no limit. Days are those of UTC."""

    name: str
    reads_per_minute: int | None = None
    writes_per_minute: int | None = None
    generations_per_minute: int | None = None
    stored_bytes_per_day: int | None = None
    generations_per_day: int | None = None

    def per_minute(self, budget: Budget) -> int | None:
        """How many requests of this kind a minute."""
        limits = {
            Budget.READS: self.reads_per_minute,
            Budget.WRITES: self.writes_per_minute,
            Budget.GENERATIONS: self.generations_per_minute,
        }
        return limits[budget]

    def overridden(self, limits: Mapping[str, int]) -> Plan:
        """This plan, but for these limits of one key.

        Raises:
            PlanError: There is no such limit, or it is no number from 0 on.
        """
        if not limits:
            return self
        check_limits(limits)
        return replace(self, **limits)  # type: ignore[arg-type]  # the names were checked


#: What a plan may limit, by name.
LIMIT_NAMES = tuple(field.name for field in fields(Plan) if field.name != "name")


def check_limits(limits: Mapping[str, object]) -> None:
    """See that these are limits.

    Raises:
        PlanError: There is no such limit, or it is no number from 0 on.
    """
    for name, value in limits.items():
        if name not in LIMIT_NAMES:
            raise PlanError(f"there is no limit {name!r}; there are {', '.join(LIMIT_NAMES)}")
        if type(value) is not int or not 0 <= value <= MAX_LIMIT:
            raise PlanError(f"{name} must be a whole number from 0 on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a caller stands with a budget, this request included. Times are in seconds."""

    limit: int
    remaining: int
    window_seconds: int
    reset_seconds: int
    is_over: bool
