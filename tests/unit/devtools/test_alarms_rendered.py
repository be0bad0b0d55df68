"""What is written for Terraform and Prometheus: within CloudWatch's limits, fresh, and each alarm in the runbook.

moto takes any metric alarm, evaluates none, and knows no composite ones: what it stands for here is the shape of the
API. CloudWatch's limits are held here, the arithmetic in test_alarms_arithmetic.py.
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from files_api.devtools.alarms import catalogue, cloudwatch, prometheus
from files_api.devtools.alarms.__main__ import files, main
from files_api.devtools.alarms.burn_rates import BURN_RATES
from files_api.devtools.alarms.log_metrics import LOG_METRICS, SLOW_SMALL_READS, SMALL_READS
from files_api.devtools.alarms.metric_math import compile_formula
from files_api.devtools.alarms.model import TOKENS, LogMetric, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
SERVICE = ROOT / "service/files_api"
DOCUMENT = cloudwatch.document()
METRIC_ALARMS = [pytest.param(alarm, id=alarm["key"]) for alarm in DOCUMENT["metric_alarms"]]
COMPOSITE_ALARMS = [pytest.param(alarm, id=alarm["key"]) for alarm in DOCUMENT["composite_alarms"]]
EVERY_ALARM = METRIC_ALARMS + COMPOSITE_ALARMS

#: What somebody may have written into a chart, a wiki or a pager. To change one is to break that.
NAMES = {
    "availability-burning-fast",
    "availability-burning",
    "availability-burning-slowly",
    "no-healthy-hosts",
    "unhealthy-hosts",
    "instances-missing",
    "answers-begin-late",
    "small-reads-slow",
    "logs-missing",
    "unhandled-exceptions",
    "generations-failing",
    "s3-throttled",
    "s3-unreachable",
    "dynamodb-refused",
    "limits-unavailable",
    "audit-not-shipped",
    "deep-health-failed",
}


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [query["metric"] for query in alarm["metric_query"] if query["metric"] is not None]


# The names and the runbook


def test_the_names_are_stable() -> None:
    assert {alarm.name for alarm in catalogue.TOLD} == NAMES


def test_each_alarm_that_tells_somebody_has_a_section_in_the_runbook_and_each_section_an_alarm() -> None:
    sections = re.findall(
        r"^### (\S+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(sections) == sorted(NAMES)


def test_each_section_says_what_it_means_where_to_look_and_what_to_do() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    sections = dict(zip(*[iter(re.split(r"^### (\S+)$", runbook, flags=re.MULTILINE)[1:])] * 2, strict=True))
    parts = ("**Means.**", "**Look.**", "**Do.**")
    assert {name for name, text in sections.items() if not all(part in text for part in parts)} == set()


def test_each_section_tells_the_severity_that_the_alarm_has() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^### (\S+)\n\n(Page|Ticket)\. ", runbook, re.MULTILINE))
    assert told == {alarm.name: alarm.severity.value.capitalize() for alarm in catalogue.TOLD}


@pytest.mark.parametrize("alarm", EVERY_ALARM)
def test_the_description_ends_with_a_section_of_the_runbook(alarm: dict[str, Any]) -> None:
    link = alarm["alarm_description"].rpartition(" ")[2]
    assert link.removeprefix("docs/runbook.md#") in NAMES


@pytest.mark.parametrize("alarm", COMPOSITE_ALARMS)
def test_a_composite_alarm_names_alarms_that_are_there(alarm: dict[str, Any]) -> None:
    named = set(re.findall(r'ALARM\("([^"]+)"\)', alarm["alarm_rule"]))
    suppressor = alarm["actions_suppressor"]
    named |= {suppressor["alarm"]} if suppressor else set()
    there = {one["alarm_name"] for kind in ("metric_alarms", "composite_alarms") for one in DOCUMENT[kind]}
    assert named <= there


def test_each_part_belongs_to_a_composite_alarm() -> None:
    parts = {alarm.name for alarm in catalogue.ALARMS if alarm.severity is Severity.PART}
    assert parts == {name for alarm in catalogue.COMPOSITE_ALARMS for name in alarm.all_of}


# CloudWatch's limits (PutMetricAlarm, PutCompositeAlarm, PutMetricFilter in the API references)


@pytest.mark.parametrize("alarm", EVERY_ALARM)
def test_names_and_descriptions_are_short_enough(alarm: dict[str, Any]) -> None:
    # What Terraform puts in makes a name longer: leave it some room.
    assert (len(alarm["alarm_name"]) <= 200, len(alarm["alarm_description"]) <= 1024) == (True, True)


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_an_alarm_looks_back_a_week_at_most_and_a_day_in_periods_of_less_than_an_hour(
    alarm: dict[str, Any],
) -> None:
    (period,) = {metric["period"] for metric in metrics_of(alarm)}
    assert period * alarm["evaluation_periods"] <= (604_800 if period >= 3600 else 86_400)


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_periods_are_whole_minutes(alarm: dict[str, Any]) -> None:
    assert [metric["period"] % 60 for metric in metrics_of(alarm)] == [0] * len(metrics_of(alarm))


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_an_alarm_has_ten_metrics_at_most(alarm: dict[str, Any]) -> None:
    assert 1 <= len(metrics_of(alarm)) <= 10


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_exactly_one_query_is_what_the_alarm_watches(alarm: dict[str, Any]) -> None:
    assert [query["return_data"] for query in alarm["metric_query"]].count(True) == 1


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_ids_are_ids_and_each_is_used_once(alarm: dict[str, Any]) -> None:
    ids = [query["id"] for query in alarm["metric_query"]]
    assert (len(set(ids)), [name for name in ids if not re.fullmatch("[a-z][a-zA-Z0-9_]*", name)]) == (
        len(ids),
        [],
    )


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_expressions_use_ids_that_stand_before_them(alarm: dict[str, Any]) -> None:
    values: dict[str, float | None] = {}
    for query in alarm["metric_query"]:
        # A name that is not there yet raises KeyError.
        values[query["id"]] = (
            1.0 if query["expression"] is None else compile_formula(query["expression"])(values)
        )
    assert None not in values.values()


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_no_more_periods_are_bad_than_are_looked_at(alarm: dict[str, Any]) -> None:
    assert 1 <= alarm["datapoints_to_alarm"] <= alarm["evaluation_periods"]


@pytest.mark.parametrize("alarm", METRIC_ALARMS)
def test_metrics_have_thirty_dimensions_at_most(alarm: dict[str, Any]) -> None:
    assert max(len(metric["dimensions"]) for metric in metrics_of(alarm)) <= 30


@pytest.mark.parametrize("counted", DOCUMENT["log_metric_filters"], ids=lambda counted: counted["key"])
def test_patterns_of_the_log_are_short_enough(counted: dict[str, Any]) -> None:
    assert len(counted["pattern"]) <= 1024


def test_terraform_finds_nothing_in_the_file_that_it_would_fill_in_by_itself() -> None:
    assert re.search(r"[$%]\{", files()[Path("cloudwatch/alarms.json")]) is None


def test_no_sentence_has_a_word_that_terraform_replaces() -> None:
    sentences = [alarm.description for alarm in catalogue.ALARMS]
    assert [sentence for sentence in sentences if any(token in sentence for token in TOKENS)] == []


# moto


def query_of(query: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Id": query["id"], "ReturnData": query["return_data"]}
    if query["label"] is not None:
        made["Label"] = query["label"]
    if query["expression"] is not None:
        return {**made, "Expression": query["expression"]}
    metric = query["metric"]
    dimensions = [{"Name": name, "Value": value} for name, value in metric["dimensions"].items()]
    return {
        **made,
        "MetricStat": {
            "Metric": {
                "Namespace": metric["namespace"],
                "MetricName": metric["metric_name"],
                "Dimensions": dimensions,
            },
            "Period": metric["period"],
            "Stat": metric["stat"],
        },
    }


def metric_arguments(alarm: dict[str, Any]) -> dict[str, Any]:
    return {
        "AlarmName": alarm["alarm_name"],
        "AlarmDescription": alarm["alarm_description"],
        "ComparisonOperator": alarm["comparison_operator"],
        "Threshold": alarm["threshold"],
        "EvaluationPeriods": alarm["evaluation_periods"],
        "DatapointsToAlarm": alarm["datapoints_to_alarm"],
        "TreatMissingData": alarm["treat_missing_data"],
        "Metrics": [query_of(query) for query in alarm["metric_query"]],
    }


def composite_arguments(alarm: dict[str, Any]) -> dict[str, Any]:
    made = {
        "AlarmName": alarm["alarm_name"],
        "AlarmDescription": alarm["alarm_description"],
        "AlarmRule": alarm["alarm_rule"],
    }
    suppressor = alarm["actions_suppressor"]
    if suppressor is None:
        return made
    return {
        **made,
        "ActionsSuppressor": suppressor["alarm"],
        "ActionsSuppressorExtensionPeriod": suppressor["extension_period"],
        "ActionsSuppressorWaitPeriod": suppressor["wait_period"],
    }


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        # The lock has no types for CloudWatch.
        make_client: Any = boto3.client
        yield make_client


def test_the_api_takes_every_metric_alarm(aws: Any) -> None:
    client = aws("cloudwatch")
    for alarm in DOCUMENT["metric_alarms"]:
        client.put_metric_alarm(**metric_arguments(alarm))
    kept = client.describe_alarms(MaxRecords=100)["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in kept} == {one["alarm_name"] for one in DOCUMENT["metric_alarms"]}


@pytest.mark.parametrize("alarm", COMPOSITE_ALARMS)
def test_the_model_of_the_api_takes_every_composite_alarm(aws: Any, alarm: dict[str, Any]) -> None:
    # moto has no PutCompositeAlarm: botocore checks the arguments against its model of the API, and sends nothing.
    client = aws("cloudwatch")
    with Stubber(client) as stubber:
        stubber.add_response("put_composite_alarm", {})
        client.put_composite_alarm(**composite_arguments(alarm))
    stubber.assert_no_pending_responses()


@pytest.mark.parametrize("alarm", COMPOSITE_ALARMS)
def test_the_rule_of_a_composite_alarm_has_the_grammar_of_the_api(alarm: dict[str, Any]) -> None:
    assert re.fullmatch(r'ALARM\("[^"]+"\)( AND ALARM\("[^"]+"\))+', alarm["alarm_rule"])


def test_the_api_takes_every_metric_of_the_log(aws: Any) -> None:
    client = aws("logs")
    for counted in DOCUMENT["log_metric_filters"]:
        client.put_metric_filter(
            logGroupName=counted["log_group_name"],
            filterName=counted["name"],
            filterPattern=counted["pattern"],
            metricTransformations=[
                {
                    "metricName": counted["metric_transformation"]["name"],
                    "metricNamespace": counted["metric_transformation"]["namespace"],
                    "metricValue": counted["metric_transformation"]["value"],
                    "defaultValue": float(counted["metric_transformation"]["default_value"]),
                }
            ],
        )
    kept = client.describe_metric_filters()["metricFilters"]
    assert {one["filterName"] for one in kept} == {one["name"] for one in DOCUMENT["log_metric_filters"]}


# What the alarms are about exists


def matches(counted: LogMetric, line: dict[str, Any]) -> bool:
    """Whether a line of the log is counted: these patterns are Python's expressions, but for four signs."""
    text = counted.pattern.removeprefix("{").removesuffix("}").strip()
    text = re.sub(r"\$\.(\w+)", r"line['\1']", text).replace("&&", "and").replace("||", "or")
    text = re.sub(r"(?<![<>=])=", "==", text)
    return bool(eval(text, {}, {"line": line}))


