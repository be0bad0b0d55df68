"""Who may call what: what each route needs, and whoever calls it.

Every route says what it needs: a scope, or nothing. One that does not say stops the start of the service, so that a
new route cannot be forgotten.
"""

from __future__ import annotations

import base64
import binascii
import enum
import logging
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from flask import g, request

from files_api.domain.access import Caller, Scope
from files_api.domain.errors import InvalidCredential, MissingCredential, MissingScope
from files_api.telemetry import audit, metrics
from files_api.web.request_log import request_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from files_api.domain.access import Authenticator
    from files_api.domain.errors import FilesApiError
    from files_api.domain.files import Files
    from files_api.domain.paths import FilePath
    from files_api.domain.plans import Plan
    from files_api.web.client_address import ClientAddresses

#: Makes the files of whoever sends the request that is being served.
FilesOfCaller = Callable[[], "Files"]
_View = TypeVar("_View", bound="Callable[..., Any]")
_NEED = "_files_api_need"
# RFC 6750 section 2.1: one token68, the scheme in any case.
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
_BASIC = re.compile(r"basic +([A-Za-z0-9+/]+=*) *", re.IGNORECASE)
_REALM = "files-api"


class Openness(enum.Enum):
    """What needs no scope."""

    #: Anybody may call it, and it is not limited.
    PUBLIC = enum.auto()
    #: The documentation: public, or closed by a setting to whoever has no credential at all.
    DOCUMENTATION = enum.auto()


Need = Scope | Openness

#: The ways to show a credential, as OpenAPI describes them.
SECURITY_SCHEMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key (`fa_…`), or a token (JWT) of the issuer that is configured.",
        },
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    }
)


def needs(need: Need) -> Callable[[_View], _View]:
    """Say what a view needs: each view says it. A scope stands in the OpenAPI document, too.

    It stands above what documents the view otherwise.
    """

    def decorate(view: _View) -> _View:
        setattr(view, _NEED, need)
        if isinstance(need, Scope):
            # Where flask-smorest keeps what `doc` tells.
            documented = view.__dict__.setdefault("_apidoc", {})
            documented.setdefault("manual_doc", {})["security"] = [
                {scheme: [str(need)]} for scheme in SECURITY_SCHEMES
            ]
        return view

    return decorate


def needs_of(app: Flask) -> dict[tuple[str, str], Need]:
    """Find what each route needs, by (endpoint, method).

    Raises:
        ValueError: A route does not say.
    """
    return {(rule, method): need for rule, method, need in _walk(app)}


def _walk(app: Flask) -> Iterator[tuple[str, str, Need]]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        view_class = getattr(view, "view_class", None)
        # OPTIONS tells the methods, and a browser's preflight has no credential (https://fetch.spec.whatwg.org/).
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answering: Any = view
            if view_class is not None:
                answering = getattr(view_class, method.lower(), None) or view_class.get
            need = getattr(answering, _NEED, None)
            if need is None:
                raise ValueError(f"{method} {rule.rule} does not say which scope it needs")
            yield rule.endpoint, method, need


def current_caller() -> Caller:
    """Whoever the request that is being served comes from, where its route needs a scope."""
    caller: Caller = g.caller
    return caller


def current_need() -> Need | None:
    """What the route of the request needs; None where there is no such route, and for OPTIONS."""
    need: Need | None = g.get("need")
    return need


