"""What the claims of a proven token mean here."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from files_api.domain.access import Scope
from files_api.domain.errors import InvalidFilePath
from files_api.domain.paths import check_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from files_api.domain.paths import Directory

#: How far the issuer's clock may be from ours, in seconds.
LEEWAY_SECONDS = 2.0
#: The longest `sub` (OpenID Connect Core 1.0 section 2).
MAX_SUBJECT_CHARACTERS = 255
_MAX_KEY_ID_CHARACTERS = 128
_NOT_VISIBLE = re.compile(r"[^\x21-\x7e]")
# Claims that only ID tokens have (OpenID Connect Core 1.0 sections 2 and 3.3.2.11; Financial-grade API for s_hash).
_OF_ID_TOKENS = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
# But for Cognito, whose access tokens may have this one
# (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).
_OF_COGNITO = frozenset({"nonce"})
_SCOPE_CLAIMS = ("scope", "scp")


class UnusableClaimError(Exception):
    """A proven token that is not good here; `reason` is for the log, in words of this service."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def subject_of(claims: Mapping[str, Any]) -> str:
    """Tell who the token is about.

    Raises:
        UnusableClaimError: `sub` is empty, too long, or has characters that cannot be seen.
    """
    subject = claims.get("sub")
    if (
        not isinstance(subject, str)
        or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS
        or not subject.isprintable()
    ):
        raise UnusableClaimError("bad_subject")
    return subject


def loggable(subject: str) -> str:
    """Make what logs call a caller: visible ASCII, and not too much of it."""
    return _NOT_VISIBLE.sub("?", f"oidc:{subject}")[:_MAX_KEY_ID_CHARACTERS]


def check_times(claims: Mapping[str, Any], now: float) -> None:
    """See that the token is valid now (RFC 7519 sections 4.1.4 to 4.1.6).

    Args:
        claims: Its claims.
        now: The time in seconds since 1970.

    Raises:
        UnusableClaimError: It has expired, is not valid yet, was issued in the future, or its times are no numbers.
    """
    if _moment(claims["exp"]) <= now - LEEWAY_SECONDS:
        raise UnusableClaimError("expired")
    if "nbf" in claims and _moment(claims["nbf"]) > now + LEEWAY_SECONDS:
        raise UnusableClaimError("not_yet_valid")
    if "iat" in claims and _moment(claims["iat"]) > now + LEEWAY_SECONDS:
        raise UnusableClaimError("issued_in_the_future")


def check_access_token(claims: Mapping[str, Any]) -> None:
    """See that this is an access token, and no ID token, which says who somebody is and not what they may do.

    Cognito's have `token_use`; those of others are told by claims that only ID tokens have, and by the scope that ID
    tokens do not have (RFC 8725 section 3.12: rules that shut out each other's kind).

    Raises:
        UnusableClaimError: It is something else.
    """
    telling = _OF_ID_TOKENS - _OF_COGNITO if "token_use" in claims else _OF_ID_TOKENS
    if (
        claims.get("token_use", "access") != "access"
        or not telling.isdisjoint(claims)
        or not any(name in claims for name in _SCOPE_CLAIMS)
    ):
        raise UnusableClaimError("not_an_access_token")


def scopes_of(claims: Mapping[str, Any]) -> frozenset[Scope]:
    """Read the scopes out of `scope` (RFC 9068 section 2.2.3) and `scp`; those that are not ours are passed over.

    What stands before the last slash of a scope does not count: an issuer may put an identifier of the API there, as
    Cognito does for each scope of a resource server (`files-api/files:read`,
    `https://files.example.com/files:read`). That the token is for this API at all is what `aud` says.

    Raises:
        UnusableClaimError: A claim is neither a text nor a list of texts.
    """
    names = [name for claim in _SCOPE_CLAIMS if claim in claims for name in _scope_names(claims[claim])]
    known = {str(scope): scope for scope in Scope}
    return frozenset(known[bare] for name in names if (bare := name.rpartition("/")[2]) in known)


def root_of(claims: Mapping[str, Any], claim: str) -> Directory:
    """Read the caller's root out of a claim.

    Raises:
        UnusableClaimError: It is missing, empty or no legal path: nobody gets the whole bucket for want of a claim.
    """
    path = claims.get(claim)
    if not isinstance(path, str) or not path:
        raise UnusableClaimError("missing_root")
    try:
        return check_directory(path)
    except InvalidFilePath:
        raise UnusableClaimError("bad_root") from None


def _scope_names(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split(" ")
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return value
    raise UnusableClaimError("bad_scope")


def _moment(value: object) -> float:
    # A NumericDate (RFC 7519 section 2): a number, which for Python a truth is, too.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableClaimError("bad_time")
    if isinstance(value, float) and not math.isfinite(value):
        raise UnusableClaimError("bad_time")
    return value
