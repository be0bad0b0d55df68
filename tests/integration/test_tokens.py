"""Callers with a token of an issuer, over real sockets; what tokens are refused is told in tests/unit/adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import Client
from tests.integration.keys import Desk, with_key
from tests.integration.oidc_issuer import JWKS, OidcIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.stack import Bucket, Service, Stack


@pytest.fixture(scope="module")
def issuer() -> Iterator[OidcIssuer]:
    running = OidcIssuer()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def settings(issuer: OidcIssuer) -> dict[str, str]:
    return {
        "FILES_API_ACCESS": "keys,oidc",
        "FILES_API_OIDC_ISSUER": issuer.url,
        "FILES_API_OIDC_AUDIENCE": issuer.audience,
        "FILES_API_OIDC_ROOT_CLAIM": "files_root",
    }


@pytest.fixture(scope="module")
def trusting(stack: Stack, settings: dict[str, str]) -> Service:
    return stack.service(**settings)


def with_token(service: Service, token: str) -> Client:
    return Client(service.address, "", {"Authorization": f"Bearer {token}"})


def token(issuer: OidcIssuer, root: str, scope: str = "files:read files:write", **claims: Any) -> str:
    text: str = issuer.mint(scope=scope, files_root=root, **claims)
    return text


def test_a_token_lets_its_bearer_in_below_its_root(
    trusting: Service, issuer: OidcIssuer, bucket: Bucket, prefix: str
) -> None:
    answer = with_token(trusting, token(issuer, prefix)).put("a/b", b"hello")

    assert (answer.status, answer.json()["file_path"], bucket.body("a/b")) == (201, "a/b", b"hello")


def test_a_token_is_good_for_its_scopes(trusting: Service, issuer: OidcIssuer, prefix: str) -> None:
    client = with_token(trusting, token(issuer, prefix, "files-api/files:read openid"))

    assert [client.list().status, client.put("a", b"x").code] == [200, "scope_missing"]


def test_a_token_without_a_root_opens_nothing(trusting: Service, issuer: OidcIssuer) -> None:
    assert with_token(trusting, issuer.mint(scope="files:read")).list().code == "credential_invalid"


@pytest.mark.parametrize(
    "claims", [{"aud": "others"}, {"iss": "https://others.example"}, {"token_use": "id"}, {"exp": 1}]
)
def test_a_token_that_is_not_for_us_opens_nothing(
    trusting: Service, issuer: OidcIssuer, prefix: str, claims: dict[str, Any]
) -> None:
    answer = with_token(trusting, token(issuer, prefix, **claims)).list()

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (
        401,
        'Bearer realm="files-api", error="invalid_token"',
    )


def test_a_token_of_100_kb_is_refused(trusting: Service) -> None:
    assert with_token(trusting, "a" * 100_000).list().status in {401, 431}


def test_made_up_key_names_make_no_storm(trusting: Service, issuer: OidcIssuer, prefix: str) -> None:
    with_token(trusting, token(issuer, prefix)).list()
    before = issuer.count(JWKS)
    statuses = {
        with_token(trusting, issuer.mint(headers={"kid": f"made-up-{number}"})).list().status
        for number in range(50)
    }

    assert (statuses, issuer.count(JWKS) - before <= 1) == ({401}, True)


def test_keys_are_taken_beside_tokens(trusting: Service, stack: Stack, prefix: str) -> None:
    assert with_key(trusting, Desk(stack.storage).make(root=prefix)).list().status == 200


def test_the_limits_of_a_bearer_are_those_of_the_default_plan(
    trusting: Service, issuer: OidcIssuer, prefix: str
) -> None:
    answer = with_token(trusting, token(issuer, prefix, sub=prefix)).list()

    assert answer.headers["RateLimit-Policy"] == '"reads";q=6000;w=60'


@pytest.mark.thorough
def test_while_the_issuer_is_away_nobody_new_is_let_in_and_nobody_is_called_wrong(
    stack: Stack, settings: dict[str, str], prefix: str
) -> None:
    away = OidcIssuer()
    minted = token(away, prefix)
    away.refuse_connections()
    try:
        service = stack.service(**{**settings, "FILES_API_OIDC_ISSUER": away.url})
        answer = with_token(service, minted).list()
    finally:
        away.stop()

    assert (answer.status, answer.code, "Retry-After" in answer.headers) == (503, "access_unavailable", True)


def test_a_token_is_the_subject_of_the_log(trusting: Service, issuer: OidcIssuer, prefix: str) -> None:
    client = with_token(trusting, token(issuer, prefix, sub="somebody"))
    client.always["X-Request-Id"] = prefix
    client.list()

    assert trusting.log.of_request(prefix)["key_id"] == "oidc:somebody"