REQUEST = {
    "event": "request",
    "method": "GET",
    "route": "/v1/files/{file_path}",
    "status": 200,
    "outcome": "complete",
    "bytes_out": 65_536,
    "duration_ms": 500.0,
    "error_code": None,
}


@pytest.mark.parametrize(
    ("change", "is_small", "is_slow"),
    [
        ({}, True, False),
        ({"duration_ms": 500.1}, True, True),
        ({"duration_ms": 900, "status": 206}, True, True),
        ({"duration_ms": 900, "bytes_out": 65_537}, False, False),
        ({"duration_ms": 900, "status": 404}, False, False),
        ({"duration_ms": 900, "method": "PUT"}, False, False),
        ({"duration_ms": 900, "outcome": "client_gone"}, False, False),
        ({"duration_ms": 900, "route": "/v1/files"}, False, False),
    ],
)
def test_small_reads_are_complete_answers_with_few_bytes(
    change: dict[str, Any], *, is_small: bool, is_slow: bool
) -> None:
    line = {**REQUEST, **change}
    assert (matches(SMALL_READS, line), matches(SLOW_SMALL_READS, line)) == (is_small, is_slow)


def test_patterns_name_fields_that_the_line_of_a_request_has() -> None:
    named = {field for counted in LOG_METRICS for field in re.findall(r"\$\.(\w+)", counted.pattern)}
    source = (SERVICE / "web/request_log.py").read_text(encoding="utf-8")
    assert {field for field in named if f'"{field}": ' not in source} == set()


