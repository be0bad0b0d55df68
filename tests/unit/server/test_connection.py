"""The patience of a connection (`server.connection`), with a socket that follows a script."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, cast

import pytest

from files_api.server.admission import Admission
from files_api.server.connection import BodyTooSlow, Connection

if TYPE_CHECKING:
    from collections.abc import Callable


class ScriptedSocket:
    """Gives what it is told to, one item per receive; None stands for a timeout."""

    def __init__(self, *script: bytes | None) -> None:
        self.script = list(script)
        self.timeouts: list[float] = []
        self.sent = b""
        self.takes: int | None = 1_000_000
        self.events: list[str] = []

    def settimeout(self, seconds: float) -> None:
        self.timeouts.append(seconds)

    def recv(self, size: int) -> bytes:
        data = self.script.pop(0) if self.script else b""
        if data is None:
            raise TimeoutError
        return data

    def send(self, data: bytes) -> int:
        if self.takes is None:
            raise TimeoutError
        self.sent += bytes(data[: self.takes])
        return min(len(data), self.takes)

    def shutdown(self, how: int) -> None:
        self.events.append(f"shutdown {how}")

    def close(self) -> None:
        self.events.append("close")


def connection_over(sock: ScriptedSocket, admission: Admission | None = None) -> Connection:
    return Connection(
        cast("socket.socket", sock),
        idle_seconds=75,
        head_seconds=20,
        body_seconds=30,
        send_seconds=60,
        on_head_timeout=lambda: b"408",
        admission=admission or Admission(10),
    )


def begin(connection: Connection, *, expects_continue: bool = False) -> list[str]:
    closed: list[str] = []
    connection.begin_request(
        expects_continue=expects_continue, close_after_response=lambda: closed.append("yes")
    )
    return closed


def test_who_has_just_connected_has_the_time_of_a_head() -> None:
    sock = ScriptedSocket(b"GET")
    connection_over(sock).recv(10)

    assert sock.timeouts == [20]


def test_who_was_served_before_may_be_idle_for_longer() -> None:
    sock = ScriptedSocket(b"GET /", b"GET /")
    connection = connection_over(sock)
    connection.recv(10)
    begin(connection)
    connection.end_request()
    connection.recv(10)

    assert sock.timeouts == [20, 75]


def test_an_idle_connection_ends_without_a_word() -> None:
    sock = ScriptedSocket(None)

    assert (connection_over(sock).recv(10), sock.sent) == (b"", b"")


def test_a_head_that_takes_too_long_is_answered() -> None:
    sock = ScriptedSocket(b"GET", None)
    connection = connection_over(sock)
    connection.recv(10)

    assert (connection.recv(10), sock.sent) == (b"", b"408")


def test_a_body_that_does_not_come_is_too_slow() -> None:
    connection = connection_over(ScriptedSocket(None))
    begin(connection)

    with pytest.raises(BodyTooSlow):
        connection.recv(10)


def test_100_continue_is_sent_when_the_body_is_first_wanted() -> None:
    sock = ScriptedSocket(b"body")
    connection = connection_over(sock)
    begin(connection, expects_continue=True)
    before = sock.sent
    connection.recv(10)

    assert (before, sock.sent) == (b"", b"HTTP/1.1 100 Continue\r\n\r\n")


def test_100_continue_is_sent_once() -> None:
    sock = ScriptedSocket(b"bo", b"dy")
    connection = connection_over(sock)
    begin(connection, expects_continue=True)
    connection.recv(10)
    connection.recv(10)

    assert sock.sent.count(b"100 Continue") == 1


def test_everything_is_sent_also_in_pieces() -> None:
    sock = ScriptedSocket()
    sock.takes = 3
    connection_over(sock).sendall(b"0123456789")

    assert sock.sent == b"0123456789"


def test_who_takes_in_nothing_is_as_good_as_gone() -> None:
    sock = ScriptedSocket()
    sock.takes = None

    with pytest.raises(ConnectionResetError):
        connection_over(sock).sendall(b"x")


def test_a_body_left_unread_closes_after_the_answer() -> None:
    connection = connection_over(ScriptedSocket())
    closed = begin(connection)
    connection.leave_body_unread()

    assert closed == ["yes"]


def test_a_body_left_unread_is_read_away_before_the_close() -> None:
    sock = ScriptedSocket(b"rest", b"of the body", b"")
    connection = connection_over(sock)
    begin(connection)
    connection.leave_body_unread()
    connection.close()

    assert (sock.events, sock.script) == ([f"shutdown {socket.SHUT_WR}", "close"], [])


def test_an_ordinary_close_waits_for_nothing() -> None:
    sock = ScriptedSocket(b"unread")
    connection_over(sock).close()

    assert (sock.events, sock.script) == (["close"], [b"unread"])


def test_closing_twice_is_closing_once() -> None:
    sock = ScriptedSocket()
    connection = connection_over(sock)
    connection.close()
    connection.close()

    assert sock.events == ["close"]


# Answers -------------------------------------------------------------------------------------------------------------


class Sends(ScriptedSocket):
    """Keeps apart what was sent apart."""

    def __init__(self) -> None:
        super().__init__()
        self.sends: list[bytes] = []

    def send(self, data: bytes) -> int:
        self.sends.append(bytes(data))
        return len(data)


def answering() -> tuple[Connection, Sends]:
    sock = Sends()
    connection = connection_over(sock)
    begin(connection)
    return connection, sock


def test_a_head_and_a_small_body_leave_together() -> None:
    connection, sock = answering()

    connection.sendall(b"head")
    connection.sendall(b"body")

    assert sock.sends == [b"headbody"]


def test_a_large_body_is_not_copied_to_its_head() -> None:
    connection, sock = answering()

    connection.sendall(b"head")
    connection.sendall(bytes(100_000))

    assert sock.sends == [b"head", bytes(100_000)]


def test_a_head_without_a_body_leaves_at_the_end_of_the_request() -> None:
    connection, sock = answering()

    connection.sendall(b"head")
    connection.end_request()

    assert sock.sends == [b"head"]


@pytest.mark.parametrize("end", [Connection.close, lambda each: each.shutdown(socket.SHUT_RDWR)])
def test_a_head_is_not_lost_when_the_connection_ends(end: Callable[[Connection], None]) -> None:
    connection, sock = answering()

    connection.sendall(b"head")
    end(connection)

    assert sock.sends == [b"head"]


# Admission -----------------------------------------------------------------------------------------------------------


def test_a_request_is_in_work_from_its_head_to_its_answer() -> None:
    admission = Admission(1)
    connection = connection_over(ScriptedSocket(b"GET / HTTP/1.1\r\n\r\n"), admission)
    connection.recv(100)
    while_in_work = admission.refusal_of(b"GET / HTTP/1.1\r\n\r\n")
    begin(connection)
    connection.end_request()

    assert (while_in_work is not None, admission.refusal_of(b"GET / HTTP/1.1\r\n\r\n")) == (True, None)


def test_a_head_that_is_not_whole_is_not_in_work() -> None:
    admission = Admission(1)
    connection_over(ScriptedSocket(b"GET / HT"), admission).recv(100)

    assert admission.refusal_of(b"GET / HTTP/1.1\r\n\r\n") is None


def test_a_connection_that_ends_is_not_in_work() -> None:
    admission = Admission(1)
    connection = connection_over(ScriptedSocket(b"GET / HTTP/1.1\r\n\r\n"), admission)
    connection.recv(100)
    connection.close()

    assert admission.refusal_of(b"GET / HTTP/1.1\r\n\r\n") is None


def test_who_is_refused_is_answered_and_asked_again() -> None:
    admission = Admission(1)
    admission.enter()
    sock = ScriptedSocket(b"GET /a HTTP/1.1\r\n\r\n", b"GET /health/live HTTP/1.1\r\n\r\n")

    data = connection_over(sock, admission).recv(100)

    assert (data[:16], sock.sent[:12]) == (b"GET /health/live", b"HTTP/1.1 503")


def test_who_is_refused_with_a_body_to_come_is_hung_up_on() -> None:
    admission = Admission(1)
    admission.enter()
    sock = ScriptedSocket(b"PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\n")

    assert connection_over(sock, admission).recv(100) == b""


def test_a_connection_that_has_just_asked_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connection_over(ScriptedSocket(b"GET / HTTP/1.1\r\n\r\n"))
    while_others_have_their_turn: list[bool] = []
    monkeypatch.setattr(
        "files_api.server.connection._give_way",
        lambda: while_others_have_their_turn.append(connection.is_idle),
    )

    connection.recv(100)

    assert while_others_have_their_turn == [False]
