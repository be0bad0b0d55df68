"""Runs alarms over series of counts, minute by minute, as CloudWatch does.

The rules are those of "Alarm evaluation" and "Alarm evaluation window" in CloudWatch's user guide: windows slide;
alarms are evaluated each minute, those that look back more than a day each hour; a composite alarm follows at once.
Not modelled: that metrics arrive late, and that an alarm without its latest data point looks at older ones, which no
alarm here comes to that fills its series.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from files_api.devtools.alarms.metric_math import compile_formula
from files_api.devtools.alarms.model import Comparison, CompositeAlarm, MetricAlarm, Missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from files_api.devtools.alarms.metric_math import Value
    from files_api.devtools.alarms.model import Alarm, Metric

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class History:
    """When each alarm was in alarm: for each minute, whether it was at its end."""

    states: Mapping[str, Sequence[bool]]

    def spans(self, name: str) -> list[tuple[int, int]]:
        """The spans of minutes in which an alarm was in alarm, each with its first minute and the one after its last.

        Minutes count from 0; an alarm that goes off with the data of minute 0 begins at 0.
        """
        states = [False, *self.states[name], False]
        begins = [at for at in range(len(states) - 1) if states[at + 1] and not states[at]]
        ends = [at for at in range(len(states) - 1) if states[at] and not states[at + 1]]
        return list(zip(begins, ends, strict=True))

    def went_off(self) -> set[str]:
        """The names of the alarms that were in alarm at any time."""
        return {name for name, states in self.states.items() if any(states)}


def run(alarms: Sequence[Alarm], series: Mapping[str, Sequence[Value]]) -> History:
    """Run alarms.

    Args:
        alarms: With each composite one those that it is about.
        series: By the id of the metric, its value for each minute; None where nothing was reported, as for a metric
            that is not here at all. All have the same length.

    Raises:
        ValueError: A statistic that cannot be made of values by the minute.
    """
    minutes = len(next(iter(series.values())))
    states: dict[str, list[bool]] = {}
    for alarm in alarms:
        if isinstance(alarm, MetricAlarm):
            states[alarm.name] = _metric_states(alarm, series, minutes)
    for alarm in alarms:
        if isinstance(alarm, CompositeAlarm):
            states[alarm.name] = [
                all(states[name][minute] for name in alarm.all_of) for minute in range(minutes)
            ]
    return History(states)


def _metric_states(alarm: MetricAlarm, series: Mapping[str, Sequence[Value]], minutes: int) -> list[bool]:
    nothing: list[Value] = [None] * minutes
    windows = {metric.id: _Windows(metric, series.get(metric.id, nothing)) for metric in alarm.metrics}
    formulas = [(expression.id, compile_formula(expression.text)) for expression in alarm.expressions]
    period = alarm.period_seconds // 60
    is_multi_day = alarm.period_seconds * alarm.periods > _DAY_SECONDS
    # Traffic is much the same for hours: what was made of the same values need not be made again.
    made: dict[tuple[Value, ...], Value] = {}

    def data_point(end: int) -> Value:
        key = tuple(window.value(end - period, end) for window in windows.values())
        if key not in made:
            values = dict(zip(windows, key, strict=True))
            for name, formula in formulas:
                values[name] = made[key] = formula(values)
        return made[key]

    def is_bad(value: Value) -> bool:
        if value is None:
            return alarm.missing is Missing.BAD
        if alarm.comparison is Comparison.ABOVE:
            return value > alarm.threshold
        return value < alarm.threshold

    states: list[bool] = []
    for end in range(1, minutes + 1):
        if is_multi_day and end % 60:
            states.append(states[-1] if states else False)
            continue
        bad = sum(is_bad(data_point(end - back * period)) for back in range(alarm.periods))
        states.append(bad >= alarm.bad_periods)
    return states


class _Windows:
    """The statistic of a metric over any window, in constant time where it is a sum."""

    def __init__(self, metric: Metric, values: Sequence[Value]) -> None:
        if metric.statistic not in {"Sum", "SampleCount", "Minimum", "Maximum"}:
            message = f"{metric.statistic} of {metric.name} cannot be made of values by the minute"
            raise ValueError(message)
        self._statistic = metric.statistic
        self._values = values
        self._sums = [0.0, *accumulate(value or 0.0 for value in values)]
        self._counts = [0, *accumulate(value is not None for value in values)]

    def value(self, begin: int, end: int) -> Value:
        begin, end = max(begin, 0), max(end, 0)
        if self._counts[end] == self._counts[begin]:
            return None
        if self._statistic in {"Sum", "SampleCount"}:
            return self._sums[end] - self._sums[begin]
        there = [value for value in self._values[begin:end] if value is not None]
        return min(there) if self._statistic == "Minimum" else max(there)
