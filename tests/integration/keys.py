"""API keys for the tests: made as an operator makes them, in the table that the services look into."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.integration.client import Client
from tests.integration.stack import ENVIRONMENT, KEYS_TABLE

from files_api.adapters.dynamodb.keys import DynamoKeyStore
from files_api.domain.access import ALL_SCOPES, Scope
from files_api.domain.key_management import KeyManagement, NewKey, Rights
from files_api.domain.paths import check_directory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta

    from tests.integration.stack import Service, StorageServer


class Desk:
    """Where keys are handed out."""

    def __init__(self, storage: StorageServer) -> None:
        self.store = DynamoKeyStore(storage.dynamodb(), KEYS_TABLE)
        self.management = KeyManagement(self.store, ENVIRONMENT, lambda: datetime.now(UTC))

    def make(
        self,
        scopes: Iterable[Scope] = ALL_SCOPES,
        *,
        root: str = "",
        plan: str | None = "unlimited",
        ends_in: timedelta | None = None,
        **limits: int,
    ) -> NewKey:
        """Make a key of a client of its own."""
        rights = Rights(scopes=frozenset(scopes), root=check_directory(root), plan=plan, limits=limits)
        expires_at = datetime.now(UTC) + ends_in if ends_in is not None else None
        return self.management.create(f"c-{uuid.uuid4().hex}", rights, expires_at=expires_at)


def with_key(service: Service, key: NewKey, prefix: str = "") -> Client:
    """A client that shows this key."""
    return Client(service.address, prefix, bearer(key))


def bearer(key: Any) -> dict[str, str]:
    """The field that shows a key."""
    return {"Authorization": f"Bearer {key.text}"}
