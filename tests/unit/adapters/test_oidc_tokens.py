"""Access tokens at the door (`adapters.oidc`): who is let in, as whom, and every forgery that is not."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.oidc_issuer import ABSENT, SigningKey, TokenIssuer, base64url, encode

from files_api.adapters.oidc import OidcAuthenticator
from files_api.domain.access import Caller, Scope
from files_api.domain.errors import InvalidCredential
from files_api.domain.paths import Directory
from files_api.domain.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_795_000_000
PLAN = Plan(name="standard")
ISSUER = TokenIssuer("https://issuer.test/pool", algorithm="ES256", now=lambda: NOW)
RSA_ISSUER = TokenIssuer("https://rsa.test", algorithm="RS256", now=lambda: NOW)
FORGER = SigningKey("ES256", kid=ISSUER.key.kid)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


class Shelf:
    """Documents without a network, which remember what was asked for."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self.issuer = issuer
        self.fetched: list[str] = []

    def fetch(self, url: str, seconds: float) -> object:
        self.fetched.append(url)
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        assert self.issuer.url.startswith(f"{scheme}://{host}"), f"{url} is not the issuer's"
        return self.issuer.document(f"/{path}")


def door(issuer: TokenIssuer = ISSUER, **more: Any) -> OidcAuthenticator:
    settings = {
        "issuer": issuer.url,
        "audiences": [issuer.audience],
        "plan": PLAN,
        "documents": Shelf(issuer),
        **more,
    }
    return OidcAuthenticator(**settings, clock=lambda: 0.0, wall_clock=lambda: NOW)


DOOR = door()


def signed(**claims: object) -> str:
    """A token of the issuer with these claims, whatever they are called."""
    return ISSUER.key.token(ISSUER.claims(**claims))


def lets_in(token: str, authenticator: OidcAuthenticator = DOOR) -> bool:
    return authenticator.authenticate(token).subject == "oidc:client-1"


def refusal(token: str, authenticator: OidcAuthenticator = DOOR) -> str:
    """Why a token is refused."""
    with pytest.raises(InvalidCredential) as refused:
        authenticator.authenticate(token)
    return refused.value.reason


# Who is let in -------------------------------------------------------------------------------------------------------


def test_the_caller_is_who_the_token_is_about() -> None:
    caller = DOOR.authenticate(ISSUER.mint(sub="client-1", scope="files:read"))

    assert caller == Caller(
        subject="oidc:client-1",
        plan=PLAN,
        scopes=frozenset({Scope.READ}),
        root=Directory(""),
        key_id="oidc:client-1",
    )


@pytest.mark.parametrize(
    "algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
def test_each_asymmetric_algorithm_is_good(algorithm: str) -> None:
    issuer = TokenIssuer("https://issuer.test", algorithm=algorithm, now=lambda: NOW)

    assert door(issuer).authenticate(issuer.mint()).subject == "oidc:client-1"


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_a_type_of_access_tokens_is_good(kind: str) -> None:
    assert lets_in(ISSUER.mint(headers={"typ": kind}))


def test_an_access_token_as_cognito_makes_them_is_good() -> None:
    caller = DOOR.authenticate(
        ISSUER.mint(
            token_use="access",
            version=2,
            client_id="1example23456789",
            auth_time=NOW,
            jti="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
            scope="files-api/files:read",
        )
    )

    assert caller.scopes == {Scope.READ}


def test_an_audience_among_others_is_good() -> None:
    assert lets_in(ISSUER.mint(aud=["another-api", "files-api"]))


def test_an_issuer_that_ends_with_a_slash_is_taken_as_it_is() -> None:
    issuer = TokenIssuer("https://issuer.test/", algorithm="ES256", now=lambda: NOW)
    shelf = Shelf(issuer)

    assert lets_in(issuer.mint(), door(issuer, documents=shelf))
    assert shelf.fetched[0] == "https://issuer.test/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "claims", [{"exp": NOW - 1}, {"nbf": NOW + 2}, {"iat": NOW + 2}, {"exp": NOW + 0.5}, {"iat": ABSENT}]
)
def test_a_clock_that_is_two_seconds_off_does_no_harm(claims: dict[str, Any]) -> None:
    assert lets_in(ISSUER.mint(**claims))


