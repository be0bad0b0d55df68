"""A worker leaks when it has more at the end than when it had warmed up."""

from __future__ import annotations

import pytest
from tests.benchmarks.leaks import Sample, growth


def samples(*, slope: float = 0.0, descriptors: int = 10, later_descriptors: int = 10) -> list[Sample]:
    """A hundred samples, a second apart: 50 MiB while it warms up, then 100 MiB and `slope` MiB a second more."""
    warm_up = [Sample(float(second), 50.0, 5) for second in range(10)]
    rest = [
        Sample(float(second), 100.0 + slope * second, descriptors if second < 60 else later_descriptors)
        for second in range(10, 100)
    ]
    return warm_up + rest


def test_warming_up_is_no_leak() -> None:
    grown = growth(samples())
    assert (grown.memory_mib, grown.descriptors) == (0.0, 0.0)
    assert grown.slope == pytest.approx(0.0)
    assert not grown.complaints


def test_memory_that_grows_steadily_is_a_leak() -> None:
    grown = growth(samples(slope=0.2))
    assert grown.slope == pytest.approx(720.0)
    assert grown.memory_mib == pytest.approx(16.0)
    assert len(grown.complaints) == 1


def test_a_little_growth_is_allowed() -> None:
    assert not growth(samples(slope=0.09)).complaints


def test_one_high_sample_at_the_end_is_no_leak() -> None:
    assert not growth([*samples()[:-1], Sample(99.0, 500.0, 500)]).complaints


@pytest.mark.parametrize(("later", "complaints"), [(30, 0), (31, 1)])
def test_descriptors_that_stay_open_are_a_leak(later: int, complaints: int) -> None:
    assert len(growth(samples(later_descriptors=later)).complaints) == complaints


def test_too_few_samples_tell_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        growth(samples()[:19])
