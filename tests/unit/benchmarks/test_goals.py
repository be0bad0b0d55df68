"""Goals are judged by the median of the rounds, and what was not measured is never met."""

from __future__ import annotations

from typing import Any

import pytest
from tests.benchmarks.goals import GOALS, Direction, Goal, Judgement, Verdict, judge

CPU = "GET 1 KiB, 16 connections: CPU a request"
BOTO3 = "GET 1 KiB, 16 connections: CPU on plain boto3, times ours"
OF_NGINX = "GET 1 KiB, 16 connections: requests/s, of nginx's as it comes"
FORM_OF_NGINX = "PUT 1 KiB, form, 16 connections: requests/s, of nginx's as it comes"
RAW_UPLOAD = "large PUT, raw, http to S3: CPU a GiB less one SHA-256, times nginx's"
FAILURES = "overload: failures other than 503"
GOODPUT = "overload, nothing collapses: goodput at 4x, of the best"
LATENCY = "overload, the admitted keep their latency: p99 at 4x, times that at capacity"
MEMORY = "large PUT, raw x4: memory of one worker over idle"
SLOW = "64 slow clients: p99 of small GETs, times that without"


def judgement(results: dict[str, Any], name: str) -> Judgement:
    (found,) = [found for found in judge(results) if found.goal.name == name]
    return found


def small(
    server: str, *, cpu: float = 1.0, rate: float = 100.0, turn: int = 1, **more: Any
) -> dict[str, Any]:
    return {
        "case": "GET 1 KiB",
        "connections": 16,
        "server": server,
        "round": turn,
        "cpu_ms_per_request": cpu,
        "requests_per_second": rate,
        **more,
    }


def offered(
    multiple: float, goodput: float, p99: float | None, failed: int = 0, turn: int = 1
) -> dict[str, Any]:
    return {
        "load": "open loop",
        "round": turn,
        "multiple": multiple,
        "goodput_per_second": goodput,
        "p99_ms": p99,
        "failed": failed,
    }


def capacity(goodput: float, p99: float, turn: int = 1) -> dict[str, Any]:
    return {"load": "closed loop", "round": turn, "goodput_per_second": goodput, "p99_ms": p99}


def test_each_goal_has_a_name_of_its_own() -> None:
    assert len({goal.name for goal in GOALS}) == len(GOALS)


@pytest.mark.parametrize("results", [{}, {"small": [], "large": [], "overload": []}])
def test_without_results_nothing_was_measured(results: dict[str, Any]) -> None:
    assert {found.verdict for found in judge(results)} == {Verdict.NOT_MEASURED}


@pytest.mark.parametrize(
    ("direction", "value", "verdict"),
    [
        (Direction.AT_MOST, 1.9, Verdict.MET),
        (Direction.AT_MOST, 2.0, Verdict.MET),
        (Direction.AT_MOST, 2.1, Verdict.MISSED),
        (Direction.AT_LEAST, 2.1, Verdict.MET),
        (Direction.AT_LEAST, 2.0, Verdict.MET),
        (Direction.AT_LEAST, 1.9, Verdict.MISSED),
    ],
)
def test_the_bound_itself_is_good(direction: Direction, value: float, verdict: Verdict) -> None:
    assert Judgement(Goal("a", lambda _: [], direction, 2.0), [value]).verdict is verdict


def test_the_median_of_the_rounds_is_judged() -> None:
    results = {"small": [small("service", cpu=cpu, turn=turn) for turn, cpu in enumerate((9.0, 1.2, 1.1), 1)]}
    found = judgement(results, CPU)
    assert (found.measured, found.verdict) == (1.2, Verdict.MET)


def test_a_row_of_another_server_case_or_number_of_connections_is_none_of_a_goals() -> None:
    others = [small("nginx → S3"), small("service", case="HEAD"), small("service", connections=64)]
    assert judgement({"small": others}, CPU).verdict is Verdict.NOT_MEASURED