@pytest.mark.parametrize(
    "issuer",
    ["", "issuer.test", "ftp://issuer.test", "https://", "https://a/?b", "https://a/#b", "https://["],
)
def test_what_is_no_issuer_is_refused_at_the_start(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        OidcAuthenticator(issuer=issuer, audiences=["files-api"], plan=PLAN)


# Scopes --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "files:read files:write"}, {Scope.READ, Scope.WRITE}),
        ({"scope": ABSENT, "scp": "files:delete"}, {Scope.DELETE}),
        ({"scope": ABSENT, "scp": ["files:read", "files:generate"]}, {Scope.READ, Scope.GENERATE}),
        ({"scope": "files:read", "scp": ["files:write"]}, {Scope.READ, Scope.WRITE}),
        ({"scope": "files-api/files:read"}, {Scope.READ}),
        ({"scope": "https://files.example.com/files:write"}, {Scope.WRITE}),
        ({"scope": "openid profile files:read"}, {Scope.READ}),
        ({"scope": "files:readers xfiles:read FILES:READ files:read/ files:*"}, set()),
        ({"scope": "files:read\tfiles:write"}, set()),
        ({"scope": ""}, set()),
        ({"scope": ABSENT, "scp": []}, set()),
    ],
)
def test_scopes_are_those_of_ours_that_the_token_names(claims: dict[str, Any], scopes: set[Scope]) -> None:
    assert DOOR.authenticate(ISSUER.mint(**claims)).scopes == scopes


@pytest.mark.parametrize(
    "claims", [{"scope": None}, {"scope": 1}, {"scope": ["files:read", 1]}, {"scp": {"files:read": True}}]
)
def test_scopes_that_are_no_texts_are_refused(claims: dict[str, Any]) -> None:
    assert refusal(ISSUER.mint(**claims)) == "bad_scope"


# The root ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", ["tenants/a", "tenants/a/"])
def test_the_root_is_what_the_claim_says(claim: str) -> None:
    caller = door(root_claim="custom:root").authenticate(signed(**{"custom:root": claim}))

    assert caller.root == "tenants/a/"


@pytest.mark.parametrize("value", [ABSENT, None, "", 7, True, ["a"], {}])
def test_nobody_gets_the_whole_bucket_for_want_of_a_root(value: object) -> None:
    assert refusal(ISSUER.mint(root=value), door(root_claim="root")) == "missing_root"


@pytest.mark.parametrize(
    "value", ["/", "..", "a/../b", "/a", "a//b", "a//", "a\\b", "a\x00", "\ud800", "a" * 1025]
)
def test_a_root_that_is_no_directory_is_refused(value: str) -> None:
    assert refusal(ISSUER.mint(root=value), door(root_claim="root")) == "bad_root"


def test_without_a_root_claim_in_the_settings_none_is_read() -> None:
    assert DOOR.authenticate(ISSUER.mint(root="tenants/a")).root == ""


# What logs see -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "key_id"),
    [("a b", "oidc:a?b"), ("Zoë", "oidc:Zo?"), ("a" * 200, "oidc:" + "a" * 123), ("auth0|1", "oidc:auth0|1")],
)
def test_the_key_id_is_visible_ascii_and_short(subject: str, key_id: str) -> None:
    caller = DOOR.authenticate(ISSUER.mint(sub=subject))

    assert (caller.subject, caller.key_id) == (f"oidc:{subject}", key_id)


def test_whose_token_has_expired_is_told_to_the_log() -> None:
    with pytest.raises(InvalidCredential) as refused:
        DOOR.authenticate(ISSUER.mint(exp=NOW - 100))

    assert (refused.value.reason, refused.value.key_id) == ("expired", "oidc:client-1")


