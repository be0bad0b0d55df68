"""The HTTP of the stand-in: HTTP/1.1 with keep-alive, a thread a connection, faults on demand."""

from __future__ import annotations

import json
import logging
import select
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from files_api.devtools.openai_standin.faults import MODES, Fault, Recorder
from files_api.devtools.openai_standin.wire import (
    Answer,
    WireError,
    answer_image,
    answer_speech,
    answer_text,
    error_document,
    model_document,
    models_document,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_log = logging.getLogger(__name__)

_MAX_REQUEST_BYTES = 1024 * 1024
_IDLE_SECONDS = 60
_HANG_SECONDS = 300.0
_HUGE_BYTES = 2 * 1024**3
_HUGE_CHUNK = b"A" * 65_536
_POLL_SECONDS = 0.05
#: Status, message and code of the modes that are a plain error.
_FAILURES = {
    "rate_limited": (429, "Rate limit reached for requests.", "rate_limit_exceeded"),
    "overloaded": (503, "The engine is currently overloaded.", "overloaded"),
    "server_error": (500, "The server had an error.", "server_error"),
}
#: Not to be remembered or shown: what the callers wrote.
_PRIVATE_FIELDS = ("input", "prompt", "instructions")


class OpenAiStandin(ThreadingHTTPServer):
    """The server.

    Args:
        host: The address to listen on.
        port: The TCP port; 0 takes a free one.
        revoked_keys: Keys that are answered with 401, beside `revoked`.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, revoked_keys: Iterable[str] = ()) -> None:
        self.recorder = Recorder(tuple(revoked_keys))
        self.stopping = threading.Event()
        super().__init__((host, port), _Handler)
        self.base_url = f"http://{host}:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what a connection failed of: clients that go away are what the stand-in is for."""
        _log.debug("A connection of the OpenAI stand-in ended", exc_info=True)

    def close(self) -> None:
        """Stop serving, wake what hangs, and give the port back."""
        self.stopping.set()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: OpenAiStandin
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is given
        """Keep quiet: stdout has the URL only, and stderr is for trouble."""
        _log.debug(format, *args)

    def do_GET(self) -> None:
        """Answer GET."""
        if self.path == "/_standin/calls":
            self._send_json(200, {"calls": self.server.recorder.calls()})
        elif self.path == "/_standin/modes":
            self._send_json(200, MODES)
        elif self._is_authorized():
            self._answer_get()

    def do_POST(self) -> None:
        """Answer POST."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_REQUEST_BYTES:
            self.close_connection = True
            self._send_error(411, "A Content-Length of at most 1 MiB is needed.", None)
            return
        try:
            body = json.loads(self.rfile.read(int(length)) or b"{}")
        except ValueError:
            self._send_error(400, "We could not parse the JSON body of your request.", None)
            return
        if not isinstance(body, dict):
            self._send_error(400, "The body must be a JSON object.", None)
        elif self.path == "/_standin/mode":
            self._set_mode(body)
        elif self.path == "/_standin/reset":
            self.server.recorder.reset()
            self._send_json(200, {})
        elif self._is_authorized(body):
            self._answer_post(body)

    def _set_mode(self, body: dict[str, Any]) -> None:
        mode = body.get("mode")
        if mode is not None:
            if mode not in MODES:
                self._send_error(400, f"mode must be one of {', '.join(MODES)}", None)
                return
            self.server.recorder.set_fault(Fault(mode, body.get("times"), body.get("retry_after")))
        if "revoked_keys" in body:
            self.server.recorder.revoke(list(body["revoked_keys"]))
        self._send_json(200, {})

    def _is_authorized(self, body: dict[str, Any] | None = None) -> bool:
        """Check the key, and remember the call either way."""
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        accepted = scheme.lower() == "bearer" and bool(key) and not self.server.recorder.is_revoked(key)
        sent = body or {}
        self.server.recorder.record(
            {
                "method": self.command,
                "path": self.path,
                "authorized": accepted,
                "model": sent.get("model"),
                "parameters": {name: sent[name] for name in sent if name not in _PRIVATE_FIELDS},
            }
        )
        if not accepted:
            code = "invalid_api_key" if key else None
            self._send_error(401, "Incorrect API key provided.", code)
        return accepted

    def _answer_get(self) -> None:
        if self._fails_at_once(self.server.recorder.next_fault()):
            return
        if self.path == "/v1/models":
            self._send_json(200, models_document())
        elif self.path.startswith("/v1/models/"):
            self._send_json(200, model_document(self.path.removeprefix("/v1/models/")))
        else:
            self._send_error(404, f"Invalid URL (GET {self.path})", None)

    def _answer_post(self, body: dict[str, Any]) -> None:
        fault = self.server.recorder.next_fault()
        if self._fails_at_once(fault):
            return
        try:
            match self.path:
                case "/v1/responses":
                    answer = answer_text(body, fault.mode)
                case "/v1/images/generations":
                    answer = answer_image(body, fault.mode, self.server.base_url)
                case "/v1/audio/speech":
                    answer = answer_speech(body, fault.mode)
                case _:
                    self._send_error(404, f"Invalid URL (POST {self.path})", None)
                    return
        except WireError as error:
            self._send_error(400, str(error), error.code, error.param)
            return
        self._send_answer(answer, fault)

    def _fails_at_once(self, fault: Fault) -> bool:
        """Do what a fault does whatever was asked for; tell whether that was all."""
        if fault.mode in _FAILURES:
            status, message, code = _FAILURES[fault.mode]
            after = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            self._send_error(status, message, code, headers=after)
            return True
        match fault.mode:
            case "content_policy":
                self._refuse_content()
            case "refusal" if self.path != "/v1/responses":
                self._refuse_content()
            case "redirect":
                self._send(302, b"", "text/plain", {"Location": f"{self.server.base_url}/elsewhere"})
            case "hang":
                self._wait_for_the_client_to_go()
            case "dribble":
                self._dribble()
            case "disconnect":
                self.close_connection = True
            case "huge":
                self._send_huge()
            case _:
                return False
        return True

    def _refuse_content(self) -> None:
        text = "Your request was rejected as a result of our safety system."
        self._send_error(400, text, "moderation_blocked", error_type="image_generation_user_error")

    def _send_answer(self, answer: Answer, fault: Fault) -> None:
        content = answer.content if answer.document is None else json.dumps(answer.document).encode()
        half = content[: len(content) // 2]
        if fault.mode == "truncated_json":
            self._send(200, half, answer.content_type)
        elif fault.mode == "drop":
            self.close_connection = True
            self._send(200, half, answer.content_type, declared=len(content))
        else:
            self._send(200, content, answer.content_type)

    def _send_json(
        self, status: int, document: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self._send(status, json.dumps(document).encode(), "application/json", headers)

    def _send_error(  # noqa: PLR0913 - the fields of OpenAI's error
        self,
        status: int,
        message: str,
        code: str | None,
        param: str | None = None,
        *,
        error_type: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        kind = "server_error" if status >= 500 else error_type
        self._send_json(status, error_document(message, error_type=kind, code=code, param=param), headers)

    def _send(
        self,
        status: int,
        content: bytes,
        content_type: str,
        headers: dict[str, str] | None = None,
        declared: int | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content) if declared is None else declared))
        self.send_header("x-request-id", "req_standin")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        # The client may have had enough already.
        with suppress(ConnectionError):
            self.wfile.write(content)

    def _send_huge(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "audio/mpeg" if "speech" in self.path else "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        chunk = b"%x\r\n%b\r\n" % (len(_HUGE_CHUNK), _HUGE_CHUNK)
        with suppress(OSError):
            for _ in range(_HUGE_BYTES // len(_HUGE_CHUNK)):
                self.wfile.write(chunk)

    def _dribble(self) -> None:
        self.close_connection = True
        head = f"HTTP/1.1 {HTTPStatus.OK.value} OK\r\nX-Padding: "
        with suppress(OSError):
            self.wfile.write(head.encode())
            ends_at = time.monotonic() + _HANG_SECONDS
            while time.monotonic() < ends_at and not self.server.stopping.wait(_POLL_SECONDS):
                self.wfile.write(b"x")

    def _wait_for_the_client_to_go(self) -> None:
        self.close_connection = True
        ends_at = time.monotonic() + _HANG_SECONDS
        while time.monotonic() < ends_at and not self.server.stopping.is_set():
            # A client that waits sends nothing, so there is something to read only when it has gone.
            if select.select([self.connection], [], [], _POLL_SECONDS)[0]:
                return
