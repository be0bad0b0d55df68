"""Does a worker leak? What its memory and its descriptors were over time, judged. No process is touched here."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import linear_regression, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_GROWTH_MIB = 8.0
_MOST_MORE_DESCRIPTORS = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """What a worker had at a time, in seconds since the load began."""

    seconds: float
    resident_mib: float
    descriptors: int


@dataclass(frozen=True, slots=True)
class Growth:
    """How much more there was in the last tenth of the time than in the second, by their medians.

    The first tenth is not looked at: what a worker needs at all, it takes then. `slope` is that of the memory in the
    last half, in MiB an hour.
    """

    memory_mib: float
    descriptors: float
    slope: float

    @property
    def complaints(self) -> list[str]:
        """What is too much."""
        found = []
        if self.memory_mib > _MOST_GROWTH_MIB:
            found.append(f"Memory grew by {self.memory_mib:.1f} MiB; {_MOST_GROWTH_MIB:.0f} are allowed.")
        if self.descriptors > _MOST_MORE_DESCRIPTORS:
            found.append(
                f"There are {self.descriptors:.0f} more descriptors; {_MOST_MORE_DESCRIPTORS} are allowed."
            )
        return found


def trend(samples: Sequence[Sample]) -> tuple[float, float]:
    """The straight line through the memory of the last half: MiB a second, and MiB at the second 0."""
    half = samples[len(samples) // 2 :]
    slope, intercept = linear_regression(
        [sample.seconds for sample in half], [sample.resident_mib for sample in half]
    )
    return slope, intercept


def growth(samples: Sequence[Sample]) -> Growth:
    """Compare the end with the beginning; takes 20 samples at least."""
    tenth = len(samples) // 10
    if tenth < 2:
        raise ValueError(f"{len(samples)} samples are too few to tell anything.")
    early, late = samples[tenth : 2 * tenth], samples[-tenth:]
    return Growth(
        memory_mib=median(sample.resident_mib for sample in late)
        - median(sample.resident_mib for sample in early),
        descriptors=median(sample.descriptors for sample in late)
        - median(sample.descriptors for sample in early),
        slope=trend(samples)[0] * 3600,
    )
