"""What an operator does with API keys: hand out, look at, rotate, disable, delete.

Whoever calls writes the audit line: only there it is known who the operator is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from files_api.domain.access import Scope  # noqa: TC001  # a field of a dataclass
from files_api.domain.api_keys import NO_LIMITS, ApiKey, KeyText, generate_key
from files_api.domain.errors import ClientExists, KeyNotFound, TwoKeysAlready, ValidationFailed
from files_api.domain.paths import Directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from files_api.domain.ports import KeyStore

_CLIENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: What the name of a client must be, as the rest of a sentence.
CLIENT_RULE = "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', and begin with a letter or a digit"
#: A life shorter than this was cut short by a rotation, more likely than it was meant for the next key too.
_SHORTEST_INHERITED_LIFE = timedelta(days=1)


class KeyState(StrEnum):
    """What has become of a key."""

    LIVE = "live"
    EXPIRED = "expired"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What a client may do, with either of its keys. The fields are those of `ApiKey`."""

    scopes: frozenset[Scope]
    root: Directory = field(default=Directory(""))
    plan: str | None = None
    limits: Mapping[str, int] = field(default_factory=lambda: NO_LIMITS)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made, and, for this once, its text."""

    key: ApiKey
    text: KeyText


@dataclass(frozen=True, slots=True)
class RotatedKey:
    """The new key of a client, and the one that it takes the place of, as it is from now on."""

    new: NewKey
    old: ApiKey


def state_of(key: ApiKey, now: datetime) -> KeyState:
    """Tell what has become of a key. A disabled one that has expired as well is disabled."""
    if key.disabled:
        return KeyState.DISABLED
    return KeyState.LIVE if key.is_live(now) else KeyState.EXPIRED


def check_client(name: str) -> str:
    """Return the name of a client as it is.

    Raises:
        ValidationFailed: It cannot be one.
    """
    if _CLIENT.fullmatch(name) is None:
        raise ValidationFailed([("client", CLIENT_RULE)])
    return name


class KeyManagement:
    """The use cases. Each raises AccessUnavailable when the store cannot be reached.

    Args:
        store: Where the keys are kept; it decides between operators who do something at once.
        environment: What new keys carry in their text, so that one of the staging environment is seen to be one.
        clock: Tells the time, in UTC.
    """

    def __init__(self, store: KeyStore, environment: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._environment = environment
        self._clock = clock

    def create(self, client: str, rights: Rights, *, expires_at: datetime | None = None) -> NewKey:
        """Make the first key of a new client.

        Args:
            client: Its name.
            rights: What it may do.
            expires_at: When the key ends, in UTC; never when None.

        Raises:
            ValidationFailed: The name is none, there is no scope, or the end is not in the future.
            ClientExists: The client has a key already.
        """
        check_client(client)
        if not rights.scopes:
            raise ValidationFailed([("scope", "must be given at least once")])
        text = generate_key(self._environment)
        now = self._clock()
        key = ApiKey(
            key_id=text.key_id,
            client=client,
            secret_hash=text.secret_hash,
            scopes=rights.scopes,
            root=rights.root,
            plan=rights.plan,
            limits=rights.limits,
            created_at=now,
            expires_at=_in_future(expires_at, now),
        )
        try:
            self._store.add_client(key)
        except ClientExists as error:
            raise ClientExists(
                f"The client {client} has a key already: rotate it, or delete it first."
            ) from error
        return NewKey(key, text)

    def rotate(
        self, client: str, *, old_ends_in: timedelta, expires_at: datetime | None = None
    ) -> RotatedKey:
        """Give a client a second key with the rights of its first, and let the first end after a while.

        A client whose keys have all ended gets a new one with the rights of the newest.

        Args:
            client: Its name.
            old_ends_in: For how long the old key goes on; it never lives longer than it would have anyway.
            expires_at: When the new key ends, in UTC. When None, it lasts as long as the old one was made to last:
                for ever, if that had no end.

        Raises:
            ValidationFailed: The end is not in the future, or has to be said.
            KeyNotFound: There is no such client.
            TwoKeysAlready: The client has two live keys.
        """
        now = self._clock()
        old = self._key_to_replace(client, now)
        text = generate_key(self._environment)
        new = replace(
            old,
            key_id=text.key_id,
            secret_hash=text.secret_hash,
            created_at=now,
            expires_at=_inherited_end(old, now) if expires_at is None else _in_future(expires_at, now),
            last_used_at=None,
            disabled=False,
        )
        old_end = moment_after(now, old_ends_in, "old_expires_in")
        # A key that has ended stays so, and one that would end earlier still does.
        old_end = old_end if old.expires_at is None else min(old_end, old.expires_at)
        try:
            self._store.add_successor(new, to=old, expires_at=old_end)
        except TwoKeysAlready as error:
            raise TwoKeysAlready(
                f"The client {client} was given another key at this very moment: look at its keys before you "
                f"rotate again."
            ) from error
        return RotatedKey(NewKey(new, text), replace(old, expires_at=old_end))

    def disable(self, key_id: str) -> ApiKey:
        """Make a key open nothing any more, and return it.

        Raises:
            KeyNotFound: There is no such key.
        """
        return self._store.disable(key_id)

    def delete(self, key_id: str) -> ApiKey:
        """Forget a key, and the client with its last one; return what was deleted.

        Raises:
            KeyNotFound: There is no such key.
        """
        return self._store.delete(key_id)

    def list(self) -> tuple[ApiKey, ...]:
        """Tell all keys: by client, and the older one first."""
        return tuple(sorted(self._store.all(), key=lambda key: (key.client, key.created_at, key.key_id)))

    def show(self, client_or_key_id: str) -> tuple[ApiKey, ...]:
        """Tell the keys of a client, the older one first, or the one key of that id.

        Raises:
            KeyNotFound: There is neither.
        """
        keys = self._store.of_client(client_or_key_id)
        if keys:
            return keys
        key = self._store.find(client_or_key_id)
        if key is None:
            raise KeyNotFound(f"There is no client and no key {client_or_key_id}.")
        return (key,)

    def find(self, key_id: str) -> ApiKey:
        """Tell one key.

        Raises:
            KeyNotFound: There is no such key.
        """
        key = self._store.find(key_id)
        if key is None:
            raise KeyNotFound(f"There is no key {key_id}.")
        return key

    def _key_to_replace(self, client: str, now: datetime) -> ApiKey:
        keys = self._store.of_client(client)
        if not keys:
            raise KeyNotFound(f"There is no client {client}.")
        live = [key for key in keys if key.is_live(now)]
        if len(live) > 1:
            both = " and ".join(f"{key.key_id} ({_end_in_words(key)})" for key in live)
            raise TwoKeysAlready(
                f"The client {client} has two live keys already, {both}: disable or delete the one that is not in "
                f"use any more, then rotate."
            )
        return live[0] if live else keys[-1]


def moment_after(now: datetime, duration: timedelta, field_name: str) -> datetime:
    """Tell when a duration that begins now has passed, in whole seconds.

    Args:
        now: The moment.
        duration: How long.
        field_name: What the duration is called where it was given.

    Raises:
        ValidationFailed: That is after the year 9999, the last one that a time can be in.
    """
    try:
        return _whole(now) + duration
    except OverflowError:
        raise ValidationFailed([(field_name, "would end after the year 9999")]) from None


def _in_future(moment: datetime | None, now: datetime) -> datetime | None:
    if moment is None:
        return None
    if _whole(moment) <= now:
        raise ValidationFailed([("expires_at", "must be in the future")])
    return _whole(moment)


def _inherited_end(old: ApiKey, now: datetime) -> datetime | None:
    if old.expires_at is None:
        return None
    life = old.expires_at - _whole(old.created_at)
    if life < _SHORTEST_INHERITED_LIFE:
        raise ValidationFailed(
            [("expires_in", "must be given, since the key to replace was live for less than a day")]
        )
    return moment_after(now, life, "expires_in")


def _whole(moment: datetime) -> datetime:
    """The second that a moment is in: what is shown of an end is what holds."""
    return moment.replace(microsecond=0)


def _end_in_words(key: ApiKey) -> str:
    if key.expires_at is None:
        return "never expires"
    return f"expires {key.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