def test_whose_token_a_forgery_says_it_is_is_told_to_nobody() -> None:
    with pytest.raises(InvalidCredential) as refused:
        DOOR.authenticate(ISSUER.mint(key=FORGER, exp=NOW - 100))

    assert (refused.value.reason, refused.value.key_id) == ("wrong_signature", None)


@pytest.mark.parametrize("claims", [{}, {"exp": 0}, {"aud": "x"}, {"sub": "\n"}, {"scope": 1}, {"nbf": "x"}])
def test_a_refusal_holds_nothing_of_the_token(claims: dict[str, Any]) -> None:
    token = ISSUER.mint(jti="canary", **claims)
    token = token if claims else token[:-3]

    with pytest.raises(InvalidCredential) as refused:
        DOOR.authenticate(token)

    told = f"{refused.value!r} {refused.value.reason} {refused.value.__cause__!r}"
    assert not any(part in told for part in ["canary", *token.split(".")])


# Forged signatures ---------------------------------------------------------------------------------------------------


def forged(headers: dict[str, object], sign: Callable[[bytes], bytes], issuer: TokenIssuer = ISSUER) -> str:
    return encode({"kid": issuer.key.kid, **headers}, issuer.claims(), sign)


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, ["none"], {}, 0, False])
@pytest.mark.parametrize("signature", [b"", b"x"], ids=["unsigned", "signed_somehow"])
def test_no_algorithm_is_refused(algorithm: object, signature: bytes) -> None:
    assert refusal(forged({"alg": algorithm}, lambda _: signature)) in {"malformed", "wrong_algorithm"}


def test_a_token_that_names_no_algorithm_is_refused() -> None:
    assert refusal(forged({}, lambda _: b"x")) == "wrong_algorithm"


@pytest.mark.parametrize(
    "secret",
    [RSA_ISSUER.key.public_pem, json.dumps(RSA_ISSUER.key.jwk).encode(), b""],
    ids=["pem", "jwk", "empty"],
)
def test_the_public_key_as_a_secret_is_refused(secret: bytes) -> None:
    token = forged({"alg": "HS256"}, hmac_with(secret), RSA_ISSUER)

    assert refusal(token, door(RSA_ISSUER)) == "wrong_algorithm"


def test_a_symmetric_key_is_not_believed_though_the_issuer_publishes_it() -> None:
    issuer = TokenIssuer("https://issuer.test", algorithm="ES256", now=lambda: NOW)
    issuer.published.append({"kty": "oct", "kid": "secret", "alg": "HS256", "k": base64url(b"s" * 32)})

    assert refusal(forged({"alg": "HS256", "kid": "secret"}, hmac_with(b"s" * 32), issuer), door(issuer)) == (
        "wrong_algorithm"
    )


def test_a_key_is_not_used_with_an_algorithm_that_the_issuer_did_not_publish_it_for() -> None:
    token = forged({"alg": "RS512"}, lambda data: RSA_ISSUER.key.sign(data, "RS512"), RSA_ISSUER)

    assert refusal(token, door(RSA_ISSUER)) == "wrong_algorithm"


def test_a_key_that_is_published_for_no_algorithm_is_good_for_all_of_its_kind() -> None:
    issuer = TokenIssuer("https://issuer.test", algorithm="RS256", now=lambda: NOW)
    del issuer.published[0]["alg"]
    token = forged({"alg": "PS384"}, lambda data: issuer.key.sign(data, "PS384"), issuer)

    assert lets_in(token, door(issuer))


def test_an_rsa_signature_for_an_elliptic_key_is_refused() -> None:
    assert refusal(forged({"alg": "RS256"}, RSA_ISSUER.key.sign)) == "wrong_algorithm"


def test_an_elliptic_signature_for_an_rsa_key_is_refused() -> None:
    assert refusal(forged({"alg": "ES256"}, FORGER.sign, RSA_ISSUER), door(RSA_ISSUER)) == "wrong_algorithm"