def test_a_ratio_is_one_of_figures_of_the_same_round() -> None:
    rows = [
        small("service", cpu=1.0, turn=1),
        small("plain boto3", cpu=3.0, turn=1),
        small("service", cpu=2.0, turn=2),
        small("plain boto3", cpu=2.0, turn=2),
        small("service", cpu=1.0, turn=3),  # and plain boto3 was broken off
    ]
    found = judgement({"small": rows}, BOTO3)
    assert (sorted(found.samples), found.verdict) == ([1.0, 3.0], Verdict.MET)


@pytest.mark.parametrize(("rate", "verdict"), [(25.0, Verdict.MET), (24.0, Verdict.MISSED)])
def test_a_quarter_of_nginx(rate: float, verdict: Verdict) -> None:
    rows = [small("service", rate=rate), small("nginx as it comes", rate=100.0)]
    assert judgement({"small": rows}, OF_NGINX).verdict is verdict


def test_forms_are_held_to_what_nginx_does_raw() -> None:
    rows = [
        small("service", case="PUT 1 KiB, form", rate=30.0),
        small("nginx as it comes", case="PUT 1 KiB, raw", rate=100.0),
    ]
    assert judgement({"small": rows}, FORM_OF_NGINX).measured == pytest.approx(0.3)


def test_without_nginx_its_goals_are_not_measured() -> None:
    assert judgement({"small": [small("service")]}, OF_NGINX).verdict is Verdict.NOT_MEASURED


@pytest.mark.parametrize(("cpu", "verdict"), [(1.9, Verdict.MET), (2.1, Verdict.MISSED)])
def test_one_digest_is_taken_off_a_raw_upload(cpu: float, verdict: Verdict) -> None:
    about = {"transport": "http", "case": "PUT, raw", "round": 1, "sha256_cpu_seconds_per_gib": 0.65}
    rows = [
        {**about, "server": "service", "cpu_seconds_per_gib": cpu},
        {**about, "server": "nginx → S3", "cpu_seconds_per_gib": 1.0},
    ]
    assert judgement({"large": rows}, RAW_UPLOAD).verdict is verdict


@pytest.mark.parametrize(("grown", "verdict"), [(128.0, Verdict.MET), (129.0, Verdict.MISSED)])
def test_four_uploads_may_hold_three_parts_each(grown: float, verdict: Verdict) -> None:
    rows = [{"case": "PUT, raw x4", "round": 1, "peak_growth_mib": grown}]
    assert judgement({"memory": rows}, MEMORY).verdict is verdict


@pytest.mark.parametrize(("p99", "verdict"), [(15.0, Verdict.MET), (16.0, Verdict.MISSED)])
def test_slow_clients(p99: float, verdict: Verdict) -> None:
    rows = [
        {"case": "without slow clients", "round": 1, "p99_ms": 10.0},
        {"case": "with slow clients", "round": 1, "p99_ms": p99},
    ]
    assert judgement({"slow": rows}, SLOW).verdict is verdict


def test_one_failure_in_one_round_is_one_too_many() -> None:
    rows = [offered(4.0, 900.0, 5.0, failed=failed, turn=turn) for turn, failed in enumerate((0, 0, 1), 1)]
    found = judgement({"overload": rows}, FAILURES)
    assert (found.measured, found.verdict) == (1.0, Verdict.MISSED)


@pytest.mark.parametrize(("goodput", "verdict"), [(700.0, Verdict.MET), (699.0, Verdict.MISSED)])
def test_goodput_is_held_to_the_best_of_its_round(goodput: float, verdict: Verdict) -> None:
    rows = [
        capacity(1000.0, 10.0),
        offered(1.0, 990.0, 10.0),
        offered(4.0, goodput, 20.0),
        offered(1.0, 2000.0, 10.0, turn=2),  # a round without its 4x says nothing
    ]
    assert judgement({"overload": rows}, GOODPUT).verdict is verdict


@pytest.mark.parametrize(
    ("p99", "verdict"), [(30.0, Verdict.MET), (31.0, Verdict.MISSED), (None, Verdict.NOT_MEASURED)]
)
def test_the_admitted_keep_their_latency(p99: float | None, verdict: Verdict) -> None:
    rows = [capacity(1000.0, 10.0), offered(4.0, 900.0, p99)]
    assert judgement({"overload": rows}, LATENCY).verdict is verdict
