"""The CloudWatch agent's configuration: by the agent's schema, and in step with what the service writes and sends."""

from __future__ import annotations

import ast
import json
import logging
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import files_api
from files_api.telemetry.logs import LogFormatter

ROOT = Path(files_api.__file__).parents[2]
CONFIG = ROOT / "observability" / "cloudwatch-agent" / "config.json"
SCHEMA = Path(__file__).with_name("agent_config_schema.json")
# The symbols that are used of the agent's `timestamp_format`, as it translates them.
PATTERN_OF = {
    "%Y": r"\d{4}",
    "%m": r"\d{2}",
    "%d": r"\d{2}",
    "%H": r"\d{2}",
    "%M": r"\d{2}",
    "%S": r"\d{2}",
    "%f": r"\d{1,9}",
}
RESOURCE = frozenset({"service.name", "deployment.environment.name"})


@pytest.fixture
def config() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(CONFIG.read_text(encoding="utf-8"))
    return read


def problems_of(config: dict[str, Any]) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    return [error.message for error in validator.iter_errors(config)]


def service_log(config: dict[str, Any]) -> dict[str, Any]:
    entries: list[dict[str, Any]] = config["logs"]["logs_collected"]["files"]["collect_list"]
    (entry,) = (entry for entry in entries if entry["file_path"] == "/var/log/files-api/service.log")
    return entry


def line(message: str = "m", *, error: Exception | None = None) -> str:
    fields: dict[str, Any] = {"name": "files_api", "levelname": "INFO", "msg": message}
    if error is not None:
        fields["exc_info"] = (type(error), error, error.__traceback__)
    return LogFormatter("%(message)s").format(logging.makeLogRecord(fields))


def timestamp_pattern(timestamp_format: str) -> re.Pattern[str]:
    escaped = timestamp_format.replace(".", r"\.")
    return re.compile(re.sub("%[A-Za-z]", lambda symbol: PATTERN_OF[symbol[0]], escaped))


def attribute_sets() -> list[frozenset[str]]:
    """The attributes that each metric of the service has, as `telemetry/metrics.py` tells them."""
    source = (Path(files_api.__file__).parent / "telemetry" / "metrics.py").read_text(encoding="utf-8")
    found = {
        frozenset(str(key.value) for key in argument.keys if isinstance(key, ast.Constant))
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"add", "record"}
        for argument in call.args
        if isinstance(argument, ast.Dict)
    }
    # In an order: whoever runs the tests in several processes wants to find the same ones in each.
    return sorted(found, key=sorted)


# The schema ----------------------------------------------------------------------------------------------------------


def test_it_fits_the_schema(config: dict[str, Any]) -> None:
    assert problems_of(config) == []


def test_a_misspelt_key_does_not_fit(config: dict[str, Any]) -> None:
    service_log(config)["timestamp_fromat"] = "%Y"

    assert problems_of(config) != []


def test_a_value_of_another_type_does_not_fit(config: dict[str, Any]) -> None:
    config["metrics"]["metrics_collected"]["otlp"]["http_endpoint"] = 4318

    assert problems_of(config) != []


# Logs ----------------------------------------------------------------------------------------------------------------


def test_the_log_goes_to_the_group_of_its_environment(config: dict[str, Any]) -> None:
    assert service_log(config)["log_group_name"] == "/files-api/@environment@/service"


def test_nothing_but_the_environment_is_left_to_be_filled_in() -> None:
    assert set(re.findall(r"@[^@\s]*@", CONFIG.read_text(encoding="utf-8"))) == {"@environment@"}


def test_the_audit_group_has_one_sender(config: dict[str, Any]) -> None:
    # The service ships these lines itself (FILES_API_AUDIT_LOG_GROUP): from here each would come a second time.
    groups = [entry["log_group_name"] for entry in config["logs"]["logs_collected"]["files"]["collect_list"]]

    assert [group for group in groups if group.endswith("/audit")] == []


def test_the_timestamp_of_a_line_is_found(config: dict[str, Any]) -> None:
    written = line()
    found = timestamp_pattern(service_log(config)["timestamp_format"]).search(written)

    assert found is not None
    assert found[0] == json.loads(written)["timestamp"]


def test_a_time_in_the_message_is_not_taken_for_that_of_the_line(config: dict[str, Any]) -> None:
    written = line("since 2001-01-01T00:00:00.000Z")
    found = timestamp_pattern(service_log(config)["timestamp_format"]).search(written)

    assert found is not None
    assert found[0] == json.loads(written)["timestamp"]


@pytest.mark.parametrize("error", [None, ValueError("two\nlines")])
def test_each_line_is_an_event_of_its_own(config: dict[str, Any], error: Exception | None) -> None:
    pattern = service_log(config)["multi_line_start_pattern"]

    starts = [bool(re.search(pattern, each)) for each in line(error=error).split("\n")]

    assert starts == [True]


def test_the_frames_of_a_traceback_stay_with_its_head(config: dict[str, Any]) -> None:
    # What Python itself writes when the service cannot even start: no JSON.
    crash = ["Traceback (most recent call last):", '  File "a.py", line 1, in <module>', "    import b"]

    starts = [bool(re.search(service_log(config)["multi_line_start_pattern"], each)) for each in crash]

    assert starts == [True, False, False]


# Metrics and traces --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("section", ["metrics", "traces"])
def test_otlp_is_taken_from_this_machine_alone(config: dict[str, Any], section: str) -> None:
    assert config[section][f"{section}_collected"]["otlp"] == {
        "grpc_endpoint": "127.0.0.1:4317",
        "http_endpoint": "127.0.0.1:4318",
    }


def test_metrics_go_to_the_namespace_of_the_dashboards(config: dict[str, Any]) -> None:
    assert config["metrics"]["namespace"] == "FilesApi"


@pytest.mark.parametrize("attributes", attribute_sets(), ids=lambda attributes: "+".join(sorted(attributes)))
def test_each_metric_is_summed_over_processes_with_its_own_attributes(
    config: dict[str, Any], attributes: frozenset[str]
) -> None:
    # As it is sent it has the instance, the version and the SDK as dimensions, too: nothing that can be asked for.
    assert RESOURCE | attributes in [set(each) for each in config["metrics"]["aggregation_dimensions"]]


def test_each_metric_is_summed_as_a_whole(config: dict[str, Any]) -> None:
    assert RESOURCE in [set(each) for each in config["metrics"]["aggregation_dimensions"]]


def test_what_is_summed_by_exists(config: dict[str, Any]) -> None:
    known = RESOURCE.union({"AutoScalingGroupName"}, *attribute_sets())

    assert {name for each in config["metrics"]["aggregation_dimensions"] for name in each} - known == set()


@pytest.mark.parametrize("what", ["cpu", "mem", "disk", "netstat"])
def test_the_host_is_measured(config: dict[str, Any], what: str) -> None:
    assert config["metrics"]["metrics_collected"][what]["measurement"] != []
