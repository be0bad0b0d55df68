"""HTTP to S3 (`adapters.s3.wire`): whatever the other side says, byte by byte if it likes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Self
from unittest.mock import Mock

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    HTTPClientError,
    ReadTimeoutError,
)

from files_api.adapters.s3.endpoint import Endpoint
from files_api.adapters.s3.wire import Wire
from files_api.batches import BATCH_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from files_api.adapters.s3.wire_answers import Answer

    WireTo = Callable[["Peer"], Wire]

MIB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\n"
READ_SECONDS = 0.5


class Peer:
    """Takes connections, and does to each what the script says for its turn."""

    def __init__(self, *scripts: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self.ended = threading.Semaphore(0)
        self._scripts = scripts
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        for script in self._scripts:
            connection, _ = self._listener.accept()
            self.accepted += 1
            with connection:
                connection.settimeout(10)
                script(connection)
            self.ended.release()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join(10)
        self._listener.close()


def request_of(connection: socket.socket) -> bytes:
    """Read the head of one request."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65536)
        if not data:
            return received
        received += data
    return received


def answers(*answers: bytes) -> Callable[[socket.socket], None]:
    """Answer so many requests on one connection, then close."""

    def script(connection: socket.socket) -> None:
        for answer in answers:
            request_of(connection)
            connection.sendall(answer)

    return script


@pytest.fixture
def wire_to() -> Iterator[WireTo]:
    made: list[Wire] = []

    def make(peer: Peer) -> Wire:
        endpoint = Endpoint("http", "127.0.0.1", peer.port, "/bucket/", "us-east-1")
        made.append(Wire(endpoint, connect_seconds=2, read_seconds=READ_SECONDS, idle_connections=10))
        return made[-1]

    yield make
    for wire in made:
        wire.close()


def get(wire: Wire, method: str = "GET") -> Answer:
    return wire.exchange(method, "/bucket/key", {"host": "a"})


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 5\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        OK + b"\r\nhello",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\nLink: x\r\n\r\n"
        + OK
        + b"Content-Length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
    ids=["a length", "chunks", "the end of the connection", "an interim answer", "early hints", "HTTP/1.0"],
)
def test_a_body_is_whole_by(wire_to: WireTo, answer: bytes) -> None:
    with Peer(answers(answer)) as peer:
        assert get(wire_to(peer)).read_whole() == b"hello"


def test_an_answer_that_arrives_byte_by_byte_is_understood(wire_to: WireTo) -> None:
    def dribble(connection: socket.socket) -> None:
        request_of(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in OK + b"ETag: x\r\nContent-Length: 5\r\n\r\nhello":
            connection.sendall(bytes([byte]))

    with Peer(dribble) as peer:
        answer = get(wire_to(peer))
        assert (answer.headers["etag"], answer.read_whole()) == ("x", b"hello")


def test_a_head_has_no_body_whatever_its_length_says(wire_to: WireTo) -> None:
    with Peer(answers(OK + b"Content-Length: 5\r\n\r\n")) as peer:
        answer = get(wire_to(peer), "HEAD")
        assert (answer.headers["content-length"], answer.read_whole()) == ("5", b"")


def test_behind_a_head_that_has_a_body_all_the_same_a_new_connection_is_made(wire_to: WireTo) -> None:
    with Peer(
        answers(OK + b"Content-Length: 5\r\n\r\nhe"), answers(OK + b"Content-Length: 3\r\n\r\nnew")
    ) as peer:
        wire = wire_to(peer)
        get(wire, "HEAD")

        assert get(wire).read_whole() == b"new"


def test_a_head_that_does_not_end_is_given_up(wire_to: WireTo) -> None:
    def endless(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK)
        with suppress(OSError):  # the reader has closed, as it should
            while True:
                connection.sendall(b"X-More: and more\r\n" * 1000)

    with Peer(endless) as peer, pytest.raises(HTTPClientError):
        get(wire_to(peer))


def test_a_connection_that_comes_too_late_is_not_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    class OutOfPatience(BaseException):
        pass

    close = Mock()
    monkeypatch.setattr(HTTPConnection, "connect", Mock(side_effect=OutOfPatience))
    monkeypatch.setattr(HTTPConnection, "close", close)
    wire = Wire(
        Endpoint("http", "127.0.0.1", 1, "/", "us-east-1"),
        connect_seconds=1,
        read_seconds=1,
        idle_connections=1,
    )

    with pytest.raises(OutOfPatience):
        get(wire)
    close.assert_called_once()


def test_a_connection_is_used_again(wire_to: WireTo) -> None:
    with Peer(answers(*[OK + b"Content-Length: 5\r\n\r\nhello"] * 3)) as peer:
        wire = wire_to(peer)
        assert [get(wire).read_whole() for _ in range(3)] == [b"hello"] * 3
    assert peer.accepted == 1


def test_a_connection_that_is_to_be_closed_is_not_used_again(wire_to: WireTo) -> None:
    closing = answers(OK + b"Content-Length: 0\r\nConnection: close\r\n\r\n")
    with Peer(closing, closing) as peer:
        wire = wire_to(peer)
        get(wire).read_whole()
        get(wire).read_whole()
    assert peer.accepted == 2


def test_a_connection_that_was_closed_while_idle_is_not_used_again(wire_to: WireTo) -> None:
    once = answers(OK + b"Content-Length: 0\r\n\r\n")
    with Peer(once, once) as peer:
        wire = wire_to(peer)
        get(wire).read_whole()
        assert peer.ended.acquire(timeout=10)

        assert get(wire).status == 200


def test_a_body_that_is_given_up_closes_its_connection(wire_to: WireTo) -> None:
    def unread(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK + b"Content-Length: 100000000\r\n\r\nhello")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            # What is not read makes the close a reset.
            connection.sendall(bytes(50 * MIB))

    with Peer(unread) as peer:
        answer = get(wire_to(peer))
        answer.read(5)
        answer.close()


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 6\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        OK + b"Content-Le",
        b"",
    ],
    ids=["fewer bytes", "no last chunk", "half a head", "nothing"],
)
def test_an_answer_that_ends_early_is_never_taken_for_a_whole_one(wire_to: WireTo, answer: bytes) -> None:
    with Peer(answers(answer)) as peer, pytest.raises(ConnectionClosedError):
        get(wire_to(peer)).read_whole()


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na",
        OK + b"Content-Length: 0\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
    ],
    ids=["another protocol", "two lengths", "two answers"],
)
def test_what_is_not_one_answer_of_http_is_refused(wire_to: WireTo, answer: bytes) -> None:
    with Peer(answers(answer)) as peer, pytest.raises(HTTPClientError):
        get(wire_to(peer)).read_whole()


