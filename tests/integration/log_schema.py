"""Holds lines of the service's log to their schema, `service/files_api/telemetry/log_schema.json`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

import files_api

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA_FILE = Path(files_api.__file__).parent / "telemetry" / "log_schema.json"


@cache
def schema() -> dict[str, Any]:
    """The schema, as it stands in the file."""
    read: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return read


def events() -> Mapping[str, Mapping[str, Any]]:
    """What the schema says of each event: `description`, and where it has some `required` and `properties`."""
    found: Mapping[str, Mapping[str, Any]] = schema()["$defs"]["events"]
    return found


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema())


def problems_of(line: str) -> list[str]:
    """Say what is wrong with a line; nothing where it is as the schema wants it.

    Args:
        line: One line of the log, as it was written.
    """
    try:
        record = json.loads(line)
    except ValueError:
        return [f"not JSON: {line!r}"]
    return [
        f"{'.'.join(map(str, error.instance_path)) or 'line'}: {error.message}"
        for error in _validator().iter_errors(record)
    ]
