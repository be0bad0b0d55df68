"""What may be written on the command line about API keys, and what it means."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from files_api.domain.access import ALL_SCOPES, Scope
from files_api.domain.api_keys import KEY
from files_api.domain.errors import FilesApiError, ValidationFailed
from files_api.domain.key_management import CLIENT_RULE, check_client
from files_api.domain.paths import check_directory
from files_api.domain.plans import check_limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Value = TypeVar("_Value")

_DURATION = re.compile(r"([0-9]+)([mhdw])")
_ZERO = re.compile(r"0[mhdw]?")
_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
# RFC 3339 section 5.6; `fromisoformat` alone takes more, such as a time without a zone.
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_LIMIT = re.compile(r"([a-z_]+)=([0-9]{1,16})")
#: Stands for every scope.
ALL = "all"
SCOPE_CHOICES = (*(scope.value for scope in Scope), ALL)


class Checked(click.ParamType[_Value, str]):
    """A parameter that a function reads; what the function raises is told as wrong usage.

    Args:
        name: What the value is called in the help.
        read: Reads the text; raises ValueError or FilesApiError, with a text that says what is wrong.
    """

    def __init__(self, name: str, read: Callable[[str], _Value]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> _Value:
        """Read the value."""
        try:
            return self._read(value)
        except (ValueError, FilesApiError) as error:
            self.fail(str(error), param, ctx)


def read_client(text: str) -> str:
    """Read the name of a client.

    Raises:
        ValueError: It cannot be one. A name that is a whole key is not repeated.
    """
    try:
        return check_client(text)
    except ValidationFailed:
        raise ValueError(f"A client's name {CLIENT_RULE}.") from None


def read_key_id(text: str) -> str:
    """Read the id of a key; out of a whole key, as it was found in a place where it should not be, take its id.

    Raises:
        ValueError: It cannot be one. The text is not repeated, since it may be a key with a typo.
    """
    key = KEY.fullmatch(text)
    if key is not None:
        return key["id"]
    try:
        return check_client(text)
    except ValidationFailed:
        raise ValueError(
            "This is no id of a key: the 16 characters after fa_ENVIRONMENT_ in a key."
        ) from None


def read_limit(text: str) -> tuple[str, int]:
    """Read `reads_per_minute=100`.

    Raises:
        ValueError: It is no limit, or there is none of that name.
    """
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not like reads_per_minute=100.")
    limit = (match[1], int(match[2]))
    check_limits(dict([limit]))
    return limit


def read_duration(text: str) -> timedelta:
    """Read `30m`, `24h`, `90d` or `52w`: minutes, hours, days, weeks.

    Raises:
        ValueError: It is no duration, it is zero, or longer than any date can tell.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration like 30m, 24h, 90d or 52w.")
    try:
        duration = int(match[1]) * _UNITS[match[2]]
    except (ValueError, OverflowError):
        raise ValueError(f"{_shortened(text)} is longer than any date can tell.") from None
    if not duration:
        raise ValueError(f"{_shortened(text)} must be more than zero.")
    return duration


def read_duration_or_zero(text: str) -> timedelta:
    """Read a duration, or `0`, with a unit or without.

    Raises:
        ValueError: It is neither.
    """
    return timedelta() if _ZERO.fullmatch(text) else read_duration(text)


def read_moment(text: str) -> datetime:
    """Read a time of RFC 3339, such as `2027-01-31T12:00:00Z`, into UTC.

    Raises:
        ValueError: It is none.
    """
    match = _MOMENT.fullmatch(text.upper())
    try:
        return datetime.fromisoformat(match[0] if match else "").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a time like 2027-01-31T12:00:00Z.") from None


def scopes_from(choices: Iterable[str]) -> frozenset[Scope]:
    """Tell which scopes were chosen, by name or with `all`."""
    chosen = set(choices)
    return ALL_SCOPES if ALL in chosen else frozenset(Scope(name) for name in chosen)


def _shortened(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:20]}…"


CLIENT = Checked("client", read_client)
KEY_ID = Checked("key_id", read_key_id)
PREFIX = Checked("directory", check_directory)
LIMIT = Checked("name=number", read_limit)
DURATION = Checked("duration", read_duration)
DURATION_OR_ZERO = Checked("duration", read_duration_or_zero)
MOMENT = Checked("time", read_moment)