def test_who_refuses_a_body_before_it_is_sent_is_heard(wire_to: WireTo) -> None:
    refusal = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with Peer(answers(refusal)) as peer:
        answer = wire_to(peer).exchange("PUT", "/bucket/key", {"host": "a"}, memoryview(bytes(32 * MIB)))

        assert answer.status == 503


def test_silence_is_told_as_silence(wire_to: WireTo) -> None:
    def silent(connection: socket.socket) -> None:
        request_of(connection)
        connection.recv(1)

    with Peer(silent) as peer, pytest.raises(ReadTimeoutError):
        get(wire_to(peer))


def test_silence_in_the_middle_of_a_long_body_is_told_as_silence(wire_to: WireTo) -> None:
    def falls_silent(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK + f"Content-Length: {4 * MIB}\r\n\r\n".encode() + bytes(MIB))
        connection.recv(1)

    with Peer(falls_silent) as peer, pytest.raises(ReadTimeoutError):
        get(wire_to(peer)).read_whole()


def test_where_nobody_listens_that_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    endpoint = Endpoint("http", "127.0.0.1", port, "/", "us-east-1")

    with pytest.raises(EndpointConnectionError):
        get(Wire(endpoint, connect_seconds=1, read_seconds=1, idle_connections=1))


# Batches ---------------------------------------------------------------------------------------------------------


def pieces_of(answer: Answer, room_bytes: int) -> Iterator[bytes]:
    room = memoryview(bytearray(room_bytes))
    while count := answer.readinto(room):
        yield bytes(room[:count])


@pytest.mark.parametrize("room_bytes", [1000, BATCH_BYTES, 3 * BATCH_BYTES + 7])
def test_a_long_body_is_the_same_whatever_it_is_read_into(wire_to: WireTo, room_bytes: int) -> None:
    body = bytes(range(256)) * 8192 + b"the end"
    with Peer(answers(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)) as peer:
        assert b"".join(pieces_of(get(wire_to(peer)), room_bytes)) == body


def test_read_and_readinto_can_be_mixed(wire_to: WireTo) -> None:
    body = bytes(range(256)) * 4096
    with Peer(answers(OK + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)) as peer:
        answer = get(wire_to(peer))
        begun = answer.read(10) + answer.read(100_000)
        assert begun + b"".join(pieces_of(answer, 70_000)) == body


def test_a_long_body_that_comes_more_slowly_than_a_batch_is_no_silence(wire_to: WireTo) -> None:
    trickled = BATCH_BYTES // 4

    def trickle(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK + f"Content-Length: {2 * MIB}\r\n\r\n".encode())
        pause = threading.Event()
        for _ in range(3):
            connection.sendall(bytes(trickled))
            # Less than the reader's patience for each, more than it for a batch: being slow is what this peer does.
            pause.wait(READ_SECONDS * 0.7)
        connection.sendall(bytes(2 * MIB - 3 * trickled))

    with Peer(trickle) as peer:
        assert len(get(wire_to(peer)).read_whole()) == 2 * MIB
    with Peer(trickle) as peer:
        assert sum(map(len, pieces_of(get(wire_to(peer)), MIB))) == 2 * MIB


def test_behind_a_long_body_a_short_answer_is_read_at_once(wire_to: WireTo) -> None:
    long = OK + f"Content-Length: {2 * MIB}\r\n\r\n".encode() + bytes(2 * MIB)
    with Peer(answers(long, OK + b"Content-Length: 5\r\n\r\nhello")) as peer:
        wire = wire_to(peer)
        for _ in pieces_of(get(wire), BATCH_BYTES):
            pass

        # A reader that still waited for a batch would wait for its time limit, and fail.
        assert get(wire).read_whole() == b"hello"
    assert peer.accepted == 1
