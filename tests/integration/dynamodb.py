"""Tables in moto, and a way to them that can be damaged. No fixtures: tests make what they need of these.

moto stands in for DynamoDB in all of these tests. It evaluates conditions and transactions as DynamoDB does, one write
at a time (`DecidesWritesAtOnce`). What is different: it never deletes what has expired, never refuses for a transaction
that conflicts, and does not know a transaction that comes twice by its token; it compares values of different types,
where DynamoDB takes the comparison for false; it counts the bytes of a binary value in base64; and `UPDATED_NEW` leaves
out what an update has set to the value that it had. Tests for which that matters say so.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, TypeVar
from unittest.mock import patch

from files_api.adapters.dynamodb.client import make_dynamodb_client
from files_api.adapters.dynamodb.tables import make_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.integration.client import Address
    from types_boto3_dynamodb import DynamoDBClient

REGION = "us-east-1"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}
_MINUTE = 60.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Tables:
    """Two tables of one test, and a client that reaches them on the direct way."""

    address: Address
    client: DynamoDBClient
    keys: str
    state: str

    def items(self, table: str) -> list[dict[str, Any]]:
        """Everything that is in a table."""
        return [dict(item) for item in self.client.scan(TableName=table, ConsistentRead=True)["Items"]]


@contextmanager
def connected(address: Address) -> Iterator[DynamoDBClient]:
    """The client that the service has, with credentials that moto takes."""
    with patch.dict(os.environ, _CREDENTIALS):
        client = make_dynamodb_client(REGION, f"http://{address[0]}:{address[1]}", connections=32)
    yield client
    client.close()


@contextmanager
def new_tables(address: Address, client: DynamoDBClient) -> Iterator[Tables]:
    """Make tables that nobody else has."""
    name = f"t-{uuid.uuid4().hex}"
    tables = Tables(address, client, f"{name}-keys", f"{name}-state")
    make_tables(client, keys=tables.keys, state=tables.state)
    yield tables
    for table in (tables.keys, tables.state):
        client.delete_table(TableName=table)


def at_once(calls: Sequence[Callable[[], Result]]) -> list[Result | BaseException]:
    """Make all these calls at the same moment; what they return or raise, in order."""
    start = threading.Barrier(len(calls))

    def make(call: Callable[[], Result]) -> Result:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        running = [threads.submit(make, call) for call in calls]
    return [ended.exception() or ended.result() for ended in running]


def dead_address() -> Address:
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return ("127.0.0.1", int(probe.getsockname()[1]))


@dataclass
class _Fault:
    kind: str
    operations: tuple[str, ...]
    times: int | None = None
    status: int = 400
    code: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    act: Callable[[], object] | None = None


class DynamoDbProxy:
    """Listens on a port of its own and passes everything on; remembers the calls, and does damage where it is told to.

    Args:
        upstream: The server.
    """

    def __init__(self, upstream: Address) -> None:
        self.upstream = upstream
        self._lock = threading.Lock()
        self._calls: list[tuple[str, dict[str, Any]]] = []
        self._faults: list[_Fault] = []
        self._released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.proxy = self
        self.address: Address = ("127.0.0.1", self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """What the calls of an operation asked for, each try by itself."""
        with self._lock:
            return [body for name, body in self._calls if name == operation]

    def damage(self, kind: str, *operations: str, times: int | None = None, **options: Any) -> None:
        """From now on, do this to calls of these operations; all where none is named.

        Args:
            kind: `hang` (never answer), `answer` (with `status`, `code` and other `members` of the error), `lose`
                (DynamoDB does it, and nobody hears of it), `act` (call `act` before it is passed on).
            operations: DynamoDB's names.
            times: For how many calls; for all when None.
            options: The other fields of `_Fault`.
        """
        with self._lock:
            self._faults.append(_Fault(kind, operations, times, **options))

    def stop(self) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # What its handlers need ----------------------------------------------------------------------------------------

    def begin(self, operation: str, body: dict[str, Any]) -> _Fault | None:
        with self._lock:
            self._calls.append((operation, body))
            for fault in self._faults:
                if fault.times != 0 and (not fault.operations or operation in fault.operations):
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def wait_for_the_end(self) -> None:
        self._released.wait(_MINUTE)


@contextmanager
def proxy_to(address: Address) -> Iterator[DynamoDbProxy]:
    proxy = DynamoDbProxy(address)
    try:
        yield proxy
    finally:
        proxy.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    proxy: DynamoDbProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections break here all the time; that is what it is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is given
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.server.proxy.begin(self.headers["X-Amz-Target"].partition(".")[2], json.loads(body))
        kind = fault.kind if fault is not None else "none"
        if fault is not None and kind == "answer":
            error = {
                "__type": f"com.amazonaws.dynamodb.v20120810#{fault.code}",
                "message": "made up by a test",
            }
            self._answer(fault.status, json.dumps({**error, **fault.members}).encode())
            return
        if kind == "hang":
            self.server.proxy.wait_for_the_end()
            self.close_connection = True
            return
        if fault is not None and fault.act is not None:
            fault.act()
        status, answer = self._pass_on(body)
        if kind == "lose":
            self.close_connection = True
            return
        self._answer(status, answer)

    def _pass_on(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.server.proxy.upstream, timeout=_MINUTE)
        try:
            connection.request("POST", self.path, body=body, headers=dict(self.headers.items()))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body)


#: What can be wrong with DynamoDB, by name: how the way to it is damaged. `dead` is made by whoever tests.
TROUBLES: dict[str, dict[str, Any]] = {
    "hangs": {"kind": "hang"},
    "fails": {"kind": "answer", "status": 500, "code": "InternalServerError"},
    "unavailable": {"kind": "answer", "status": 503, "code": "ServiceUnavailable"},
    "throttles": {"kind": "answer", "status": 400, "code": "ThrottlingException"},
    "no capacity": {"kind": "answer", "status": 400, "code": "ProvisionedThroughputExceededException"},
    "no such table": {"kind": "answer", "status": 400, "code": "ResourceNotFoundException"},
    "access denied": {"kind": "answer", "status": 400, "code": "AccessDeniedException"},
}


@contextmanager
def troubled(address: Address, trouble: str) -> Iterator[DynamoDBClient]:
    """A client on a way that is damaged: `dead`, or one of TROUBLES."""
    with proxy_to(address) as proxy:
        if trouble != "dead":
            proxy.damage(**TROUBLES[trouble])
        with connected(dead_address() if trouble == "dead" else proxy.address) as client:
            yield client
