"""The schema of the log and the source know the same events, with the same fields; what is not in it is refused."""

from __future__ import annotations

import ast
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.log_schema import events, problems_of, schema

import files_api
from files_api.telemetry.logs import LogFormatter

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(files_api.__file__).parent
# Passes on the name that its callers give; those are looked at.
PASSES_ON = PACKAGE / "telemetry" / "audit.py"
# What audit lines get from functions: `audit_fields`, `_request_fields` and the desk of the command line.
OF_FUNCTIONS = frozenset(
    {"key_id", "subject", "request_id", "client_address", "method", "route", "client", "actor"}
)


@dataclass(frozen=True)
class Told:
    """One place in the source that writes a line with an event.

    `fields` are those that stand there; `is_whole` tells whether there are no others.
    """

    event: str
    fields: frozenset[str]
    is_whole: bool
    place: str


def told_in(source: str, place: str) -> Iterator[Told]:
    """Find them: a dictionary with the key "event", and calls of `audit.record(…)` and `….audit(…)`."""
    for node in ast.walk(ast.parse(source)):
        here = f"{place}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if "event" in names:
                event = node.values[[getattr(key, "value", None) for key in node.keys].index("event")]
                assert isinstance(event, ast.Constant), f"{here}: the name of an event must stand there"
                fields = frozenset(map(str, names)) - {"event"}
                yield Told(str(event.value), fields, is_whole=None not in node.keys, place=here)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_record = node.func.attr == "record" and ast.unparse(node.func.value) == "audit"
            if is_record or node.func.attr == "audit":
                event = node.args[0]
                assert isinstance(event, ast.Constant), f"{here}: the name of an event must stand there"
                fields = frozenset(keyword.arg for keyword in node.keywords if keyword.arg) - {"level"}
                yield Told(str(event.value), fields, is_whole=False, place=here)


def all_told() -> list[Told]:
    return [
        told
        for file in sorted(PACKAGE.rglob("*.py"))
        if "devtools" not in file.parts and file != PASSES_ON
        for told in told_in(file.read_text(encoding="utf-8"), str(file.relative_to(PACKAGE)))
    ]


ALL_TOLD = all_told()


def line(**fields: Any) -> str:
    base = {
        "timestamp": "2026-11-24T17:02:09.123Z",
        "level": "INFO",
        "logger": "files_api.web.request_log",
        "message": "m",
    }
    return json.dumps(base | fields)


REQUEST: dict[str, Any] = {
    "event": "request",
    "request_id": "id-1",
    "route": "/v1/files/{file_path}",
    "method": "GET",
    "path": "/v1/files/a.txt",
    "status": 200,
    "bytes_in": 0,
    "bytes_out": 5,
    "duration_ms": 1.25,
    "outcome": "complete",
    "error_code": None,
    "key_id": None,
}
TRACE = {
    "trace_id": "67447a11aabbccddeeff001122334455",
    "span_id": "0011223344556677",
    "xray_trace_id": "1-67447a11-aabbccddeeff001122334455",
}


# The source and the schema -------------------------------------------------------------------------------------------


def test_every_event_of_the_source_is_in_the_schema() -> None:
    assert {told.event for told in ALL_TOLD} - set(events()) == set()


def test_every_event_of_the_schema_is_in_the_source() -> None:
    assert set(events()) - {told.event for told in ALL_TOLD} == set()


@pytest.mark.parametrize("told", ALL_TOLD, ids=lambda told: f"{told.event}-{told.place}")
def test_every_field_of_the_source_is_in_the_schema(told: Told) -> None:
    assert told.fields - set(events()[told.event].get("properties", {})) == set()


@pytest.mark.parametrize("told", ALL_TOLD, ids=lambda told: f"{told.event}-{told.place}")
def test_what_the_schema_requires_is_always_told(told: Told) -> None:
    from_elsewhere = frozenset() if told.is_whole else OF_FUNCTIONS
    assert set(events()[told.event].get("required", [])) - told.fields - from_elsewhere == set()