def test_patterns_name_events_that_the_service_writes() -> None:
    named = {
        event for counted in LOG_METRICS for event in re.findall(r'\$\.event = "(\w+)"', counted.pattern)
    }
    sources = "".join(path.read_text(encoding="utf-8") for path in SERVICE.rglob("*.py"))
    assert {event for event in named if f'"event": "{event}"' not in sources} == set()


def test_patterns_name_routes_that_the_service_has() -> None:
    named = {
        route for counted in LOG_METRICS for route in re.findall(r'\$\.route = "([^"]+)"', counted.pattern)
    }
    assert named <= set(json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))["paths"])


def test_patterns_name_codes_that_are_documented() -> None:
    named = {
        code for counted in LOG_METRICS for code in re.findall(r'\$\.error_code = "(\w+)"', counted.pattern)
    }
    errors = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    assert {code for code in named if f"`{code}`" not in errors} == set()


def test_alarms_name_metrics_that_the_service_has() -> None:
    source = (SERVICE / "telemetry/metrics.py").read_text(encoding="utf-8")
    named = {
        metric.name
        for alarm in catalogue.METRIC_ALARMS
        for metric in alarm.metrics
        if metric.namespace == "FilesApi"
    }
    assert {name for name in named if f'"{name}"' not in source} == set()


