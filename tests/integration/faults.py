"""A proxy on the way from the service to S3: it remembers every call, and does damage where it is told to."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.integration.mortal_server import MortalHandler, MortalServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.client import Address

_CHUNK_BYTES = 64 * 1024
_MINUTE = 60.0


@dataclass(frozen=True)
class StorageCall:
    """One request to S3, by what tells the operations apart."""

    method: str
    path: str
    query: tuple[str, ...]
    target: str | None = None

    @property
    def operation(self) -> str:  # noqa: PLR0911  # a table
        """The name of it in S3, as far as the tests need one, or in DynamoDB or CloudWatch Logs."""
        if self.target is not None:
            return self.target.partition(".")[2]
        is_object = "/" in self.path.strip("/")
        match self.method:
            case "GET" if not is_object:
                return "ListMultipartUploads" if "uploads" in self.query else "ListObjectsV2"
            case "GET":
                return "GetObjectTagging" if "tagging" in self.query else "GetObject"
            case "HEAD":
                return "HeadObject" if is_object else "HeadBucket"
            case "PUT" if "partNumber" in self.query:
                return "UploadPart"
            case "PUT":
                return "PutObjectTagging" if "tagging" in self.query else "PutObject"
            case "POST":
                return "CreateMultipartUpload" if "uploads" in self.query else "CompleteMultipartUpload"
            case "DELETE":
                return "AbortMultipartUpload" if "uploadId" in self.query else "DeleteObject"
        return self.method


@dataclass
class Fault:
    """Damage to do to some calls. Sizes are in bytes."""

    kind: str
    operations: frozenset[str]
    times: int | None = None
    after_bytes: int = 0
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 0.0
    before: Callable[[], object] | None = None

    def applies_to(self, call: StorageCall) -> bool:
        return (not self.operations or call.operation in self.operations) and self.times != 0


class _Cut(Exception):
    """The connection to the service is to be broken off."""


class StorageProxy:
    """Listens on a port of its own, and passes everything on to the S3 server.

    Args:
        upstream: The S3 server.
        certificate: A file with a certificate and its key, where this is to speak TLS.
    """

    def __init__(self, upstream: Address, certificate: Path | None = None) -> None:
        self.upstream = upstream
        self._state = threading.Condition()
        self._calls: list[StorageCall] = []
        self._faults: list[Fault] = []
        self._busy = 0
        self._released = threading.Event()
        self._server = MortalServer(self, _Handler, certificate)
        self.address = self._server.address

    @property
    def url(self) -> str:
        return self._server.url

    # What tests ask ----------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[StorageCall]:
        with self._state:
            return list(self._calls)

    @property
    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]

    def forget_calls(self) -> None:
        with self._state:
            self._calls.clear()

    def wait_for_call(self, operation: str, count: int = 1, seconds: float = 10.0) -> None:
        with self._state:
            arrived = self._state.wait_for(
                lambda: sum(call.operation == operation for call in self._calls) >= count, seconds
            )
        assert arrived, f"no {operation} came, only {self.operations}"

    def wait_until_idle(self, seconds: float = 10.0) -> None:
        """Wait until no call of the service is under way: every one was read to its end, or given up."""
        with self._state:
            idle = self._state.wait_for(lambda: self._busy == 0, seconds)
        assert idle, f"{self._busy} calls to S3 are still open"

    # What tests do to it ------------------------------------------------------------------------------------------

    def damage(self, kind: str, *operations: str, **options: Any) -> None:
        """From now on, do this to calls of these operations; all where none is named.

        Args:
            kind: `hang` (take the request and never answer), `answer` (an error of S3's), `delay`, `cut_answer`
                (break off after so many bytes of the body), `cut_request` (reset while the body arrives),
                `lose_answer` (S3 does it, and nobody hears of it), `close` (end the connection without an answer).
            operations: S3's names.
            options: The other fields of Fault.
        """
        with self._state:
            self._faults.append(Fault(kind, frozenset(operations), **options))

    def refuse_connections(self) -> None:
        """Be gone: nothing listens, and what was connected is broken off."""
        self._server.die()

    def heal(self) -> None:
        """Be whole again, and remember nothing."""
        self._released.set()
        self._server.revive()
        self.wait_until_idle()
        with self._state:
            self._faults.clear()
            self._calls.clear()
            self._released.clear()

    def stop(self) -> None:
        self._released.set()
        self.refuse_connections()

    # What its handlers need ----------------------------------------------------------------------------------------

    def begin(self, call: StorageCall) -> Fault | None:
        with self._state:
            self._calls.append(call)
            self._busy += 1
            self._state.notify_all()
            for fault in self._faults:
                if fault.applies_to(call):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def end(self) -> None:
        with self._state:
            self._busy -= 1
            self._state.notify_all()

    def pause(self, seconds: float) -> None:
        self._released.wait(seconds)


class _Handler(MortalHandler):
    @property
    def proxy(self) -> StorageProxy:
        proxy: StorageProxy = self.server.owner
        return proxy

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        names = parse_qs(parts.query, keep_blank_values=True)
        call = StorageCall(
            self.command, unquote(parts.path), tuple(sorted(names)), self.headers["X-Amz-Target"]
        )
        fault = self.proxy.begin(call)
        try:
            self._pass_on(fault)
        except (_Cut, OSError, http.client.HTTPException):
            self._break_off()
        finally:
            self.proxy.end()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815  # names of http.server

    def _break_off(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise _Cut

    def _read_body(self, fault: Fault | None) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if fault is not None and fault.kind == "cut_request":
            self.rfile.read(min(fault.after_bytes, length))
            self._reset()
        body = self.rfile.read(length)
        if len(body) < length:
            raise _Cut  # the service has given this call up; S3 would wait for the rest
        return body

    def _pass_on(self, fault: Fault | None) -> None:
        body = self._read_body(fault)
        if fault is not None:
            if fault.before is not None:
                fault.before()
            if fault.kind == "hang":
                self._wait_for_the_service_to_go()
                raise _Cut
            if fault.kind == "close":
                raise _Cut
            if fault.kind == "delay":
                self.proxy.pause(fault.seconds)
            if fault.kind == "answer":
                self._answer_error(fault.status, fault.code)
                return
        connection = http.client.HTTPConnection(*self.proxy.upstream, timeout=_MINUTE)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
            connection.request(self.command, self.path, body=body, headers=headers)
            response = connection.getresponse()
            if fault is not None and fault.kind == "lose_answer":
                response.read()
                raise _Cut
            self._give_back(response, fault)
        finally:
            connection.close()

    def _give_back(self, response: http.client.HTTPResponse, fault: Fault | None) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        chunked = response.getheader("Content-Length") is None and self.command != "HEAD"
        body = response.read() if chunked else None
        if body is not None and response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        left = fault.after_bytes if fault is not None and fault.kind == "cut_answer" else None
        chunks = iter([body]) if body is not None else iter(lambda: response.read(_CHUNK_BYTES), b"")
        for chunk in chunks:
            if left is not None and len(chunk) >= left:
                self.wfile.write(chunk[:left])
                raise _Cut
            self.wfile.write(chunk)
            left = left - len(chunk) if left is not None else None

    def _answer_error(self, status: int, code: str) -> None:
        document = f"<Error><Code>{code}</Code><Message>made up by a test</Message></Error>".encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(document)

    def _wait_for_the_service_to_go(self) -> None:
        self.connection.settimeout(_MINUTE)
        # Nothing more is sent on a connection that waits for its answer: this returns when it is given up.
        with suppress(OSError):
            self.connection.recv(1)
