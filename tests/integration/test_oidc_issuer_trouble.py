"""Tokens of an issuer over HTTP (`adapters.oidc`): what happens when the issuer is slow, wrong or away."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.certificates import make_certificate
from tests.integration.oidc_issuer import DISCOVERY, JWKS, OidcIssuer, SigningKey, TokenIssuer

from files_api.adapters.oidc import OidcAuthenticator, issuer_keys
from files_api.adapters.oidc.documents import MAX_DOCUMENT_BYTES, HttpDocuments, IssuerTroubleError
from files_api.adapters.oidc.issuer_keys import COOLDOWN_SECONDS, FIRST_COOLDOWN_SECONDS, FRESH_SECONDS
from files_api.domain.errors import AccessUnavailable, InvalidCredential
from files_api.domain.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# How long the impatient ones wait; a test that needs more than the other has waited for too long.
PATIENCE_SECONDS = 0.3
MOST_SECONDS = 2.0


@pytest.fixture(scope="module")
def running() -> Iterator[OidcIssuer]:
    issuer = OidcIssuer()
    yield issuer
    issuer.stop()


@pytest.fixture
def issuer(running: OidcIssuer) -> Iterator[OidcIssuer]:
    running.heal()
    running.published = [running.key.jwk]
    yield running
    running.heal()


class Door:
    """The authenticator, and its clock."""

    def __init__(self, issuer: TokenIssuer) -> None:
        self.time = 0.0
        self.issuer = issuer
        self.authenticator = OidcAuthenticator(
            issuer=issuer.url,
            audiences=[issuer.audience],
            plan=Plan(name="standard"),
            clock=lambda: self.time,
        )

    def lets_in(self, token: str | None = None) -> bool:
        try:
            self.authenticator.authenticate(token or self.issuer.mint())
        except InvalidCredential:
            return False
        return True


@pytest.fixture
def door(issuer: OidcIssuer) -> Door:
    return Door(issuer)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", PATIENCE_SECONDS)


def test_a_good_token_is_let_in_and_the_documents_are_asked_for_once(door: Door, issuer: OidcIssuer) -> None:
    assert all(door.lets_in() for _ in range(20))

    assert issuer.requests == ["/pool" + DISCOVERY, "/pool" + JWKS]


def test_keys_are_rotated_under_a_running_service(door: Door, issuer: OidcIssuer) -> None:
    old = issuer.mint()
    assert door.lets_in(old)

    issuer.rotate()

    assert door.lets_in(issuer.mint())
    assert not door.lets_in(old)
    assert issuer.count(JWKS) == 2


# Without an answer ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("ending", [DISCOVERY, JWKS], ids=["discovery", "keys"])
@pytest.mark.parametrize("kind", ["hang", "dribble_head", "dribble_body"])
def test_an_issuer_that_does_not_come_to_an_end_is_given_up_in_time(
    door: Door, issuer: OidcIssuer, kind: str, ending: str
) -> None:
    issuer.damage(kind, ending)

    begun = time.monotonic()
    with pytest.raises(AccessUnavailable):
        door.lets_in()

    assert time.monotonic() - begun < MOST_SECONDS


def test_an_issuer_that_is_slow_is_given_three_seconds(issuer: OidcIssuer, door: Door) -> None:
    issuer.damage("dribble_body")

    begun = time.monotonic()
    with pytest.raises(AccessUnavailable):
        door.lets_in()

    assert 2.9 < time.monotonic() - begun < 6.0


@pytest.mark.parametrize("ending", [DISCOVERY, JWKS], ids=["discovery", "keys"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "close"},
        {"kind": "answer", "status": 500},
        {"kind": "answer", "status": 404, "body": b"{}"},
        {"kind": "answer", "status": 200},
        {"kind": "answer", "status": 200, "body": b""},
        {"kind": "answer", "status": 200, "body": b"[]"},
        {"kind": "answer", "status": 200, "body": b"{}"},
        {"kind": "answer", "status": 200, "body": b'{"keys":[]}'},
        {"kind": "answer", "status": 200, "body": b"[" * 100_000},
        {"kind": "answer", "status": 200, "body": b"\xff\xfe\x00"},
    ],
    ids=str,
)
def test_rubbish_is_no_answer(door: Door, issuer: OidcIssuer, fault: dict[str, Any], ending: str) -> None:
    issuer.damage(ending=ending, **fault)

    with pytest.raises(AccessUnavailable):
        door.lets_in()


@pytest.mark.parametrize("status", [201, 204, 304, 401, 404, 500, 503])
def test_a_document_is_one_only_with_200(issuer: OidcIssuer, status: int) -> None:
    issuer.damage("answer", status=status, body=b'{"keys": []}')

    with pytest.raises(IssuerTroubleError, match=f"answers {status}"):
        HttpDocuments().fetch(issuer.url + JWKS, 10.0)


def test_a_document_without_end_is_not_read_to_its_end(issuer: OidcIssuer) -> None:
    issuer.damage("answer", status=200, body=b" " * MAX_DOCUMENT_BYTES + b"{}")

    with pytest.raises(IssuerTroubleError, match=f"more than {MAX_DOCUMENT_BYTES} bytes"):
        HttpDocuments().fetch(issuer.url + JWKS, 10.0)


def test_a_document_of_just_a_mebibyte_is_read(issuer: OidcIssuer) -> None:
    issuer.damage("answer", status=200, body=b" " * (MAX_DOCUMENT_BYTES - 2) + b"{}")

    assert HttpDocuments().fetch(issuer.url + JWKS, 10.0) == {}


@pytest.mark.parametrize("ending", [DISCOVERY, JWKS], ids=["discovery", "keys"])
def test_a_redirect_is_not_followed(door: Door, issuer: OidcIssuer, ending: str) -> None:
    issuer.damage("redirect", ending, location="/pool" + ending + "?again")

    with pytest.raises(AccessUnavailable):
        door.lets_in()

    assert issuer.count(ending) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://attacker.test"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://127.0.0.1:1/"},
    ],
    ids=str,
)
def test_a_discovery_document_that_leads_nowhere_opens_nothing(
    door: Door, issuer: OidcIssuer, changes: dict[str, object]
) -> None:
    issuer.discovery_changes = changes

    with pytest.raises(AccessUnavailable):
        door.lets_in()

    assert issuer.count(JWKS) == 0


@pytest.mark.parametrize(
    "url",
    ["", "ftp://127.0.0.1/", "http://", "http://[", "http://127.0.0.1:port/", "http://127.0.0.1:1/ x\r\ny"],
)
def test_what_is_no_url_is_trouble_like_any_other(url: str) -> None:
    with pytest.raises(IssuerTroubleError):
        HttpDocuments().fetch(url, 1.0)


def test_no_time_is_no_answer(issuer: OidcIssuer) -> None:
    with pytest.raises(IssuerTroubleError, match="in time"):
        HttpDocuments().fetch(issuer.url + JWKS, 0.0)


# Away ----------------------------------------------------------------------------------------------------------------


def test_old_keys_are_good_while_nobody_listens(door: Door, issuer: OidcIssuer) -> None:
    assert door.lets_in()
    issuer.refuse_connections()

    door.time = FRESH_SECONDS
    assert door.lets_in()

    issuer.heal()
    issuer.rotate()
    door.time = FRESH_SECONDS + COOLDOWN_SECONDS
    assert door.lets_in()


def test_a_service_that_started_while_nobody_listened_lets_in_as_soon_as_somebody_does(
    door: Door, issuer: OidcIssuer
) -> None:
    issuer.refuse_connections()
    with pytest.raises(AccessUnavailable):
        door.lets_in()

    issuer.heal()
    door.time = FIRST_COOLDOWN_SECONDS

    assert door.lets_in()


def test_old_keys_are_good_while_the_issuer_hangs_and_only_one_request_waits(
    door: Door, issuer: OidcIssuer
) -> None:
    door.lets_in()
    issuer.damage("hang")
    door.time = FRESH_SECONDS
    waiting = threading.Thread(target=door.lets_in)
    waiting.start()
    issuer.wait_for_request(DISCOVERY, times=2)

    assert all(door.lets_in() for _ in range(10))
    assert waiting.is_alive()

    issuer.heal()
    waiting.join()


def test_random_key_names_ask_the_issuer_twice_at_most(door: Door, issuer: OidcIssuer) -> None:
    assert not any(door.lets_in(issuer.mint(headers={"kid": str(number)})) for number in range(200))

    assert issuer.count(JWKS) == 2


def test_the_key_server_that_a_token_names_is_not_asked(door: Door, issuer: OidcIssuer) -> None:
    attacker = OidcIssuer(algorithm="ES256")
    try:
        headers = {"jku": attacker.url + JWKS, "x5u": attacker.url + JWKS, "jwk": attacker.key.jwk}
        let_in = door.lets_in(issuer.mint(key=attacker.key, headers=headers))
    finally:
        attacker.stop()

    assert (let_in, attacker.requests) == (False, [])


# The way there -------------------------------------------------------------------------------------------------------


def test_no_proxy_is_used_on_the_way_to_this_machine(
    door: Door, issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")

    assert door.lets_in()


class _Tunnel(StreamRequestHandler):
    server: _Proxy

    def handle(self) -> None:
        self.server.asked.append(self.rfile.readline().decode().split()[:2])
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(self.server.to) as upstream:
            upstream.sendall(self.connection.recv(65536))
            with suppress(OSError):
                while data := upstream.recv(65536):
                    self.connection.sendall(data)


class _Proxy(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, to: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.to = to
        self.asked: list[list[str]] = []


def test_the_proxy_of_the_environment_is_used_to_anywhere_else(
    issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _Proxy(issuer.address) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
        monkeypatch.setenv("no_proxy", "")
        document = HttpDocuments().fetch(f"http://issuer.test/pool{JWKS}", 5.0)
        proxy.shutdown()
        thread.join()

    assert document == {"keys": [issuer.key.jwk]}
    assert proxy.asked == [["CONNECT", "issuer.test:80"]]


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[OidcIssuer, Path]]:
    certificate = make_certificate(tmp_path)
    issuer = OidcIssuer(certificate, algorithm="ES256")
    yield issuer, certificate
    issuer.stop()


def test_an_issuer_is_believed_over_tls_with_a_certificate_that_is_trusted(
    secure: tuple[OidcIssuer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, certificate = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert Door(issuer).lets_in()


def test_an_issuer_is_not_believed_with_a_certificate_that_nobody_vouches_for(
    secure: tuple[OidcIssuer, Path],
) -> None:
    issuer, _ = secure

    with pytest.raises(AccessUnavailable):
        Door(issuer).lets_in()

    assert issuer.requests == []


def test_keys_without_tls_are_not_fetched_for_an_issuer_with_tls(
    secure: tuple[OidcIssuer, Path], issuer: OidcIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_tls, certificate = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with_tls.discovery_changes = {"jwks_uri": issuer.url + JWKS}

    with pytest.raises(AccessUnavailable):
        Door(with_tls).lets_in()

    assert issuer.requests == []


# Under gevent, as in production --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["hang", "dribble_head", "dribble_body"])
def test_under_gevent_others_are_served_while_one_waits_and_the_wait_has_an_end(
    issuer: OidcIssuer, kind: str
) -> None:
    issuer.damage(kind, JWKS)
    script = """
        from gevent import monkey
        monkey.patch_all()
        import sys, time
        import gevent
        from files_api.adapters.oidc import OidcAuthenticator, issuer_keys
        from files_api.domain.errors import AccessUnavailable
        from files_api.domain.plans import Plan
        issuer_keys.FETCH_SECONDS = 0.5
        door = OidcAuthenticator(issuer=sys.argv[1], audiences=["files-api"], plan=Plan(name="standard"))
        def attempt():
            try:
                door.authenticate(sys.argv[2])
            except AccessUnavailable:
                return "unavailable"
        begun = time.monotonic()
        attempts = [gevent.spawn(attempt) for _ in range(50)]
        gevent.sleep(0.1)
        others_ran = not any(each.ready() for each in attempts)
        gevent.joinall(attempts)
        print(others_ran, {each.value for each in attempts}, time.monotonic() - begun < 2)
    """

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script), issuer.url, issuer.mint()],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.stdout, done.returncode) == ("True {'unavailable'} True\n", 0), done.stderr
    assert issuer.count(JWKS) == 1


def test_an_issuer_whose_key_has_another_kind_now_is_followed(door: Door, issuer: OidcIssuer) -> None:
    assert door.lets_in()
    new = SigningKey("EdDSA")
    issuer.published = [new.jwk]

    assert door.lets_in(issuer.mint(key=new))