@pytest.mark.parametrize("algorithm", ["ES256K", "ES521", "RS1", "HS512", "Ed25519", "es256", "dir"])
def test_an_algorithm_that_is_not_on_the_list_is_refused(algorithm: str) -> None:
    assert refusal(forged({"alg": algorithm}, FORGER.sign)) == "wrong_algorithm"


def test_the_signature_of_another_key_with_our_name_is_refused() -> None:
    assert refusal(ISSUER.mint(key=FORGER)) == "wrong_signature"


@pytest.mark.parametrize(
    "headers",
    [
        {"jku": "https://attacker.test/jwks.json"},
        {"x5u": "https://attacker.test/certificate.pem"},
        {"jwk": FORGER.jwk},
        {"x5c": ["MIIB"]},
    ],
    ids=lambda headers: next(iter(headers)),
)
@pytest.mark.parametrize("kid", [FORGER.kid, "attacker"], ids=["our_kid", "their_kid"])
def test_a_key_that_the_token_brings_along_is_not_believed(headers: dict[str, object], kid: str) -> None:
    shelf = Shelf(ISSUER)

    reason = refusal(ISSUER.mint(key=FORGER, headers={**headers, "kid": kid}), door(documents=shelf))

    assert reason in {"wrong_signature", "unknown_key"}
    assert not any("attacker" in url for url in shelf.fetched)


def test_a_changed_payload_is_refused() -> None:
    header, _, signature = ISSUER.mint().split(".")
    payload = base64url(json.dumps(ISSUER.claims(scope="files:delete")).encode())

    assert refusal(f"{header}.{payload}.{signature}") == "wrong_signature"


def test_a_changed_header_is_refused() -> None:
    _, payload, signature = ISSUER.mint().split(".")
    header = base64url(json.dumps({"alg": "ES256", "kid": ISSUER.key.kid, "typ": "JWT"}).encode())

    assert refusal(f"{header}.{payload}.{signature}") == "wrong_signature"


@pytest.mark.parametrize("issuer", [ISSUER, RSA_ISSUER], ids=["elliptic", "rsa"])
def test_a_truncated_or_changed_signature_is_refused(issuer: TokenIssuer) -> None:
    head, _, signature = issuer.mint().rpartition(".")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    authenticator = door(issuer)

    reasons = {
        refusal(f"{head}.{changed}", authenticator)
        for changed in (signature[:-4], signature * 2, flipped, "AAAA")
    }

    assert reasons <= {"wrong_signature", "malformed"}


def test_a_token_without_a_key_name_is_checked_with_the_only_key() -> None:
    assert lets_in(ISSUER.mint(headers={"kid": ABSENT}))
    assert refusal(ISSUER.mint(key=FORGER, headers={"kid": ABSENT})) == "wrong_signature"


def test_a_token_without_a_key_name_is_refused_where_there_are_several_keys() -> None:
    issuer = TokenIssuer("https://issuer.test", algorithm="ES256", now=lambda: NOW)
    issuer.rotate(keep_old=True)

    assert refusal(issuer.mint(headers={"kid": ABSENT}), door(issuer)) == "unknown_key"


def test_two_keys_of_one_name_are_used_by_their_algorithms_and_not_guessed_between() -> None:
    issuer = TokenIssuer("https://issuer.test", algorithm="ES256", now=lambda: NOW)
    issuer.published.append(SigningKey("EdDSA", kid=issuer.key.kid).jwk)
    assert lets_in(issuer.mint(), door(issuer))

    issuer.published.append(SigningKey("ES256", kid=issuer.key.kid).jwk)

    assert refusal(issuer.mint(), door(issuer)) == "wrong_algorithm"


@pytest.mark.parametrize("kid", [None, 7, ["key"], {}, True])
def test_a_key_name_that_is_no_text_is_refused(kid: object) -> None:
    assert refusal(ISSUER.mint(headers={"kid": kid})) == "malformed"