def test_an_event_that_the_schema_does_not_know_would_be_found() -> None:
    source = 'log.info("m", extra={"event": "new", "a": 1})\naudit.record("newer", b=2, **more)'

    found = {told.event: (told.fields, told.is_whole) for told in told_in(source, "x.py")}

    assert found == {"new": (frozenset({"a"}), True), "newer": (frozenset({"b"}), False)}


def test_the_schema_describes_each_event() -> None:
    assert [name for name, event in events().items() if not event.get("description")] == []


def test_the_schema_names_each_event_wherever_it_must() -> None:
    listed = schema()["properties"]["event"]["enum"]
    branches = [
        branch["if"]["properties"]["event"]["const"]
        for branch in schema()["allOf"]
        if "event" in branch["if"]["properties"]
    ]

    assert listed == branches == list(events())


# Lines ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        REQUEST,
        REQUEST | TRACE,
        REQUEST | {"route": None, "status": 404, "error_code": "not_found", "key_id": "fa_prod_abc"},
        REQUEST | {"status": 0, "outcome": "client_gone"},
        {"event": "key_use_not_noted"},
        {"event": "digest_not_kept", "exc_info": "Traceback …"},
        {"event": "key_created", "key_id": "k", "client": "c", "actor": "a@b", "limits": {"reads": 5}},
        {"logger": "gunicorn.error", "message": "Booting worker with pid: 7"},
        {"logger": "gunicorn.error", "metric": "gunicorn.workers", "value": 1, "mtype": "gauge"},
    ],
)
def test_a_good_line_is_taken(fields: dict[str, Any]) -> None:
    assert problems_of(line(**fields)) == []


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"event": "something_new"}, id="an event that is not documented"),
        pytest.param(REQUEST | {"bytes": 5}, id="a field that is not documented"),
        pytest.param(REQUEST | {"status": "200"}, id="a field of another type"),
        pytest.param(REQUEST | {"status": 42}, id="a status that is none"),
        pytest.param(REQUEST | {"outcome": "fine"}, id="an outcome that is none"),
        pytest.param({"event": "request"}, id="an event without its fields"),
        pytest.param({"event": "digest_not_kept", "upload_id": "u"}, id="a field of another event"),
        pytest.param({"logger": "gunicorn.error", "pid": 7}, id="a field without an event"),
        pytest.param({"metric": "m", "value": 1, "mtype": "gauge"}, id="gunicorn's field in a line of ours"),
        pytest.param(REQUEST | {"trace_id": TRACE["trace_id"]}, id="a trace without a span"),
        pytest.param(REQUEST | TRACE | {"xray_trace_id": "1-67447a11"}, id="a trace id that is none"),
        pytest.param(REQUEST | {"timestamp": "2026-11-24 17:02:09"}, id="another form of time"),
        pytest.param(REQUEST | {"level": "NOTICE"}, id="a level that is none"),
        pytest.param(REQUEST | {"message": None}, id="no message"),
    ],
)
def test_a_wrong_line_is_refused(fields: dict[str, Any]) -> None:
    assert problems_of(line(**fields)) != []


@pytest.mark.parametrize("name", ["timestamp", "level", "logger", "message"])
def test_what_every_line_has_must_be_there(name: str) -> None:
    record = json.loads(line(**REQUEST))
    del record[name]

    assert problems_of(json.dumps(record)) != []


@pytest.mark.parametrize("text", ["", "Traceback (most recent call last):", "[]", '"text"', line() + line()])
def test_what_is_no_object_is_refused(text: str) -> None:
    assert problems_of(text) != []


def test_the_problem_names_the_field() -> None:
    assert problems_of(line(**REQUEST | {"duration_ms": "fast"}))[0].startswith("duration_ms: ")


def test_what_the_formatter_writes_is_taken() -> None:
    record = logging.makeLogRecord({"name": "files_api.x", "levelname": "INFO", "msg": "request"} | REQUEST)

    assert problems_of(LogFormatter("%(message)s").format(record)) == []
