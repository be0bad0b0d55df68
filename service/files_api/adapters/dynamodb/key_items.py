"""What an API key looks like as an item of the keys table, and back.

Times are numbers: seconds since the epoch, exact to the microsecond, so that conditions compare them as what they are.
What a key does not have (a plan, an end, a last use) is not there; everything else always is. Somebody may have edited
the table by hand, so nothing is taken for granted on the way back: a key that is not whole is none.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from files_api.adapters.dynamodb.tables import PARTITION_KEY
from files_api.domain.access import Scope
from files_api.domain.api_keys import ApiKey
from files_api.domain.errors import InvalidFilePath
from files_api.domain.paths import Directory, check_directory
from files_api.domain.plans import PlanError, check_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_PREFIX = "key#"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PER_SECOND = 1_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize

Kind = TypeVar("Kind")


class MalformedItem(Exception):
    """An item that is no key. The text says why, and nothing of what stands in it. Never leaves the adapter."""


def item_of(key: ApiKey) -> dict[str, Any]:
    """Write a key as an item."""
    attributes = {
        PARTITION_KEY: KEY_PREFIX + key.key_id,
        "client": key.client,
        "secret_hash": key.secret_hash,
        "scopes": sorted(scope.value for scope in key.scopes),
        "root": key.root,
        "plan": key.plan,
        "limits": dict(key.limits),
        "created_at": seconds_of(key.created_at),
        "expires_at": seconds_of(key.expires_at) if key.expires_at is not None else None,
        "last_used_at": seconds_of(key.last_used_at) if key.last_used_at is not None else None,
        "disabled": key.disabled,
    }
    return {name: _serialize(value) for name, value in attributes.items() if value is not None}


def key_of(item: Mapping[str, Any]) -> ApiKey:
    """Read a key out of an item.

    Raises:
        MalformedItem: Something is missing, of another kind, or means nothing.
    """
    fields = {name: _deserialize(value) for name, value in item.items()}
    pk = _one(fields, PARTITION_KEY, str)
    if not pk.startswith(KEY_PREFIX):
        raise MalformedItem(f"{PARTITION_KEY} is not that of a key")
    return ApiKey(
        key_id=pk.removeprefix(KEY_PREFIX),
        client=_one(fields, "client", str),
        secret_hash=_secret_hash(fields),
        scopes=_scopes(fields),
        root=_root(fields),
        plan=_one(fields, "plan", str) if "plan" in fields else None,
        limits=_limits(fields),
        created_at=_time(fields, "created_at"),
        expires_at=_time(fields, "expires_at") if "expires_at" in fields else None,
        last_used_at=_time(fields, "last_used_at") if "last_used_at" in fields else None,
        disabled=_one(fields, "disabled", bool),
    )


def seconds_of(moment: datetime) -> Decimal:
    """Tell a time as it stands in the table."""
    return Decimal((moment - _EPOCH) // _MICROSECOND) / _PER_SECOND


def _one(fields: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind:
    value = fields.get(name)
    # Not isinstance: True is no number here.
    if type(value) is not kind:
        raise MalformedItem(f"{name} is missing or of another type")
    return value


def _secret_hash(fields: Mapping[str, Any]) -> str:
    text = _one(fields, "secret_hash", str)
    if _SHA256.fullmatch(text) is None:
        raise MalformedItem("secret_hash is no SHA-256")
    return text


def _scopes(fields: Mapping[str, Any]) -> frozenset[Scope]:
    try:
        return frozenset(Scope(name) for name in _one(fields, "scopes", list))
    except ValueError as error:
        raise MalformedItem("scopes has one that does not exist") from error


def _root(fields: Mapping[str, Any]) -> Directory:
    text = _one(fields, "root", str)
    try:
        root = check_directory(text)
    except InvalidFilePath as error:
        raise MalformedItem("root is no directory") from error
    # `a` could mean `a/`, and could be half of `ab/`: whoever wrote it has to say.
    if root != text:
        raise MalformedItem("root does not end in a slash")
    return root


def _limits(fields: Mapping[str, Any]) -> dict[str, int]:
    limits = {
        name: int(value) if type(value) is Decimal and value == value.to_integral_value() else value
        for name, value in _one(fields, "limits", dict).items()
    }
    try:
        check_limits(limits)
    except PlanError as error:
        raise MalformedItem("limits has one that does not exist, or is no number from 0 on") from error
    return limits


def _time(fields: Mapping[str, Any], name: str) -> datetime:
    seconds = _one(fields, name, Decimal)
    try:
        return _EPOCH + timedelta(microseconds=int(seconds * _PER_SECOND))
    except OverflowError as error:
        raise MalformedItem(f"{name} is no time") from error
