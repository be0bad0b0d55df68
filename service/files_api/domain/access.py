"""Who calls, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from files_api.domain.paths import Directory

if TYPE_CHECKING:
    from files_api.domain.plans import Plan


class Scope(StrEnum):
    """What a credential may be good for; the values are those of the contract."""

    READ = "files:read"
    WRITE = "files:write"
    DELETE = "files:delete"
    GENERATE = "files:generate"


ALL_SCOPES = frozenset(Scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever a request comes from.

    `subject` is what limits, quotas and idempotency keys are counted by: the same for both keys of a client, and never
    shared with another kind of credential. `root` is where the caller's files are: paths in and out are relative to it.
    `key_id` is what logs call the credential; never a secret.
    """

    subject: str
    plan: Plan
    scopes: frozenset[Scope] = field(default=ALL_SCOPES)
    root: Directory = field(default=Directory(""))
    key_id: str | None = None


class Authenticator(Protocol):
    """Tells who has a credential of one kind."""

    def authenticate(self, credential: str) -> Caller:
        """Find out whose credential this is.

        Raises:
            InvalidCredential: Nobody's, or not any more.
            AccessUnavailable: It cannot be found out now.
        """