# Claims that do not fit ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", ["exp", "iss", "aud", "sub"])
@pytest.mark.parametrize("value", [ABSENT, None], ids=["absent", "null"])
def test_each_required_claim_is_required(claim: str, value: object) -> None:
    assert refusal(signed(**{claim: value})) == f"missing_{claim}"


@pytest.mark.parametrize(
    "audience",
    [
        "another-api",
        "files-api2",
        "files-ap",
        "FILES-API",
        " files-api",
        ["another-api"],
        ["files-api", 7],
        {},
        7,
    ],
)
def test_another_audience_is_refused(audience: object) -> None:
    assert refusal(ISSUER.mint(aud=audience)) in {"other_audience", "missing_aud"}


@pytest.mark.parametrize(
    "issuer",
    [
        "https://issuer.test/pool/",
        "https://issuer.test/poo",
        "https://issuer.test/pool2",
        "http://issuer.test/pool",
        "HTTPS://issuer.test/pool",
        "https://attacker.test",
        "",
        ["https://issuer.test/pool"],
    ],
)
def test_another_issuer_is_refused(issuer: object) -> None:
    assert refusal(ISSUER.mint(iss=issuer)) == "other_issuer"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": NOW - 2}, "expired"),
        ({"exp": -1}, "expired"),
        ({"nbf": NOW + 3}, "not_yet_valid"),
        ({"iat": NOW + 3}, "issued_in_the_future"),
        ({"nbf": 10**400}, "not_yet_valid"),
    ],
)
def test_a_token_out_of_its_time_is_refused(claims: dict[str, Any], reason: str) -> None:
    assert refusal(ISSUER.mint(**claims)) == reason


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["2147483647", True, [], {}, float("inf"), float("-inf"), float("nan")])
def test_a_time_that_is_no_number_is_refused(claim: str, value: object) -> None:
    assert refusal(signed(**{claim: value})) == "bad_time"


@pytest.mark.parametrize(
    "subject", [7, True, ["client-1"], {}, "", "a" * 256, "a\nb", "a\x00", "\ud800", "\u202e"]
)
def test_a_subject_that_nobody_can_have_is_refused(subject: object) -> None:
    assert refusal(ISSUER.mint(sub=subject)) == "bad_subject"


@pytest.mark.parametrize(
    "claims",
    [
        {"token_use": "id"},
        {"token_use": "refresh"},
        {"token_use": None},
        {"nonce": "n-1"},
        {"at_hash": "x"},
        {"c_hash": "x"},
        {"s_hash": "x"},
        {"scope": ABSENT},
    ],
    ids=["for_identity", "for_renewal", "for_nothing", "nonce", "at_hash", "c_hash", "s_hash", "no_scope"],
)
def test_an_id_token_is_refused(claims: dict[str, Any]) -> None:
    assert refusal(ISSUER.mint(**claims)) == "not_an_access_token"


def test_an_access_token_of_cognito_may_have_a_nonce() -> None:
    assert lets_in(ISSUER.mint(token_use="access", nonce="n-1"))


@pytest.mark.parametrize(
    "kind", ["id+jwt", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWE", "", None, 7, ["JWT"]]
)
def test_a_type_of_other_tokens_is_refused(kind: object) -> None:
    assert refusal(ISSUER.mint(headers={"typ": kind})) == "not_an_access_token"


@pytest.mark.parametrize(
    "headers",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
        {"crit": ["b64"], "b64": False},
        {"crit": []},
    ],
)
def test_a_token_with_a_critical_extension_is_refused(headers: dict[str, object]) -> None:
    assert refusal(ISSUER.mint(headers=headers)) in {"unknown_extension", "malformed"}


def test_a_payload_that_is_not_encoded_is_refused() -> None:
    assert refusal(ISSUER.mint(headers={"b64": False})) == "malformed"


