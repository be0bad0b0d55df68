"""moto's server, in which a role may do what its policies allow, and nothing else.

`python -m tests.infra.role_server JOURNAL` prints the port on one line and serves until its standard input ends.

moto keeps the roles, their policies and who has assumed which. Whether a call is allowed is decided here, before moto
sees it, by `role_policies`, from the rights that `role_demands` says it needs. Whoever comes with other keys than an
assumed role's may do everything: that is the test, which sets things up. Each right that a role asked for is a line in
JOURNAL, as JSON.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sts.models import sts_backends
from tests.infra.emulator.extension import extend
from tests.infra.role_demands import KEY_WITHOUT_A_STACK, Account, Request, demands_of
from tests.infra.role_policies import allowed, statements_of
from werkzeug.serving import make_server

from files_api.devtools.local_s3 import DecidesWritesAtOnce

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tests.infra.role_policies import Demand

_PARTITION = "aws"
# ID/DAY/REGION/SERVICE/aws4_request: in the Authorization field, or in a URL that is signed itself.
_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d{8}/([a-z0-9-]+)/")


class Enforcement:
    """WSGI middleware that refuses what a role may not do.

    Args:
        moto: The application.
        journal: The file for what roles have asked for.
    """

    def __init__(self, moto: WSGIApplication, journal: Path) -> None:
        self._moto = moto
        self._journal = journal
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, or refuse it."""
        access_key_id, region = _credential_of(environ)
        role = _role_of(access_key_id)
        if role is None:
            return self._moto(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        request = Request(
            method=environ["REQUEST_METHOD"],
            path=urlsplit(environ.get("RAW_URI") or environ["REQUEST_URI"]).path,
            query=environ.get("QUERY_STRING", ""),
            target=environ.get("HTTP_X_AMZ_TARGET", ""),
            body=body,
        )
        demands = demands_of(request, Account(DEFAULT_ACCOUNT_ID, region, _data_key_arn(region)))
        statements = statements_of(_policies_of(role))
        refused = [demand for demand in demands if not allowed(demand, statements)]
        self._note(demands, refused)
        if refused:
            return _refuse(request, role, refused[0], start_response)
        return self._moto(environ, start_response)

    def _note(self, demands: list[Demand], refused: list[Demand]) -> None:
        lines = [
            json.dumps(
                {
                    "action": demand.action,
                    "resource": demand.resource,
                    "context": dict(demand.context),
                    "allowed": demand not in refused,
                }
            )
            for demand in demands
        ]
        with self._one_at_a_time, self._journal.open("a", encoding="utf-8") as journal:
            journal.writelines(f"{line}\n" for line in lines)


def _credential_of(environ: WSGIEnvironment) -> tuple[str, str]:
    """Who signs, and for which region."""
    in_url = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [""])[0]
    text = environ.get("HTTP_AUTHORIZATION") or f"Credential={in_url}"
    found = _CREDENTIAL.search(text)
    return (found[1], found[2]) if found is not None else ("", "")


def _role_of(access_key_id: str) -> str | None:
    """The name of the role that was assumed with this key; None for other keys."""
    for assumed in sts_backends[DEFAULT_ACCOUNT_ID][_PARTITION].assumed_roles:
        if assumed.access_key_id == access_key_id:
            return str(assumed.role_arn).rpartition("/")[2]
    return None


def _data_key_arn(region: str) -> str:
    """The key that everything is encrypted with: the one of the module storage, where that was applied."""
    for key in kms_backends[DEFAULT_ACCOUNT_ID][region].keys.values():
        if any(alias.endswith("-data") for alias in key.aliases):
            return str(key.arn)
    return f"arn:{_PARTITION}:kms:{region}:{DEFAULT_ACCOUNT_ID}:key/{KEY_WITHOUT_A_STACK}"


def _policies_of(role: str) -> dict[str, str]:
    """A role's inline policies, by name; it has no others (the module access attaches none)."""
    iam = iam_backends[DEFAULT_ACCOUNT_ID][_PARTITION]
    attached, _ = iam.list_attached_role_policies(role)
    if attached:
        raise NotImplementedError(f"{role} has managed policies, which are not looked at here: {attached}")
    return {name: iam.get_role_policy(role, name)[1] for name in iam.list_role_policies(role)}


def _refuse(request: Request, role: str, demand: Demand, start_response: StartResponse) -> Iterable[bytes]:
    """As AWS refuses: S3 in XML with 403, the others in JSON with 400."""
    message = f"assumed-role/{role} is not authorized to perform: {demand}"
    if request.target:
        start_response("400 Bad Request", [("Content-Type", "application/x-amz-json-1.0")])
        return [json.dumps({"__type": "AccessDeniedException", "message": message}).encode()]
    start_response("403 Forbidden", [("Content-Type", "application/xml")])
    if request.method == "HEAD":
        return []
    return [f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>".encode()]


def main() -> None:
    """Serve until the end of the standard input."""
    parser = argparse.ArgumentParser(prog="python -m tests.infra.role_server", description=__doc__)
    parser.add_argument(
        "journal", type=Path, help="the file that gets a line for each right that was asked for"
    )
    arguments = parser.parse_args()

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # What moto lacks for this stack; above all, a bucket's policy that denies whatever comes without TLS would deny all
    # that comes over the loopback interface.
    extend()
    arguments.journal.touch()
    moto = DecidesWritesAtOnce(DomainDispatcherApplication(create_backend_app))
    application = Enforcement(moto, arguments.journal)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
