"""What an issuer publishes (`adapters.oidc.discovery`, `adapters.oidc.key_sets`): what of it is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.oidc_issuer import ABSENT, SigningKey

from files_api.adapters.oidc.discovery import discovery_url, jwks_uri_of
from files_api.adapters.oidc.documents import IssuerTroubleError
from files_api.adapters.oidc.key_sets import read_key_set

ISSUER = "https://issuer.test/pool"
GOOD = SigningKey("ES256", kid="good")
RSA = SigningKey("RS256", kid="rsa")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def names(*jwks: object) -> list[str | None]:
    return [key.kid for key in read_key_set({"keys": list(jwks)}).keys]


def changed(jwk: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {name: value for name, value in {**jwk, **changes}.items() if value is not ABSENT}


@pytest.mark.parametrize(
    "jwk",
    [
        changed(RSA.jwk, use=ABSENT),
        changed(RSA.jwk, alg=ABSENT),
        changed(RSA.jwk, key_ops=["verify"]),
        changed(RSA.jwk, x5c=["?"], x5t="?"),
        SigningKey("EdDSA", kid="rsa").jwk,
    ],
)
def test_a_public_key_for_signatures_is_used(jwk: dict[str, Any]) -> None:
    assert names(jwk) == ["rsa"]


@pytest.mark.parametrize(
    "jwk",
    [
        changed(RSA.jwk, use="enc"),
        changed(RSA.jwk, use=None),
        changed(RSA.jwk, key_ops=["encrypt"]),
        changed(RSA.jwk, key_ops="verify"),
        changed(RSA.jwk, kty="oct", k="c2VjcmV0"),
        changed(RSA.jwk, kty="EC"),
        changed(RSA.jwk, kty="AKP"),
        changed(RSA.jwk, kty=ABSENT),
        changed(RSA.jwk, kty=["RSA"]),
        changed(RSA.jwk, alg="HS256"),
        changed(RSA.jwk, alg="none"),
        changed(RSA.jwk, alg="ES256"),
        changed(RSA.jwk, alg=["RS256"]),
        changed(RSA.jwk, kid=7),
        changed(RSA.jwk, n=ABSENT),
        changed(RSA.jwk, n="!"),
        changed(RSA.jwk, n=7),
        changed(RSA.jwk, e=""),
        changed(GOOD.jwk, crv="P-384"),
        changed(GOOD.jwk, crv="secp256k1"),
        changed(GOOD.jwk, crv=[]),
        changed(GOOD.jwk, x="AAAA"),
        changed(GOOD.jwk, x=GOOD.jwk["y"], y=GOOD.jwk["x"]),
        changed(SigningKey("EdDSA").jwk, crv="X25519"),
        SigningKey("RS256", bits=1024).jwk,
        RSA.private_jwk,
        GOOD.private_jwk,
        {},
        None,
        7,
        "key",
        [],
    ],
)
def test_any_other_key_is_passed_over(jwk: object) -> None:
    assert names(jwk, GOOD.jwk) == ["good"]


@pytest.mark.parametrize(
    "document", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": []}, {"keys": [{"kty": "oct"}]}, "keys"]
)
def test_a_set_without_a_key_is_trouble(document: object) -> None:
    with pytest.raises(IssuerTroubleError):
        read_key_set(document)


@given(
    st.sampled_from([GOOD.jwk, RSA.jwk]),
    st.dictionaries(st.sampled_from(sorted({*GOOD.jwk, *RSA.jwk, "d"})), JSON),
)
@settings(deadline=None)
def test_any_key_is_used_or_passed_over(jwk: dict[str, Any], changes: dict[str, object]) -> None:
    assert "other" in names({**jwk, **changes}, SigningKey("EdDSA", kid="other").jwk)


@pytest.mark.parametrize("issuer", ["https://issuer.test/pool", "https://issuer.test/pool/"])
def test_the_document_is_where_openid_connect_discovery_says(issuer: str) -> None:
    assert discovery_url(issuer) == "https://issuer.test/pool/.well-known/openid-configuration"


def test_the_keys_may_be_on_another_host() -> None:
    uri = "https://keys.test/jwks.json"

    assert jwks_uri_of({"issuer": ISSUER, "jwks_uri": uri}, ISSUER) == uri


def test_the_keys_of_an_issuer_without_tls_may_come_without_tls() -> None:
    document = {"issuer": "http://127.0.0.1:1", "jwks_uri": "http://127.0.0.1:1/jwks.json"}

    assert jwks_uri_of(document, "http://127.0.0.1:1") == "http://127.0.0.1:1/jwks.json"


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "jwks_uri": None},
        {"issuer": ISSUER, "jwks_uri": ["https://issuer.test/jwks.json"]},
        {"issuer": ISSUER, "jwks_uri": "http://issuer.test/jwks.json"},
        {"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"},
        {"issuer": ISSUER, "jwks_uri": "//issuer.test/jwks.json"},
        {"issuer": ISSUER, "jwks_uri": "https:///jwks.json"},
        {"issuer": ISSUER, "jwks_uri": "https://["},
        {"issuer": ISSUER + "/", "jwks_uri": "https://issuer.test/jwks.json"},
        {"issuer": "https://attacker.test", "jwks_uri": "https://issuer.test/jwks.json"},
        {"jwks_uri": "https://issuer.test/jwks.json"},
    ],
)
def test_a_document_that_cannot_be_trusted_is_trouble(document: object) -> None:
    with pytest.raises(IssuerTroubleError):
        jwks_uri_of(document, ISSUER)