# What is no token ----------------------------------------------------------------------------------------------------

NESTED = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"


GARBAGE = [
    "",
    ".",
    "..",
    "a.b",
    "a.b.c.d",
    "a.b.c.d.e",
    "eyJhbGciOiJFUzI1NiJ9..AAAA",
    "e30.e30.e30",
    ISSUER.mint() + "=",
    ISSUER.mint() + "\n",
    " " + ISSUER.mint(),
    ISSUER.mint().replace(".", "!", 1),
    ISSUER.mint().replace(".", "\ud800", 1),
    ISSUER.mint().replace(".", ".\u0661", 1),
    encode(b"\xff\xfe", {}, FORGER.sign),
    encode(b"[]", {}, FORGER.sign),
    encode(b'{"alg":"ES256"', {}, FORGER.sign),
    encode(NESTED, {}, FORGER.sign),
    encode(b'{"alg":"ES256","n":' + b"9" * 5000 + b"}", {}, FORGER.sign),
]


# The names of tests have to be the same each time, and the tokens are not.
@pytest.mark.parametrize("token", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_refused(token: str) -> None:
    assert refusal(token) in {"malformed", "wrong_algorithm"}


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b"7", b'"x"', b"{", b"\xff", b'{"exp":' + b"9" * 5000 + b"}"]
)
def test_a_payload_that_is_no_object_is_refused_though_the_issuer_signed_it(payload: bytes) -> None:
    assert refusal(ISSUER.key.token(payload)) == "malformed"


def test_a_payload_that_is_nested_deeply_is_refused_though_the_issuer_signed_it() -> None:
    # How deep is too deep is Python's own affair: 3.11 reads no 5,000 levels, 3.13 does, and misses the end of it.
    assert refusal(ISSUER.key.token(NESTED)) in {"malformed", "missing_exp"}


def test_a_name_that_comes_twice_counts_as_it_comes_last() -> None:
    # RFC 7519 section 4 allows that; what matters is that the signature and all checks see the same.
    claims = json.dumps(ISSUER.claims()).encode()

    assert refusal(ISSUER.key.token(claims[:-1] + b', "exp": 1}')) == "expired"


def test_a_token_of_100_kb_is_refused_before_it_is_parsed() -> None:
    shelf = Shelf(ISSUER)

    assert refusal(ISSUER.mint(padding="x" * 75_000), door(documents=shelf)) == "too_long"
    assert shelf.fetched == []


def test_a_token_of_almost_16_kib_is_good() -> None:
    token = ISSUER.mint(padding="x" * 12_000)

    assert 16_000 < len(token) < 16_384
    assert lets_in(token)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@settings(deadline=None)
def test_any_text_is_refused_and_nothing_else(text: str) -> None:
    assert refusal(text)


@given(st.binary(), st.binary(), st.binary(min_size=1))
@settings(deadline=None)
def test_anything_in_three_parts_is_refused_and_nothing_else(
    header: bytes, payload: bytes, signature: bytes
) -> None:
    assert refusal(encode(header, payload, lambda _: signature))


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5c", "cty"]), JSON)
)
@settings(deadline=None)
def test_any_header_is_refused_or_changes_nothing(headers: dict[str, object]) -> None:
    try:
        caller = DOOR.authenticate(ISSUER.mint(headers=headers))
    except InvalidCredential:
        return
    assert caller.subject == "oidc:client-1"


@given(
    st.dictionaries(
        st.sampled_from(
            ["exp", "nbf", "iat", "iss", "aud", "sub", "jti", "scope", "scp", "token_use", "root"]
        ),
        JSON,
    )
)
@settings(deadline=None)
def test_whatever_the_issuer_signs_is_refused_or_gives_a_caller(claims: dict[str, Any]) -> None:
    try:
        caller = door(root_claim="root").authenticate(ISSUER.mint(**claims))
    except InvalidCredential:
        return
    assert caller.root == f"{str(claims['root']).removesuffix('/')}/"
