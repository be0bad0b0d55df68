"""An issuer's public keys, and for which algorithms each may be used (RFC 7517, RFC 7518)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm

from files_api.adapters.oidc.documents import IssuerTroubleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jwt.algorithms import AllowedPublicKeys

# The algorithms that are believed, by what a key is made of. All are asymmetric: whoever can check a token must not be
# able to make one (RFC 8725 sections 2.1 and 3.2).
_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_BY_CURVE = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}
#: All of them.
ALGORITHMS = _RSA.union(*_BY_CURVE.values())


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key, its name, and the algorithms that it may be used with."""

    kid: str | None
    algorithms: frozenset[str]
    public_key: AllowedPublicKeys


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys of an issuer that can be used."""

    keys: tuple[VerificationKey, ...]

    def named(self, kid: str | None) -> tuple[VerificationKey, ...]:
        """Find the keys of that name; more than one only where the issuer makes a mess of it.

        Without a name, the only key there is: of several, nobody should have to guess.
        """
        if kid is None:
            return self.keys if len(self.keys) == 1 else ()
        return tuple(key for key in self.keys if key.kid == kid)


def read_key_set(document: object) -> KeySet:
    """Read a JWK Set (RFC 7517 section 5). Keys that are of no use here are passed over.

    Raises:
        IssuerTroubleError: This is no JWK Set, or none of its keys can be used. An issuer always has one, so that an
            empty set is a fault like any other.
    """
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise IssuerTroubleError("the issuer's keys are no JWK Set")
    keys = tuple(_usable(document["keys"]))
    if not keys:
        raise IssuerTroubleError("the issuer publishes no key that can be used")
    return KeySet(keys)


def _usable(jwks: Iterable[object]) -> Iterable[VerificationKey]:
    for jwk in jwks:
        key = _read(jwk) if isinstance(jwk, dict) else None
        if key is not None:
            yield key


def _read(jwk: dict[str, Any]) -> VerificationKey | None:
    kid = jwk.get("kid")
    algorithms = _algorithms_of(jwk)
    if not algorithms or not _is_for_signatures(jwk) or not isinstance(kid, str | None):
        return None
    if "d" in jwk:
        # A private key: since it is published, anybody can sign with it.
        return None
    try:
        key = jwt.PyJWK(jwk, algorithm=min(algorithms))
    except (jwt.PyJWTError, UnsupportedAlgorithm):
        return None
    # RFC 7518 section 3.3: no RSA key of less than 2048 bits.
    if key.Algorithm.check_key_length(key.key) is not None:
        return None
    return VerificationKey(kid, algorithms, key.key)


def _is_for_signatures(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _algorithms_of(jwk: dict[str, Any]) -> frozenset[str]:
    kind, curve, algorithm = jwk.get("kty"), jwk.get("crv"), jwk.get("alg")
    possible = _RSA if kind == "RSA" else frozenset[str]()
    if isinstance(kind, str) and isinstance(curve, str):
        possible = possible or _BY_CURVE.get((kind, curve), possible)
    if algorithm is None:
        return possible
    return possible & {algorithm} if isinstance(algorithm, str) else frozenset()
