"""A stand-in for an OIDC issuer on 127.0.0.1, and its tokens: good ones, and any that a forger could think of."""

from __future__ import annotations

import base64
import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.integration.mortal_server import MortalHandler, MortalServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from jwt.algorithms import AllowedPrivateKeys

DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/.well-known/jwks.json"
#: In the place of a claim or a header: leave it out.
ABSENT = object()

_CURVES: Mapping[str, type[ec.EllipticCurve]] = {
    "ES256": ec.SECP256R1,
    "ES384": ec.SECP384R1,
    "ES512": ec.SECP521R1,
}
_names = count(1)


def encode(header: object, claims: object, sign: Callable[[bytes], bytes]) -> str:
    """Write a JWS in its compact form, whatever is in it; bytes are taken as they are."""
    signed = f"{_segment(header)}.{_segment(claims)}"
    return f"{signed}.{base64url(sign(signed.encode()))}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _segment(content: object) -> str:
    return base64url(content if isinstance(content, bytes) else json.dumps(content).encode())


class SigningKey:
    """A private key, the algorithm that it is used with, and its name."""

    def __init__(self, algorithm: str = "RS256", kid: str | None = None, *, bits: int = 2048) -> None:
        self.algorithm = algorithm
        self.kid = f"key-{next(_names)}" if kid is None else kid
        self.private: AllowedPrivateKeys
        if algorithm in _CURVES:
            self.private = ec.generate_private_key(_CURVES[algorithm]())
        elif algorithm == "EdDSA":
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    @property
    def jwk(self) -> dict[str, Any]:
        """What an issuer publishes of it."""
        jwk: dict[str, Any] = self._algorithm.to_jwk(self.private.public_key(), as_dict=True)
        jwk.pop("key_ops", None)
        return {**jwk, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    @property
    def private_jwk(self) -> dict[str, Any]:
        """What no issuer should publish."""
        return {**self.jwk, **self._algorithm.to_jwk(self.private, as_dict=True), "key_ops": ["verify"]}

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @property
    def _algorithm(self) -> Any:
        return jwt.get_algorithm_by_name(self.algorithm)

    def sign(self, data: bytes, algorithm: str | None = None) -> bytes:
        """Make a signature; with another algorithm than its own, where that is asked for."""
        signature: bytes = jwt.get_algorithm_by_name(algorithm or self.algorithm).sign(data, self.private)
        return signature

    def token(self, claims: object, headers: Mapping[str, object] | None = None) -> str:
        """Make a token of these claims; `headers` come on top of `alg` and `kid`, or instead of them."""
        header = _without_absent({"alg": self.algorithm, "kid": self.kid, **(headers or {})})
        return encode(header, claims, self.sign)


class TokenIssuer:
    """An issuer without a network: it has a key, makes tokens of it, and knows what it would publish.

    Args:
        url: What its tokens have in `iss`.
        audience: What they have in `aud`.
        algorithm: What they are signed with.
        now: Tells the time in seconds since 1970.
    """

    def __init__(
        self,
        url: str,
        *,
        audience: str = "files-api",
        algorithm: str = "RS256",
        now: Callable[[], float] = time.time,
    ) -> None:
        self.url = url
        self.audience = audience
        self.now = now
        self.key = SigningKey(algorithm)
        #: The JWKs that are published.
        self.published: list[Any] = [self.key.jwk]
        #: What the discovery document says in other words than it should.
        self.discovery_changes: dict[str, object] = {}

    def claims(self, **changes: object) -> dict[str, object]:
        """The claims of a good access token, but for these; ABSENT leaves one out."""
        now = int(self.now())
        return _without_absent(
            {
                "iss": self.url,
                "aud": self.audience,
                "sub": "client-1",
                "iat": now,
                "exp": now + 300,
                "scope": "files:read files:write",
                **changes,
            }
        )

    def mint(
        self, *, key: SigningKey | None = None, headers: Mapping[str, object] | None = None, **claims: object
    ) -> str:
        """Make an access token; see `claims`, and SigningKey.token for the rest."""
        return (key or self.key).token(self.claims(**claims), headers)

    def rotate(self, *, keep_old: bool = False) -> SigningKey:
        """Sign with a new key from now on, and publish it: instead of all old ones, or beside them."""
        self.key = SigningKey(self.key.algorithm)
        self.published = [*(self.published if keep_old else []), self.key.jwk]
        return self.key

    def document(self, path: str) -> dict[str, Any] | None:
        """What is published at a path of this issuer's host."""
        base = urlsplit(self.url).path.removesuffix("/")
        if path == base + DISCOVERY:
            jwks_uri = self.url.removesuffix("/") + JWKS
            return {"issuer": self.url, "jwks_uri": jwks_uri, **self.discovery_changes}
        return {"keys": list(self.published)} if path == base + JWKS else None


def _without_absent(values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not ABSENT}


@dataclass(frozen=True)
class _Fault:
    kind: str
    ending: str
    status: int
    body: bytes
    location: str


class OidcIssuer(TokenIssuer):
    """The stand-in: the same, on a port of its own. It remembers what was asked, and fails as it is told.

    Args:
        certificate: A file with a certificate and its key, where this is to speak TLS.
        path: Where on its host the issuer is, as Cognito's are at the name of the pool.
        more: See TokenIssuer.
    """

    def __init__(self, certificate: Path | None = None, *, path: str = "/pool", **more: Any) -> None:
        self._state = threading.Condition()
        self._requests: list[str] = []
        self._fault: _Fault | None = None
        self._released = threading.Event()
        self._server = MortalServer(self, _Handler, certificate)
        self.address = self._server.address
        super().__init__(f"{self._server.url}{path}", **more)

    # What tests ask ----------------------------------------------------------------------------------------------

    @property
    def requests(self) -> list[str]:
        """The paths that were asked for, in order."""
        with self._state:
            return list(self._requests)

    def count(self, ending: str) -> int:
        """How often a path that ends so was asked for: DISCOVERY or JWKS."""
        return sum(path.endswith(ending) for path in self.requests)

    def wait_for_request(self, ending: str, times: int = 1, seconds: float = 10.0) -> None:
        with self._state:
            arrived = self._state.wait_for(
                lambda: sum(path.endswith(ending) for path in self._requests) >= times, seconds
            )
        assert arrived, f"{ending} was not asked for, only {self._requests}"

    # What tests do to it ------------------------------------------------------------------------------------------

    def damage(
        self,
        kind: str,
        ending: str = "",
        *,
        status: int = 500,
        body: bytes = b"<html>not what you want</html>",
        location: str = "/elsewhere",
    ) -> None:
        """From now on, do this to requests of paths that end so; to all where none is named.

        Args:
            kind: `hang` (never answer), `dribble_head` and `dribble_body` (a byte now and then, without end), `answer`
                (this status and body), `redirect` (to `location`), `close` (end the connection without an answer).
            ending: DISCOVERY or JWKS.
            status: Of `answer`.
            body: Of `answer`.
            location: Of `redirect`.
        """
        with self._state:
            self._fault = _Fault(kind, ending, status, body, location)

    def refuse_connections(self) -> None:
        """Be gone: nothing listens, and what was connected is broken off."""
        self._released.set()
        self._server.die()

    def heal(self) -> None:
        """Be whole again, at the same address, and remember no request; keys stay as they are."""
        self._released.set()
        self._server.revive()
        with self._state:
            self._fault = None
            self._requests.clear()
            self.discovery_changes.clear()
        self._released = threading.Event()

    def stop(self) -> None:
        self.refuse_connections()

    # What its handlers need ----------------------------------------------------------------------------------------

    def begin(self, path: str) -> tuple[_Fault | None, threading.Event]:
        with self._state:
            self._requests.append(path)
            self._state.notify_all()
            fault = self._fault
            applies = fault is not None and path.endswith(fault.ending)
            return (fault if applies else None), self._released


class _Handler(MortalHandler):
    @property
    def issuer(self) -> OidcIssuer:
        issuer: OidcIssuer = self.server.owner
        return issuer

    def do_GET(self) -> None:  # noqa: N802  # http.server's name
        path = urlsplit(self.path).path
        fault, released = self.issuer.begin(path)
        if fault is not None:
            self._fail(fault, released)
            return
        document = self.issuer.document(path)
        if document is None:
            self._answer(404, b"{}")
        else:
            self._answer(200, json.dumps(document).encode())

    def _fail(self, fault: _Fault, released: threading.Event) -> None:
        self.close_connection = True
        match fault.kind:
            case "hang":
                released.wait()
            case "dribble_head":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self._dribble(b"x", released)
            case "dribble_body":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
                self._dribble(b" ", released)
            case "redirect":
                self._answer(302, b"", {"Location": fault.location})
            case "answer":
                self._answer(fault.status, fault.body)

    def _dribble(self, byte: bytes, released: threading.Event) -> None:
        with suppress(OSError):
            while not released.wait(0.05):
                self.wfile.write(byte)

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)
