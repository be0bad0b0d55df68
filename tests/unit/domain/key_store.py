"""API keys in memory: `ports.KeyStore` for unit tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from files_api.domain.errors import ClientExists, KeyNotFound, TwoKeysAlready

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from files_api.domain.api_keys import ApiKey


class MemoryKeyStore:
    """Keeps keys in the order in which they came.

    Args:
        clock: Tells which keys are live.
        keys: What is in it from the beginning.
    """

    def __init__(self, clock: Callable[[], datetime], keys: Iterable[ApiKey] = ()) -> None:
        self._clock = clock
        self._keys = {key.key_id: key for key in keys}

    def find(self, key_id: str) -> ApiKey | None:
        return self._keys.get(key_id)

    def of_client(self, client: str) -> tuple[ApiKey, ...]:
        return tuple(key for key in self._keys.values() if key.client == client)

    def all(self) -> Iterable[ApiKey]:
        return reversed(tuple(self._keys.values()))

    def add_client(self, key: ApiKey) -> None:
        if self.of_client(key.client):
            raise ClientExists("taken")
        self._keys[key.key_id] = key

    def add_successor(self, key: ApiKey, *, to: ApiKey, expires_at: datetime) -> None:
        current = self._existing(to.key_id)
        others = [other for other in self.of_client(to.client) if other.key_id != to.key_id]
        if any(other.is_live(self._clock()) for other in others):
            raise TwoKeysAlready("two")
        for other in others:
            del self._keys[other.key_id]
        self._keys[to.key_id] = replace(current, expires_at=expires_at)
        self._keys[key.key_id] = key

    def disable(self, key_id: str) -> ApiKey:
        self._keys[key_id] = replace(self._existing(key_id), disabled=True)
        return self._keys[key_id]

    def delete(self, key_id: str) -> ApiKey:
        key = self._existing(key_id)
        del self._keys[key_id]
        return key

    def note_use(self, key_id: str, at: datetime) -> None:
        key = self._existing(key_id)
        if key.last_used_at is None or key.last_used_at < at:
            self._keys[key_id] = replace(key, last_used_at=at)

    def _existing(self, key_id: str) -> ApiKey:
        if key_id not in self._keys:
            raise KeyNotFound(f"There is no key {key_id}.")
        return self._keys[key_id]
