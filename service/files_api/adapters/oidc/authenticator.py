"""Callers that have an access token of an OIDC issuer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from files_api.adapters.oidc.claims import (
    UnusableClaimError,
    check_access_token,
    check_times,
    loggable,
    root_of,
    scopes_of,
    subject_of,
)
from files_api.adapters.oidc.discovery import check_issuer
from files_api.adapters.oidc.documents import HttpDocuments
from files_api.adapters.oidc.issuer_keys import IssuerKeys
from files_api.adapters.oidc.tokens import TokenVerifier
from files_api.domain.access import Caller
from files_api.domain.errors import InvalidCredential
from files_api.domain.paths import Directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from files_api.adapters.oidc.documents import Documents
    from files_api.domain.plans import Plan


class OidcAuthenticator:
    """An `Authenticator` for access tokens that are JWTs (RFC 9068), of Cognito or any other OIDC issuer.

    Args:
        issuer: The issuer's URL, exactly as its tokens have it in `iss`.
        audiences: What its tokens for this service have in `aud`, exactly: one of these.
        plan: The plan of everybody who comes with a token.
        root_claim: The claim that names the caller's root; None where all callers share the whole bucket.
        documents: Where the issuer's documents are fetched from; None for HTTP.
        clock: Tells seconds that never go back.
        wall_clock: Tells the time in seconds since 1970.

    Raises:
        ValueError: The issuer is no URL that an issuer can have.
    """

    def __init__(  # noqa: PLR0913  # the last three are for tests
        self,
        *,
        issuer: str,
        audiences: Sequence[str],
        plan: Plan,
        root_claim: str | None = None,
        documents: Documents | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        keys = IssuerKeys(check_issuer(issuer), documents or HttpDocuments(), clock)
        self._tokens = TokenVerifier(issuer, audiences, keys)
        self._plan = plan
        self._root_claim = root_claim
        self._wall_clock = wall_clock

    def authenticate(self, credential: str) -> Caller:
        """See Authenticator.authenticate. The subject is `oidc:` and the token's `sub`.

        Raises:
            InvalidCredential: This is no access token of the issuer that is good here now.
            AccessUnavailable: The issuer's keys were never had, and cannot be fetched now.
        """
        claims = self._tokens.verify(credential)
        key_id = loggable(str(claims["sub"]))
        try:
            return self._caller(claims, key_id)
        except UnusableClaimError as error:
            raise InvalidCredential(error.reason, key_id=key_id) from None

    def _caller(self, claims: Mapping[str, Any], key_id: str) -> Caller:
        check_times(claims, self._wall_clock())
        check_access_token(claims)
        return Caller(
            subject=f"oidc:{subject_of(claims)}",
            plan=self._plan,
            scopes=scopes_of(claims),
            root=Directory("") if self._root_claim is None else root_of(claims, self._root_claim),
            key_id=key_id,
        )