@pytest.mark.parametrize(
    "alarm", [catalogue.S3_THROTTLED, catalogue.S3_UNREACHABLE], ids=lambda alarm: alarm.name
)
def test_all_calls_to_s3_that_are_measured_are_added_up(alarm: Any) -> None:
    source = (SERVICE / "adapters/s3/calls.py").read_text(encoding="utf-8")
    measured = set(re.findall(r'self\._(?:call|write)\(\s*"(\w+)"', source))
    assert {dict(metric.dimensions)["s3.operation"] for metric in alarm.metrics} == measured


# Prometheus


def test_the_rules_are_yaml_that_says_what_they_are() -> None:
    yaml: Any = importlib.import_module("yaml")  # ships no types
    (group,) = yaml.safe_load(prometheus.render())["groups"]
    assert [(rule["alert"], rule["expr"]) for rule in group["rules"]] == [
        (rule.alarm.name, rule.expression) for rule in prometheus.rules()
    ]


def test_each_pace_has_a_rule_with_both_of_its_windows_and_its_share() -> None:
    expressions = {rule.alarm.name: rule.expression for rule in prometheus.rules()}
    assert {
        burn.name: (
            set(re.findall(r"\[(\w+)\]", expressions[burn.name])),
            expressions[burn.name].count(f"> {burn.share:g}"),
        )
        for burn in BURN_RATES
    } == {
        "availability-burning-fast": ({"1h", "5m"}, 2),
        "availability-burning": ({"6h", "30m"}, 2),
        "availability-burning-slowly": ({"3d", "6h"}, 2),
    }


def test_rules_name_metrics_that_the_service_has() -> None:
    source = (SERVICE / "telemetry/metrics.py").read_text(encoding="utf-8")
    expressions = " ".join(rule.expression for rule in prometheus.rules())
    named = set(re.findall(r"increase\((\w+?)(?:_seconds_count|_seconds_bucket|_total)[\[{]", expressions))
    there = {name.replace(".", "_") for name in re.findall(r'"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"', source)}
    assert named - there == set()


# The files


def test_the_files_are_what_the_code_says() -> None:
    assert main(["--check", str(ROOT / "observability")]) == 0


def test_writing_makes_files_that_are_fresh(tmp_path: Path) -> None:
    main(["--write", str(tmp_path)])
    assert main(["--check", str(tmp_path)]) == 0


def test_a_file_that_is_not_fresh_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--write", str(tmp_path)])
    (tmp_path / "prometheus/alerts.yaml").write_text("groups: []\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["--check", str(tmp_path)])
    assert (ended.value.code, "alerts.yaml" in capsys.readouterr().err) == (1, True)
