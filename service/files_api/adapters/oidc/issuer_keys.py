"""The keys of one issuer: fetched when they are needed, and never more often than makes sense."""

from __future__ import annotations

import logging
import math
import threading
from typing import TYPE_CHECKING

from files_api.adapters.oidc.discovery import discovery_url, jwks_uri_of
from files_api.adapters.oidc.documents import IssuerTroubleError
from files_api.adapters.oidc.key_sets import read_key_set
from files_api.domain.errors import AccessUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from files_api.adapters.oidc.documents import Documents
    from files_api.adapters.oidc.key_sets import KeySet, VerificationKey

log = logging.getLogger(__name__)

#: Keys are believed for so long, in seconds; then one request fetches them again, and others go on with the old ones.
FRESH_SECONDS = 600.0
#: Keys are not looked for again sooner than this, in seconds, however many tokens name keys that nobody knows.
COOLDOWN_SECONDS = 30.0
#: As long as no keys were ever had, nobody gets in: then the pause is shorter.
FIRST_COOLDOWN_SECONDS = 5.0
#: Fetching the keys may take so long, in seconds: both documents together.
FETCH_SECONDS = 3.0


class IssuerKeys:
    """Knows the issuer's keys. Old ones are good for as long as the issuer cannot be asked.

    Args:
        issuer: The issuer's URL.
        documents: Where its documents are fetched from.
        clock: Tells seconds that never go back.
    """

    def __init__(self, issuer: str, documents: Documents, clock: Callable[[], float]) -> None:
        self._issuer = issuer
        self._documents = documents
        self._clock = clock
        self._fetching = threading.Lock()
        # All of these are changed by whoever holds the lock, and by nobody else.
        self._known: KeySet | None = None
        self._stale_at = -math.inf
        self._first_at = -math.inf
        self._look_again_at = -math.inf

    def named(self, kid: str | None) -> tuple[VerificationKey, ...]:
        """Find the keys of that name; see KeySet.named.

        Raises:
            AccessUnavailable: No keys were ever had, and they cannot be fetched now.
        """
        known = self._known
        if known is None:
            return self._first().named(kid)
        if self._clock() >= self._stale_at:
            known = self._renewed(known)
        found = known.named(kid)
        if found or kid is None:
            return found
        return self._look_again(kid)

    def _first(self) -> KeySet:
        with self._fetching:
            # Those who waited here take what the one before them has fetched, or share its failure.
            if self._known is None and self._clock() >= self._first_at:
                self._first_at = self._clock() + FIRST_COOLDOWN_SECONDS
                self._fetch()
            if self._known is None:
                left = max(1, math.ceil(self._first_at - self._clock()))
                raise AccessUnavailable("Tokens cannot be checked at the moment.", left)
            return self._known

    def _renewed(self, known: KeySet) -> KeySet:
        if not self._fetching.acquire(blocking=False):
            return known
        try:
            if self._clock() >= self._stale_at:
                self._fetch()
            return self._known or known
        finally:
            self._fetching.release()

    def _look_again(self, kid: str) -> tuple[VerificationKey, ...]:
        with self._fetching:
            found = self._known.named(kid) if self._known is not None else ()
            if found or self._clock() < self._look_again_at:
                return found
            self._look_again_at = self._clock() + COOLDOWN_SECONDS
            self._fetch()
            return self._known.named(kid) if self._known is not None else ()

    def _fetch(self) -> None:
        # First of all, since a fetch may be broken off by somebody's patience, too.
        self._stale_at = self._clock() + COOLDOWN_SECONDS
        ends_at = self._clock() + FETCH_SECONDS
        try:
            document = self._documents.fetch(discovery_url(self._issuer), FETCH_SECONDS)
            uri = jwks_uri_of(document, self._issuer)
            self._known = read_key_set(self._documents.fetch(uri, ends_at - self._clock()))
        except IssuerTroubleError as error:
            log.warning(
                "the keys of the token issuer cannot be fetched: %s",
                error,
                extra={
                    "event": "oidc_keys_not_fetched",
                    "issuer": self._issuer,
                    "had_keys": self._known is not None,
                },
            )
        else:
            self._stale_at = self._clock() + FRESH_SECONDS
