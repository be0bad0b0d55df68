"""The emulator's log: one JSON line for every request, so that a test can tell what was asked and what failed."""

from __future__ import annotations

import io
import json
import threading
import traceback
import urllib.parse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_SHOWN_BYTES = 2000


class Journal:
    """WSGI middleware that writes down every request to moto with the status of its answer.

    Args:
        application: moto.
        path: The file, opened for appending.
    """

    def __init__(self, application: WSGIApplication, path: Path) -> None:
        self._application = application
        self._path = path
        self._writing = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        # Large bodies are files' contents, which nobody wants to read again.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        shown = b""
        if 0 < length <= 1_000_000:
            shown = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = io.BytesIO(shown)
        status = ""

        def started(line: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            nonlocal status
            status = line
            return start_response(line, headers, error)

        try:
            answer = b"".join(self._application(environ, started))
        # Whatever moto stumbles over is one failed request, and stands in the journal.
        except Exception:  # noqa: BLE001
            answer = traceback.format_exc().encode()
            started("500 Internal Server Error", [("Content-Type", "text/plain")])
        code = int(status.split(" ", 1)[0])
        record = {
            "status": code,
            "method": environ["REQUEST_METHOD"],
            "path": environ.get("PATH_INFO", ""),
            "query": environ.get("QUERY_STRING", ""),
            "service": _service(environ),
            "action": _action(environ, shown),
        }
        if code >= 400:
            record["request"] = shown[:_SHOWN_BYTES].decode(errors="replace")
            record["answer"] = answer[-_SHOWN_BYTES:].decode(errors="replace")
        with self._writing, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        return [answer]


def records(path: Path) -> list[dict[str, Any]]:
    """Read a journal."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _service(environ: WSGIEnvironment) -> str:
    """Find the service in the scope of the signature: KEY/DATE/REGION/SERVICE/aws4_request."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split(",")[0].split("/")
    return scope[3] if len(scope) == 5 else ""


def _action(environ: WSGIEnvironment, body: bytes) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return str(target.rpartition(".")[2])
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return urllib.parse.parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
    return ""
