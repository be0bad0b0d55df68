"""The kinds of settings: how text out of the environment becomes a value, and what it may be."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from marshmallow import ValidationError, validate
from marshmallow import fields as ma

from files_api.domain.plans import PlanError
from files_api.plans_file import read_plans

if TYPE_CHECKING:
    # In the names of types alone, which are quoted.
    from collections.abc import Mapping  # noqa: F401  # as above
    from ipaddress import IPv4Network, IPv6Network  # noqa: F401  # as above

    from files_api.domain.plans import Plan  # noqa: F401  # as above

#: The access mode that has to be said aloud.
OPEN = "open"


class Names(ma.Field[tuple[str, ...]]):
    """Comma-separated names: spaces around them and empty ones do not count."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        return tuple(name.strip() for name in str(value).split(",") if name.strip())


class Networks(ma.Field["tuple[IPv4Network | IPv6Network, ...]"]):
    """Comma-separated networks, such as 10.0.0.0/16."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        names = filter(None, (name.strip() for name in str(value).split(",")))
        try:
            return tuple(ip_network(name) for name in names)
        except ValueError as error:
            raise ValidationError(f"names something that is no network: {error}") from error


class Plans(ma.Field["Mapping[str, Plan]"]):
    """The plans in a TOML file."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return read_plans(Path(value))
        except PlanError as error:
            raise ValidationError(f"holds no plans: {error}") from error


HTTP_URL = validate.URL(schemes={"http", "https"}, require_tld=False, error="must be an http or https URL")
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_ORIGIN = re.compile(r"\*|https?://[a-z0-9.-]+(:[0-9]{1,5})?")


def check_origins(names: tuple[str, ...]) -> None:
    """See that these are origins (RFC 6454), or `*`. Raises ValidationError, as all checks here do."""
    for name in names:
        if not _ORIGIN.fullmatch(name):
            message = f"names {name!r}, which is not an origin such as https://app.example.com"
            raise ValidationError(message)


def check_access_modes(names: tuple[str, ...]) -> None:
    """See that these say who may call, and say it clearly."""
    if not set(names) <= {OPEN, "keys", "oidc"} or not names or (OPEN in names and len(names) > 1):
        raise ValidationError("must be keys, oidc, or both with a comma, or open alone")


def check_issuer(url: str) -> None:
    """See that keys from there come from there."""
    HTTP_URL(url)
    parts = urlsplit(url)
    # Keys that come over plain HTTP are those of whoever sits on the way.
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValidationError("must be an https URL")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server on this address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def text(name: str, help_text: str, default: str | None = None, **options: Any) -> ma.String:
    """Make a setting that is text."""
    return ma.String(data_key=name, load_default=default, metadata={"help": help_text}, **options)


def integer(
    name: str, help_text: str, default: int, minimum: int = 1, maximum: int | None = None
) -> ma.Integer:
    """Make a setting that is a whole number."""
    check = validate.Range(
        min=minimum,
        max=maximum,
        error="must be {min} or more" if maximum is None else "must be {min} to {max}",
    )
    return ma.Integer(
        data_key=name,
        load_default=default,
        validate=check,
        error_messages={"invalid": "must be a whole number"},
        metadata={"help": help_text},
    )


def seconds(name: str, help_text: str, default: float, minimum: float = 0.1) -> ma.Float:
    """Make a setting that is a number of seconds."""
    check = validate.Range(min=minimum, error="must be {min} or more")
    return ma.Float(
        data_key=name,
        load_default=default,
        validate=check,
        error_messages={"invalid": "must be a number of seconds"},
        metadata={"help": help_text},
    )


def names(name: str, help_text: str, default: tuple[str, ...] = (), **options: Any) -> Names:
    """Make a setting that is names with commas between them."""
    return Names(data_key=name, load_default=default, metadata={"help": help_text}, **options)
