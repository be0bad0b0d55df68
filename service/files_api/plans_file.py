"""Plans out of a TOML file: one table for each, with the names of `domain.plans.Plan`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from files_api.domain.plans import Plan, PlanError, check_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The plans that come with the service.
BUILT_IN = Path(__file__).with_name("plans.toml")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def read_plans(path: Path) -> Mapping[str, Plan]:
    """Read all plans of a file, by name.

    Raises:
        PlanError: The file cannot be read, or a plan in it means nothing.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} is not TOML: {error}") from error
    return {name: _plan(name, table) for name, table in tables.items()}


def _plan(name: str, table: object) -> Plan:
    if not _NAME.fullmatch(name) or not isinstance(table, dict):
        raise PlanError(f"{name!r} is not a plan")
    try:
        check_limits(table)
    except PlanError as error:
        raise PlanError(f"in the plan {name}, {error}") from error
    return Plan(name=name, **table)
