"""How API keys are shown: as tables for people, as fields for programs. Never the secret, nor its hash."""

from __future__ import annotations

import unicodedata
from datetime import UTC
from typing import TYPE_CHECKING

from files_api.domain.access import ALL_SCOPES, Scope
from files_api.domain.key_management import state_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from files_api.domain.api_keys import ApiKey

_HEADINGS = (
    "CLIENT",
    "KEY ID",
    "SCOPES",
    "PREFIX",
    "PLAN",
    "CREATED (UTC)",
    "EXPIRES (UTC)",
    "LAST USED (UTC)",
    "STATE",
)
_BETWEEN_COLUMNS = "  "


def key_table(keys: Iterable[ApiKey], *, now: datetime, default_plan: str) -> str:
    """Write a table, one key a line, as wide as its longest texts.

    Args:
        keys: What to show, in this order.
        now: The moment at which keys are live or not.
        default_plan: What a key without a plan of its own has.
    """
    rows = [
        (
            key.client,
            key.key_id,
            ",".join(scopes_of(key)) if key.scopes != ALL_SCOPES else "all",
            key.root or "-",
            f"{key.plan or default_plan}{', own limits' if key.limits else ''}",
            minute(key.created_at),
            minute(key.expires_at),
            minute(key.last_used_at),
            state_of(key, now).value,
        )
        for key in keys
    ]
    return _aligned([_HEADINGS, *rows])


def key_details(key: ApiKey, *, now: datetime, default_plan: str) -> str:
    """Write all about one key, a line for each.

    Args:
        key: What to show.
        now: The moment at which it is live or not.
        default_plan: What a key without a plan of its own has.
    """
    limits = ", ".join(f"{name}={number}" for name, number in sorted(key.limits.items()))
    return _aligned(
        [
            ("client", key.client),
            ("key id", key.key_id),
            ("state", state_of(key, now).value),
            ("scopes", ", ".join(scopes_of(key))),
            ("prefix", key.root or "none: the whole bucket"),
            ("plan", key.plan or f"{default_plan} (the default)"),
            ("own limits", limits or "none"),
            ("created", f"{minute(key.created_at)} UTC"),
            ("expires", "never" if key.expires_at is None else f"{minute(key.expires_at)} UTC"),
            (
                "last used",
                "never" if key.last_used_at is None else f"{minute(key.last_used_at)} UTC, to the hour",
            ),
        ]
    )


def key_fields(key: ApiKey, *, now: datetime) -> dict[str, object]:
    """Give what a program may know of a key, ready for JSON.

    `plan` is null for the default one, `prefix` empty for the whole bucket.

    Args:
        key: What to show.
        now: The moment at which it is live or not.
    """
    return {
        "client": key.client,
        "key_id": key.key_id,
        "state": state_of(key, now).value,
        "scopes": scopes_of(key),
        "prefix": key.root,
        "plan": key.plan,
        "limits": dict(sorted(key.limits.items())),
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at),
        "last_used_at": rfc3339(key.last_used_at),
    }


def scopes_of(key: ApiKey) -> list[str]:
    """Tell the scopes, in the order of the contract."""
    return [scope.value for scope in Scope if scope in key.scopes]


def rfc3339(moment: datetime | None) -> str | None:
    """Write a time for programs, to the second: `2026-11-24T17:02:09Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def minute(moment: datetime | None) -> str:
    """Write a time for people, in UTC: `2026-11-24 17:02`; `never` where there is none."""
    return "never" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        _BETWEEN_COLUMNS.join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def _width(text: str) -> int:
    """How many cells of a terminal a text takes: prefixes may be in any script."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