class Gate:
    """Lets in, before anything else is looked at: first who it is, and, when that was counted, what they may do.

    Args:
        credentials: Judges credentials; None where the service is open to everybody.
        open_plan: The plan of everybody, where it is open.
        addresses: Finds the client's address.
        closes_docs: Whether the documentation needs a credential.
    """

    def __init__(
        self,
        credentials: Authenticator | None,
        *,
        open_plan: Plan,
        addresses: ClientAddresses,
        closes_docs: bool,
    ) -> None:
        self._credentials = credentials
        self._anyone = Caller(subject="anyone", plan=open_plan)
        self._addresses = addresses
        self._closes_docs = closes_docs
        self._needs: dict[tuple[str, str], Need] = {}

    def watch(self, app: Flask) -> None:
        """Stand before every route; call it when all of them are there."""
        self._needs = needs_of(app)
        app.before_request(self._let_in)

    def _let_in(self) -> None:
        rule = request.url_rule
        if rule is None or request.method == "OPTIONS":
            return
        need = self._needs[rule.endpoint, request.method]
        g.need = need
        if need is Openness.PUBLIC or (need is Openness.DOCUMENTATION and not self._closes_docs):
            return
        g.client_address = self._addresses.of(request.environ)
        if self._credentials is None:
            g.caller = self._anyone
            return
        try:
            caller = self._credentials.authenticate(_presented(with_basic=need is Openness.DOCUMENTATION))
        except MissingCredential:
            self._tell_failure("missing", None)
            raise
        except InvalidCredential as error:
            self._tell_failure(error.reason, error.key_id)
            raise
        request_record(request.environ).key_id = caller.key_id
        g.caller = caller

    @staticmethod
    def check_scope() -> None:
        """See that the caller may do this. It comes behind the limits: who is refused is counted, too.

        Raises:
            MissingScope: The caller may not.
        """
        need = current_need()
        if isinstance(need, Scope) and need not in current_caller().scopes:
            audit.record(
                "access_denied", level=logging.WARNING, scope=str(need), **audit_fields(current_caller())
            )
            raise MissingScope(need)

    @staticmethod
    def _tell_failure(reason: str, key_id: str | None) -> None:
        metrics.record_authentication_failure(reason)
        audit.record(
            "authentication_failed",
            level=logging.WARNING,
            reason=reason,
            key_id=key_id,
            **_request_fields(),
        )


def audit_delete(file_path: FilePath) -> None:
    """Tell that the caller has deleted this file."""
    caller = current_caller()
    audit.record("file_deleted", file_path=f"{caller.root}{file_path}", **audit_fields(caller))


def audit_fields(caller: Caller) -> dict[str, Any]:
    """What an audit line tells of whoever called, and of the request."""
    return {"key_id": caller.key_id, "subject": caller.subject, **_request_fields()}


def _request_fields() -> dict[str, Any]:
    record = request_record(request.environ)
    return {
        "request_id": record.request_id,
        "client_address": g.client_address,
        "method": record.method,
        "route": record.route,
    }


def _presented(*, with_basic: bool) -> str:
    """The credential of the request.

    Args:
        with_basic: Whether the password of HTTP Basic (RFC 7617) is one, too: a browser can ask for that.

    Raises:
        MissingCredential: There is none.
        InvalidCredential: There is something else in its place, or two different ones.
    """
    authorization = request.headers.get("Authorization")
    api_key = request.headers.get("X-API-Key")
    presented = set() if api_key is None else {api_key.strip()}
    if authorization is not None:
        bearer = _BEARER.fullmatch(authorization)
        basic = _BASIC.fullmatch(authorization)
        if bearer is not None:
            presented.add(bearer[1])
        elif basic is not None and with_basic:
            presented.add(_password(basic[1]))
        elif basic is None or api_key is None:
            # Basic beside X-API-Key is not the caller's doing: a browser that has opened the documentation sends it
            # along by itself, which is also why it opens nothing else.
            raise InvalidCredential("unknown_scheme")
    if not presented:
        raise MissingCredential("This needs a credential: Authorization: Bearer, or X-API-Key.")
    if len(presented) > 1:
        raise InvalidCredential("two_credentials")
    return presented.pop()


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidCredential("malformed") from error


def challenge_of(error: FilesApiError) -> str | None:
    """The value of WWW-Authenticate (RFC 6750 section 3, RFC 7617) for this error, where it has one."""
    if isinstance(error, MissingScope):
        return f'Bearer realm="{_REALM}", error="insufficient_scope", scope="{error.scope}"'
    if not isinstance(error, MissingCredential | InvalidCredential):
        return None
    if current_need() is Openness.DOCUMENTATION:
        return f'Basic realm="{_REALM} documentation", charset="UTF-8"'
    if isinstance(error, InvalidCredential):
        return f'Bearer realm="{_REALM}", error="invalid_token"'
    return f'Bearer realm="{_REALM}"'
