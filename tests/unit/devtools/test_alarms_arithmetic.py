"""What goes off, when, and when it ends: the alarms as they are rendered, run over counts by the minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from files_api.devtools.alarms import catalogue
from files_api.devtools.alarms.burn_rates import BURN_RATES, FAST, SLOW, STEADY, alarms_of, share_of_failures
from files_api.devtools.alarms.evaluation import run
from files_api.devtools.alarms.metric_math import compile_formula
from files_api.devtools.alarms.model import CompositeAlarm, Expression, Metric, MetricAlarm, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from files_api.devtools.alarms.evaluation import History
    from files_api.devtools.alarms.model import Alarm

HOUR, DAY = 60, 1440
#: Traffic that was well before. For a ticket it is as much as its window looks back at.
BEFORE = DAY
LONG_BEFORE = 3 * DAY
PER_MINUTE = 1000.0

#: A number of minutes, and for each of them the requests with an instance, 5xx of instances, and of the balancer.
Stretch = tuple[int, float | None, float | None, float | None]

#: Within so many minutes of data somebody is paged when nothing works any more.
TOTAL_OUTAGE_MINUTES = 2


def counts_of(*stretches: Stretch) -> dict[str, list[float | None]]:
    series: dict[str, list[float | None]] = {"requests": [], "target_5xx": [], "elb_5xx": []}
    for minutes, *values in stretches:
        for name, value in zip(series, values, strict=True):
            series[name] += [value] * minutes
    return series


def well(minutes: int, per_minute: float = PER_MINUTE) -> Stretch:
    return minutes, per_minute, None, None


def failing(minutes: int, share: float, per_minute: float = PER_MINUTE) -> Stretch:
    return minutes, per_minute, per_minute * share, None


def without_instances(minutes: int, per_minute: float = PER_MINUTE) -> Stretch:
    """The load balancer finds nobody: it counts no request, and its own 503s."""
    return minutes, None, None, per_minute


def run_burn(*stretches: Stretch) -> History:
    return run(catalogue.BURN_ALARMS, counts_of(*stretches))


def told(history: History) -> set[str]:
    return history.went_off() & {burn.name for burn in BURN_RATES}


def pages(history: History) -> set[str]:
    return told(history) & {burn.name for burn in BURN_RATES if burn.severity is Severity.PAGE}


# The pages


def test_a_total_outage_pages_within_two_minutes_of_data() -> None:
    history = run_burn(well(BEFORE), failing(10, 1.0))
    begin, _ = history.spans(FAST.name)[0]
    assert begin - BEFORE < TOTAL_OUTAGE_MINUTES


def test_a_fleet_that_is_dead_pages_as_fast_although_no_instance_counts_anything() -> None:
    history = run_burn(well(BEFORE), without_instances(10))
    begin, _ = history.spans(FAST.name)[0]
    assert begin - BEFORE < TOTAL_OUTAGE_MINUTES


def test_an_outage_from_the_first_minute_of_a_new_service_pages() -> None:
    assert FAST.name in told(run_burn(without_instances(5)))


def test_one_dead_instance_of_four_that_stays_in_pages_within_four_minutes() -> None:
    # Its share is answered by the load balancer, with 502: there was an instance for these requests.
    history = run_burn(well(BEFORE), (10, PER_MINUTE, None, PER_MINUTE / 4))
    begin, _ = history.spans(FAST.name)[0]
    assert begin - BEFORE < 4


@pytest.mark.parametrize("burn", [FAST, STEADY])
def test_a_page_comes_when_the_formula_says(burn: object) -> None:
    assert isinstance(burn, type(FAST))
    share = 0.05
    history = run_burn(well(BEFORE), failing(5 * HOUR, share))
    begin, _ = history.spans(burn.name)[0]
    expected = burn.minutes_until_alarm(share)
    assert begin - BEFORE == pytest.approx(expected, abs=1)


def test_a_page_ends_within_five_minutes_of_the_recovery_although_the_hour_is_still_bad() -> None:
    outage = 10
    history = run_burn(well(BEFORE), failing(outage, 1.0), well(DAY))
    _, end = history.spans(FAST.name)[0]
    _, hour_end = history.spans(f"{FAST.name}-1h")[0]
    recovered = BEFORE + outage
    assert end - recovered <= 5 < hour_end - recovered


def test_the_slower_page_ends_within_half_an_hour_of_the_recovery() -> None:
    outage = 60
    history = run_burn(well(BEFORE), failing(outage, 0.2), well(DAY))
    _, end = history.spans(STEADY.name)[0]
    assert end - (BEFORE + outage) <= 30


def test_a_stray_failure_after_the_recovery_does_not_bring_the_page_back() -> None:
    quiet = (
        20.0  # requests a minute: one failure of a hundred in five minutes is 1 %, of fifty it would be 2 %
    )
    stray: Stretch = (1, quiet / 2, 1.0, None)
    history = run_burn(well(BEFORE, quiet), failing(10, 1.0, quiet), well(15, 8.0), stray, well(20, 8.0))
    assert len(history.spans(FAST.name)) == 1


def test_five_percent_for_an_hour_pages_once_each() -> None:
    history = run_burn(well(BEFORE), failing(HOUR, 0.05), well(DAY))
    assert [len(history.spans(burn.name)) for burn in (FAST, STEADY)] == [1, 1]


def test_a_percent_pages_after_three_and_a_half_hours_by_the_slower_alarm_alone() -> None:
    history = run_burn(well(BEFORE), failing(5 * HOUR, 0.01))
    begin, _ = history.spans(STEADY.name)[0]
    assert (pages(history), begin - BEFORE) == ({STEADY.name}, 216)


# What pages nobody


def test_a_percent_for_two_hours_tells_nobody_since_it_costs_less_than_three_percent_of_the_budget() -> None:
    history = run_burn(well(BEFORE), failing(2 * HOUR, 0.01), well(2 * DAY))
    assert told(history) == set()


def test_what_two_hours_of_a_percent_set_off_are_the_short_windows_alone_and_they_clear() -> None:
    history = run_burn(well(BEFORE), failing(2 * HOUR, 0.01), well(2 * DAY))
    ends = {name: history.spans(name)[-1][1] - BEFORE - 2 * HOUR for name in history.went_off()}
    assert ends == {f"{STEADY.name}-30m": 11, f"{SLOW.name}-6h": 323}


def test_two_minutes_of_one_bad_instance_of_four_page_nobody() -> None:
    assert told(run_burn(well(BEFORE), failing(2, 0.25), well(DAY))) == set()


def test_two_minutes_of_total_outage_do_page_since_they_cost_a_twentieth_of_the_month() -> None:
    history = run_burn(well(BEFORE), failing(2, 1.0), well(DAY))
    assert pages(history) == {FAST.name}


def test_half_the_budget_for_thirty_days_tells_nobody() -> None:
    assert run_burn(failing(30 * DAY, 0.0005)).went_off() == set()


def test_no_traffic_tells_nobody() -> None:
    assert run_burn((4 * DAY, None, None, None)).went_off() == set()


def test_no_traffic_after_traffic_tells_nobody() -> None:
    assert run_burn(well(DAY), (4 * DAY, None, None, None)).went_off() == set()


def test_requests_that_all_count_zero_tell_nobody() -> None:
    assert run_burn((DAY, 0.0, 0.0, 0.0)).went_off() == set()


def test_a_page_ends_when_the_traffic_does() -> None:
    history = run_burn(well(BEFORE), failing(10, 1.0), (HOUR, None, None, None))
    _, end = history.spans(FAST.name)[0]
    assert end - (BEFORE + 10) <= 5


@pytest.mark.parametrize(("requests", "failed"), [(3, 1), (9, 9)])
def test_of_so_few_failures_at_night_nobody_is_told(requests: float, failed: float) -> None:
    history = run_burn((1, requests, failed, None), (4 * DAY, None, None, None))
    assert told(history) == set()


def test_ten_failures_of_ten_requests_page() -> None:
    assert FAST.name in told(run_burn((5, 2.0, 2.0, None)))


# The ticket


def test_a_slow_burn_becomes_a_ticket_and_nothing_else() -> None:
    assert told(run_burn(well(LONG_BEFORE), failing(4 * DAY, 0.0015))) == {SLOW.name}


def test_a_slow_burn_becomes_a_ticket_after_two_days() -> None:
    history = run_burn(well(LONG_BEFORE), failing(4 * DAY, 0.0015))
    begin, _ = history.spans(SLOW.name)[0]
    # The window of three days is looked at each hour.
    assert begin - LONG_BEFORE == pytest.approx(2 * DAY, abs=HOUR)


def test_a_ticket_begins_with_a_full_hour_since_three_days_are_looked_at_each_hour() -> None:
    history = run_burn(well(LONG_BEFORE + 17), failing(10, 1.0), well(HOUR))
    assert history.spans(f"{SLOW.name}-3d")[0][0] == LONG_BEFORE + HOUR - 1


def test_a_ticket_ends_when_six_hours_were_well() -> None:
    history = run_burn(well(LONG_BEFORE), failing(3 * DAY, 0.0015), well(DAY))
    _, end = history.spans(SLOW.name)[0]
    assert end - (LONG_BEFORE + 3 * DAY) <= 6 * HOUR


# The numbers of the SRE workbook


def test_the_alarms_go_off_when_two_five_and_ten_percent_of_the_budget_are_gone() -> None:
    assert [burn.budget_used for burn in BURN_RATES] == pytest.approx([0.02, 0.05, 0.10])


def test_the_short_window_is_a_twelfth_of_the_long_one() -> None:
    assert [burn.long_seconds / burn.short_seconds for burn in BURN_RATES] == [12, 12, 12]


@pytest.mark.parametrize("burn", BURN_RATES)
def test_what_does_not_burn_fast_enough_is_never_noticed(burn: object) -> None:
    assert isinstance(burn, type(FAST))
    assert burn.minutes_until_alarm(burn.share) is None


def test_no_share_is_divided_by_zero_where_nothing_was_asked() -> None:
    share = share_of_failures("failed", "asked", 1)
    division = share.removeprefix("IF(failed >= 1, ").removesuffix(", 0)")
    assert compile_formula(division)({"failed": 0.0, "asked": 0.0}) == 0.0


def test_the_slower_page_is_quiet_while_the_faster_one_is_on_and_until_its_short_window_is_empty() -> None:
    (both,) = [alarm for alarm in alarms_of(STEADY) if isinstance(alarm, CompositeAlarm)]
    assert (both.quiet_during, both.quiet_after_seconds) == (FAST.name, STEADY.short_seconds)


# The other alarms


def run_one(alarm: MetricAlarm, **series: Sequence[float | None]) -> bool:
    """Whether the alarm is on at the end."""
    return run([alarm], series).states[alarm.name][-1]


def test_a_target_group_that_says_nothing_pages() -> None:
    assert run_one(catalogue.NO_HEALTHY_HOSTS, healthy=[3.0, None, None])


def test_an_instance_that_passes_its_health_check_is_enough() -> None:
    assert not run_one(catalogue.NO_HEALTHY_HOSTS, healthy=[0.0, 0.0, 1.0])


def test_an_instance_that_is_being_replaced_is_no_ticket() -> None:
    assert not run_one(catalogue.UNHEALTHY_HOSTS, unhealthy=[0.0] * 10 + [1.0] * 15 + [0.0] * 10)


def test_a_group_that_never_becomes_complete_is_a_ticket() -> None:
    assert run_one(catalogue.INSTANCES_MISSING, wanted=[4.0] * 40, in_service=[3.0] * 40)


def test_two_percent_of_slow_small_reads_are_a_ticket() -> None:
    assert run_one(catalogue.SMALL_READS_SLOW, reads=[100.0] * 40, slow_reads=[2.0] * 40)


def test_a_few_slow_small_reads_are_none() -> None:
    assert not run_one(catalogue.SMALL_READS_SLOW, reads=[1.0] * 40, slow_reads=[0.5] * 40)


@pytest.mark.parametrize("where", ["in_requests", "in_background"])
def test_one_exception_anywhere_is_a_ticket(where: str) -> None:
    assert run_one(catalogue.UNHANDLED_EXCEPTIONS, **{where: [None, None, 1.0]})


def test_an_exception_is_forgotten_after_five_minutes() -> None:
    assert not run_one(catalogue.UNHANDLED_EXCEPTIONS, in_requests=[1.0, *[None] * 5])


@pytest.mark.parametrize(("made", "not_made", "is_on"), [(20, 6, False), (12, 6, True), (0, 4, False)])
def test_generations_are_a_ticket_when_more_than_a_quarter_and_five_failed(
    made: float, not_made: float, *, is_on: bool
) -> None:
    assert run_one(catalogue.GENERATIONS_FAILING, made=[made], not_made=[not_made]) is is_on


def test_throttling_in_several_calls_together_is_a_ticket() -> None:
    a_few = [2.0] * 15  # a minute
    assert run_one(catalogue.S3_THROTTLED, throttled_getobject=a_few, throttled_putobject=a_few)


def test_a_burst_of_throttling_is_none() -> None:
    assert not run_one(catalogue.S3_THROTTLED, throttled_getobject=[500.0] * 3 + [None] * 12)


@pytest.mark.parametrize(("requests", "is_on"), [(50.0, True), (None, False)])
def test_a_log_is_missed_where_there_are_requests(requests: float | None, *, is_on: bool) -> None:
    assert run_one(catalogue.LOGS_MISSING, requests=[requests] * 30) is is_on


def _counted(alarms: Sequence[Alarm]) -> list[MetricAlarm]:
    return [
        alarm
        for alarm in alarms
        if isinstance(alarm, MetricAlarm) and not any(metric.statistic == "p50" for metric in alarm.metrics)
    ]


def test_where_nothing_at_all_is_reported_only_the_missing_instances_are() -> None:
    history = run(_counted(catalogue.ALARMS), {"requests": [None] * (2 * HOUR)})
    assert history.went_off() == {catalogue.NO_HEALTHY_HOSTS.name}


# What evaluates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FILL(nothing, 0) + two", 2.0),
        ("nothing + two", None),
        ("two / zero", None),
        ("IF(two >= 2, 1, 0)", 1.0),
        ("IF(two > 2, 1, 0)", 0.0),
        ("IF(two > 1, 1, two / zero)", 1.0),
        ("MAX([zero, two, nothing])", 2.0),
    ],
)
def test_metric_math_means_what_cloudwatch_says(text: str, expected: float | None) -> None:
    assert compile_formula(text)({"nothing": None, "zero": 0.0, "two": 2.0}) == expected


@pytest.mark.parametrize("text", ["RATE(two)", "two ** 2", "MAX(two)", "1 < two < 3", "'two'"])
def test_metric_math_that_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not known here"):
        compile_formula(text)


def test_a_percentile_of_values_by_the_minute_is_refused() -> None:
    alarm = MetricAlarm(
        "p50",
        Severity.PAGE,
        "",
        (Metric("m", "N", "m", "p50"),),
        (Expression("e", "m", ""),),
        60,
        threshold=1,
    )
    with pytest.raises(ValueError, match="p50"):
        run([alarm], {"m": [1.0]})


def test_the_alarms_of_a_pace_are_its_two_windows_and_both_together() -> None:
    assert [alarm.severity for alarm in alarms_of(FAST)] == [Severity.PART, Severity.PART, Severity.PAGE]
