"""Whether a token is the issuer's, and for us (RFC 7519 section 7.2, RFC 8725, RFC 9068 section 4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import jwt
from jwt.exceptions import InvalidSubjectError

from files_api.adapters.oidc.key_sets import ALGORITHMS
from files_api.domain.errors import InvalidCredential

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jwt.types import Options

    from files_api.adapters.oidc.issuer_keys import IssuerKeys
    from files_api.adapters.oidc.key_sets import VerificationKey

#: The longest token that is looked at, in characters, which all are ASCII.
MAX_TOKEN_CHARACTERS = 16 * 1024
#: What every token must say.
REQUIRED_CLAIMS = ("exp", "iss", "aud", "sub")
# A JWS in its compact form (RFC 7515 section 7.1), without the padding that it must not have.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
# RFC 9068 section 4 has the last two; Cognito sends no type at all, others the first one.
_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_OPTIONS: Options = {
    "require": list(REQUIRED_CLAIMS),
    # Times are judged by `claims`, which lets tests turn the clock.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "enforce_minimum_key_length": True,
}
_REASONS: Mapping[type[jwt.PyJWTError], str] = {
    jwt.InvalidSignatureError: "wrong_signature",
    jwt.InvalidAudienceError: "other_audience",
    jwt.InvalidIssuerError: "other_issuer",
    InvalidSubjectError: "bad_subject",
}


class TokenVerifier:
    """Proves tokens.

    Args:
        issuer: What `iss` must be, exactly.
        audiences: `aud` must be one of these or contain one, exactly.
        keys: The issuer's keys.
    """

    def __init__(self, issuer: str, audiences: Sequence[str], keys: IssuerKeys) -> None:
        self._issuer = issuer
        self._audiences = audiences
        self._keys = keys

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims of a token that the issuer has made for us. Its times and its kind are still to be judged.

        Where the key is comes from the settings alone: `jku`, `x5u`, `jwk` and `x5c` in the header are not looked at
        (RFC 8725 section 3.10).

        Raises:
            InvalidCredential: It is no such token.
            AccessUnavailable: The keys cannot be had.
        """
        # Before anything is parsed: what is too much to read is not read.
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise InvalidCredential("too_long")
        if _SHAPE.fullmatch(token) is None:
            raise InvalidCredential("malformed")
        key = self._key_for(_read_header(token))
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key.public_key,
                algorithms=sorted(key.algorithms),
                audience=self._audiences,
                issuer=self._issuer,
                options=_OPTIONS,
            )
        except jwt.PyJWTError as error:
            # The library's words may have been the caller's: they end here.
            raise InvalidCredential(_reason_of(error)) from None
        return claims

    def _key_for(self, header: Mapping[str, Any]) -> VerificationKey:
        named = self._keys.named(header.get("kid"))
        if not named:
            raise InvalidCredential("unknown_key")
        # RFC 8725 section 3.1: a key is used with the algorithms that it is for, not with what the token asks for.
        fitting = [key for key in named if header["alg"] in key.algorithms]
        if len(fitting) != 1:
            raise InvalidCredential("wrong_algorithm")
        return fitting[0]


def _read_header(token: str) -> Mapping[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise InvalidCredential("malformed") from None
    algorithm, kind = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise InvalidCredential("wrong_algorithm")
    # RFC 7515 section 4.1.11: whoever does not know an extension must refuse it, and none is known here.
    if "crit" in header:
        raise InvalidCredential("unknown_extension")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise InvalidCredential("not_an_access_token")
    return header


def _reason_of(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError) and error.claim in REQUIRED_CLAIMS:
        return f"missing_{error.claim}"
    return _REASONS.get(type(error), "malformed")
