"""compose.yaml and what it mounts: everything is there, everything is pinned, and nothing listens to the network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

import files_api

ROOT = Path(files_api.__file__).parents[2]
COLLECTOR = ROOT / "observability" / "otel" / "collector.yaml"
PROMETHEUS = ROOT / "observability" / "otel" / "prometheus.yaml"
PROVISIONING = ROOT / "observability" / "grafana" / "provisioning"
# Made by whoever starts the service, and in .gitignore.
NOT_IN_THE_REPOSITORY = {"./.run"}
_BUILD: dict[str, Any] = {
    "type": "object",
    "required": ["context", "target"],
    "additionalProperties": False,
    "properties": {"context": {"const": "."}, "target": {"type": "string"}},
}
_WATCHED: dict[str, Any] = {
    "type": "object",
    "required": ["action", "path"],
    "additionalProperties": False,
    "properties": {
        "action": {"enum": ["rebuild", "sync", "sync+restart"]},
        "path": {"type": "string", "pattern": r"^\./"},
        "target": {"type": "string", "pattern": "^/"},
        "ignore": {"type": "array", "items": {"type": "string"}},
    },
}
_STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
# What is used of the Compose specification (compose-spec/compose-spec, schema/compose-spec.json), strictly.
COMPOSE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["image"],
                "additionalProperties": False,
                "properties": {
                    "image": {"type": "string"},
                    "build": _BUILD,
                    "command": _STRINGS,
                    "depends_on": {
                        "type": "object",
                        "additionalProperties": {"const": {"condition": "service_healthy"}},
                    },
                    "healthcheck": {
                        "type": "object",
                        "required": ["test", "interval", "timeout", "retries"],
                        "additionalProperties": False,
                        "properties": {
                            "test": _STRINGS,
                            "interval": {"type": "string", "pattern": "^[0-9]+s$"},
                            "timeout": {"type": "string", "pattern": "^[0-9]+s$"},
                            "start_period": {"type": "string", "pattern": "^[0-9]+s$"},
                            "retries": {"type": "integer"},
                        },
                    },
                    "read_only": {"type": "boolean"},
                    "cap_drop": _STRINGS,
                    "security_opt": _STRINGS,
                    "stop_grace_period": {"type": "string", "pattern": "^[0-9]+s$"},
                    "develop": {
                        "type": "object",
                        "required": ["watch"],
                        "additionalProperties": False,
                        "properties": {"watch": {"type": "array", "items": _WATCHED}},
                    },
                    "profiles": {"type": "array", "items": {"type": "string"}},
                    "ports": {"type": "array", "items": {"type": "string"}},
                    "environment": {"type": "object", "additionalProperties": {"type": "string"}},
                    "volumes": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["type", "source", "target"],
                            "additionalProperties": False,
                            "properties": {
                                "type": {"enum": ["bind", "volume"]},
                                "source": {"type": "string"},
                                "target": {"type": "string", "pattern": "^/"},
                                "read_only": {"type": "boolean"},
                            },
                        },
                    },
                },
            },
        },
        "volumes": {
            "type": "object",
            "additionalProperties": {"type": "object", "additionalProperties": False},
        },
    },
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def compose() -> dict[str, Any]:
    found: dict[str, Any] = read(ROOT / "compose.yaml")
    return found


@pytest.fixture
def mounts(compose: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in compose["services"]["observe"]["volumes"] if each["type"] == "bind"]


@pytest.fixture
def collector() -> dict[str, Any]:
    found: dict[str, Any] = read(COLLECTOR)
    return found


@pytest.fixture
def data_sources() -> dict[str, dict[str, Any]]:
    return {
        each["uid"]: each for each in read(PROVISIONING / "datasources" / "files-api.yaml")["datasources"]
    }


# compose.yaml --------------------------------------------------------------------------------------------------------


def test_it_is_a_compose_file(compose: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft202012Validator(COMPOSE_SCHEMA)

    assert [error.message for error in validator.iter_errors(compose)] == []


def test_what_is_not_needed_starts_only_when_it_is_asked_for(compose: dict[str, Any]) -> None:
    assert {name: each["profiles"] for name, each in compose["services"].items() if "profiles" in each} == {
        "observe": ["observe"],
        "load": ["load"],
    }


def test_the_service_starts_after_what_stands_in_for_aws_and_openai(compose: dict[str, Any]) -> None:
    assert set(compose["services"]["service"]["depends_on"]) == {"aws", "openai"}


def test_what_is_built_here_is_built_of_a_stage_that_is_there(compose: dict[str, Any]) -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE))

    assert {each["build"]["target"] for each in compose["services"].values() if "build" in each} <= stages


def test_what_is_watched_is_there(compose: dict[str, Any]) -> None:
    watched = {
        one["path"]
        for each in compose["services"].values()
        for one in each.get("develop", {}).get("watch", ())
    }

    assert watched
    assert [path for path in sorted(watched) if not (ROOT / path).exists()] == []


def test_the_service_can_write_nothing_and_may_nothing(compose: dict[str, Any]) -> None:
    service = compose["services"]["service"]

    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_images_of_others_are_pinned_to_a_version(compose: dict[str, Any]) -> None:
    images = [each["image"] for each in compose["services"].values() if "build" not in each]

    assert [image for image in images if not re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+", image)] == []


def test_ports_are_open_to_this_machine_alone(compose: dict[str, Any]) -> None:
    ports = [port for each in compose["services"].values() for port in each.get("ports", ())]

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_what_is_mounted_is_there(mounts: list[dict[str, Any]]) -> None:
    # Docker makes an empty directory, with no word, of what is missing.
    sources = {each["source"] for each in mounts} - NOT_IN_THE_REPOSITORY

    assert [source for source in sorted(sources) if not (ROOT / source).exists()] == []


def test_what_is_mounted_cannot_be_written(mounts: list[dict[str, Any]]) -> None:
    assert [each["source"] for each in mounts if each.get("read_only") is not True] == []


def test_named_volumes_are_declared(compose: dict[str, Any]) -> None:
    used = {each["source"] for each in compose["services"]["observe"]["volumes"] if each["type"] == "volume"}

    assert used == set(compose["volumes"])


# The collector -------------------------------------------------------------------------------------------------------


def test_pipelines_name_what_is_defined(collector: dict[str, Any]) -> None:
    pipelines = collector["service"]["pipelines"].values()

    assert {
        kind: {name for each in pipelines for name in each[kind]}
        for kind in ("receivers", "processors", "exporters")
    } == {kind: set(collector[kind]) for kind in ("receivers", "processors", "exporters")}


def test_extensions_are_those_that_are_defined(collector: dict[str, Any]) -> None:
    assert set(collector["service"]["extensions"]) == set(collector["extensions"])


def test_memory_is_limited_before_anything_else(collector: dict[str, Any]) -> None:
    assert {each["processors"][0] for each in collector["service"]["pipelines"].values()} == {
        "memory_limiter"
    }


def test_traces_that_failed_or_were_slow_are_kept_and_a_share_of_the_rest(collector: dict[str, Any]) -> None:
    policies = collector["processors"]["tail_sampling"]["policies"]

    assert [each["type"] for each in policies] == ["status_code", "latency", "probabilistic"]


def test_variables_of_the_collector_are_set(collector: dict[str, Any], compose: dict[str, Any]) -> None:
    used = set(re.findall(r"\$\{env:([A-Z_]+)\}", json.dumps(collector)))

    assert used - set(compose["services"]["observe"]["environment"]) == set()


def test_the_log_is_read_where_it_is_mounted(collector: dict[str, Any], mounts: list[dict[str, Any]]) -> None:
    (target,) = (each["target"] for each in mounts if each["source"] == "./.run")

    assert collector["receivers"]["filelog"]["include"] == [f"{target}/*.log"]


def test_what_is_no_line_of_the_log_is_passed_over(collector: dict[str, Any]) -> None:
    # `make run` welcomes with a key where keys are asked for.
    assert collector["receivers"]["filelog"]["operators"][0] == {
        "type": "filter",
        "expr": 'not (body matches "^{")',
    }


# Prometheus and Grafana ----------------------------------------------------------------------------------------------


def test_the_rules_are_read_where_they_are_mounted(mounts: list[dict[str, Any]]) -> None:
    (target,) = (each["target"] for each in mounts if each["source"] == "./observability/prometheus")

    assert read(PROMETHEUS)["rule_files"] == [f"{target}/alerts.yaml"]


def test_the_dashboards_are_read_where_they_are_mounted(mounts: list[dict[str, Any]]) -> None:
    (target,) = (each["target"] for each in mounts if each["source"] == "./observability/grafana/dashboards")
    (provider,) = read(PROVISIONING / "dashboards" / "files-api.yaml")["providers"]

    assert provider["options"]["path"] == target


def test_the_data_sources_are_those_that_dashboards_name(data_sources: dict[str, dict[str, Any]]) -> None:
    assert {uid: each["type"] for uid, each in data_sources.items()} == {
        "prometheus": "prometheus",
        "tempo": "tempo",
        "loki": "loki",
    }


def test_a_line_of_the_log_leads_to_its_trace(data_sources: dict[str, dict[str, Any]]) -> None:
    (field,) = data_sources["loki"]["jsonData"]["derivedFields"]
    line = '{"timestamp": "t", "trace_id": "67447a11aabbccddeeff001122334455", "span_id": "0011223344556677"}'
    found = re.search(field["matcherRegex"], line)

    assert found is not None
    assert (found[1], field["datasourceUid"]) == ("67447a11aabbccddeeff001122334455", "tempo")


def test_a_trace_leads_to_its_lines(data_sources: dict[str, dict[str, Any]]) -> None:
    link = data_sources["tempo"]["jsonData"]["tracesToLogsV2"]

    assert (link["datasourceUid"], "$${__trace.traceId}" in link["query"]) == ("loki", True)


def test_a_point_in_a_graph_leads_to_a_trace(data_sources: dict[str, dict[str, Any]]) -> None:
    (destination,) = data_sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]

    assert destination == {"name": "trace_id", "datasourceUid": "tempo"}
