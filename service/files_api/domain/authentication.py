"""Whose credential is this? API keys are looked up here, and remembered for a little while."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from files_api.domain.access import Caller
from files_api.domain.api_keys import PREFIX, read_key
from files_api.domain.errors import AccessUnavailable, InvalidCredential
from files_api.domain.quotas import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from files_api.domain.access import Authenticator
    from files_api.domain.api_keys import ApiKey
    from files_api.domain.plans import Plan
    from files_api.domain.ports import KeyStore

log = logging.getLogger(__name__)

#: A key that was looked up is believed for so long, in seconds.
FRESH_SECONDS = 30.0
#: And for so long when it cannot be looked up again: below the 60 seconds within which a revoked key is dead.
STALE_SECONDS = 55.0
#: That there is no such key is believed for less: it may have been made just now.
UNKNOWN_SECONDS = 5.0
_MOST_REMEMBERED = 10_000
_NOTE_USE_EVERY = timedelta(hours=1)


@dataclass(slots=True)
class _Remembered:
    key: ApiKey | None
    looked_up_at: float
    noted_use_at: datetime | None


class KeyAuthenticator:
    """An `Authenticator` for API keys.

    Args:
        store: Where the keys are.
        environment: Of which environment keys must be.
        plans: The plans that keys name.
        default_plan: The plan of a key that names none.
        in_background: Runs what nobody waits for.
        clock: Tells seconds that never go back.
        now: Tells the time in UTC.
    """

    def __init__(  # noqa: PLR0913  # the last two are for tests
        self,
        store: KeyStore,
        *,
        environment: str,
        plans: Mapping[str, Plan],
        default_plan: str,
        in_background: Callable[[Callable[[], None]], object],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._environment = environment
        self._plans = plans
        self._default_plan = default_plan
        self._in_background = in_background
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()

    def authenticate(self, credential: str) -> Caller:
        """See Authenticator.authenticate."""
        text = read_key(credential)
        if text is None:
            raise InvalidCredential("malformed")
        if text.environment != self._environment:
            raise InvalidCredential("other_environment", key_id=text.key_id)
        found = self._find(text.key_id)
        key = found.key
        if key is None:
            raise InvalidCredential("unknown", key_id=text.key_id)
        if not text.is_of(key):
            raise InvalidCredential("wrong_secret", key_id=text.key_id)
        now = self._now()
        if key.disabled:
            raise InvalidCredential("disabled", key_id=text.key_id)
        if not key.is_live(now):
            raise InvalidCredential("expired", key_id=text.key_id)
        self._note_use(found, key, now)
        return Caller(
            subject=f"client:{key.client}",
            plan=self._plan_of(key),
            scopes=key.scopes,
            root=key.root,
            key_id=key.key_id,
        )

    def _plan_of(self, key: ApiKey) -> Plan:
        plan = self._plans.get(key.plan or self._default_plan)
        if plan is None:
            log.error(
                "a key names a plan that is not there",
                extra={"event": "plan_missing", "key_id": key.key_id, "plan": key.plan},
            )
            raise AccessUnavailable("The plan of this credential is not known.")
        return plan.overridden(key.limits)

    def _find(self, key_id: str) -> _Remembered:
        now = self._clock()
        with self._lock:
            found = self._remembered.get(key_id)
        age = now - found.looked_up_at if found is not None else 0.0
        if found is not None and age < (FRESH_SECONDS if found.key is not None else UNKNOWN_SECONDS):
            return found
        try:
            key = self._store.find(key_id)
        except AccessUnavailable:
            if found is not None and found.key is not None and age < STALE_SECONDS:
                return found
            raise
        noted = found.noted_use_at if found is not None else None
        # The time before the look: what was changed during it may not have been seen.
        fresh = _Remembered(key, now, noted)
        with self._lock:
            self._remembered[key_id] = fresh
            self._remembered.move_to_end(key_id)
            if len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return fresh

    def _note_use(self, found: _Remembered, key: ApiKey, now: datetime) -> None:
        noted = max(filter(None, (found.noted_use_at, key.last_used_at)), default=None)
        if noted is not None and now - noted < _NOTE_USE_EVERY:
            return
        found.noted_use_at = now

        def note() -> None:
            try:
                self._store.note_use(key.key_id, now)
            except AccessUnavailable:
                # Coarse as it is: the next hour's use will be noted.
                log.warning("the use of a key was not noted", extra={"event": "key_use_not_noted"})

        self._in_background(note)


class Credentials:
    """Every kind of credential that is accepted here.

    Args:
        keys: For API keys; None where they are not accepted.
        tokens: For everything else: tokens of an issuer; None where they are not accepted.
    """

    def __init__(self, *, keys: Authenticator | None, tokens: Authenticator | None) -> None:
        self._keys = keys
        self._tokens = tokens

    def authenticate(self, credential: str) -> Caller:
        """See Authenticator.authenticate."""
        responsible = self._keys if credential.startswith(PREFIX) else self._tokens
        if responsible is None:
            raise InvalidCredential("kind_not_accepted")
        return responsible.authenticate(credential)
