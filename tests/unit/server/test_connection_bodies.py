"""Bodies of known length on a connection (`server.connection`): what pace is asked, and who is in work meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import gevent.socket
import pytest

from files_api.server.admission import Admission
from files_api.server.connection import MIN_BODY_BYTES_PER_SECOND, BodyTooSlow, Connection

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

GET = b"GET / HTTP/1.1\r\n\r\n"
PATIENCE_SECONDS = 2.0
ENOUGH = int(MIN_BODY_BYTES_PER_SECOND * PATIENCE_SECONDS)
LONG = 10_000_000


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class SlowSocket:
    """Gives so many bytes after so many seconds, one item of the script per receive; then it is silent."""

    def __init__(self, clock: Clock, *script: tuple[int, float]) -> None:
        self._clock = clock
        self._script = list(script)
        self._patience = 0.0
        self.sent = b""
        self.during: Callable[[], None] = lambda: None

    def settimeout(self, seconds: float) -> None:
        self._patience = seconds

    def setsockopt(self, level: int, option: int, value: int) -> None:
        pass

    def fileno(self) -> int:
        return -1

    def recv_into(self, room: memoryview) -> int:
        self.during()
        count, seconds = self._script.pop(0) if self._script else (0, float("inf"))
        self._clock.now += min(seconds, self._patience)
        if seconds > self._patience:
            raise TimeoutError
        return count

    def send(self, data: bytes) -> int:
        self.sent += bytes(data)
        return len(data)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("files_api.server.connection.time.monotonic", made.monotonic)
    monkeypatch.setattr("files_api.batches.has_something_to_read", lambda _: False)
    return made


def receiving(
    sock: SlowSocket | gevent.socket.socket,
    admission: Admission | None = None,
    *,
    expects_continue: bool = False,
    body_seconds: float = PATIENCE_SECONDS,
) -> Connection:
    connection = Connection(
        cast("socket.socket", sock),
        idle_seconds=75,
        head_seconds=20,
        body_seconds=body_seconds,
        send_seconds=60,
        on_head_timeout=lambda: b"408",
        admission=admission or Admission(10),
    )
    connection.begin_request(expects_continue=expects_continue, close_after_response=lambda: None)
    return connection


def receive(connection: Connection) -> int:
    return connection.receive_body_into(memoryview(bytearray(1000)), LONG)


def test_a_body_that_keeps_the_pace_is_taken_for_as_long_as_it_lasts(clock: Clock) -> None:
    connection = receiving(SlowSocket(clock, *[(ENOUGH, PATIENCE_SECONDS)] * 100))

    assert sum(receive(connection) for _ in range(100)) == 100 * ENOUGH


def test_a_body_that_falls_below_the_pace_is_too_slow(clock: Clock) -> None:
    connection = receiving(SlowSocket(clock, (ENOUGH // 2 - 1, 1.0), (ENOUGH // 2 - 1, 1.0), (1, 0.1)))
    receive(connection)
    receive(connection)

    with pytest.raises(BodyTooSlow):
        receive(connection)


def test_silence_after_a_good_beginning_is_too_slow(clock: Clock) -> None:
    connection = receiving(SlowSocket(clock, (ENOUGH, 0.1)))
    receive(connection)

    with pytest.raises(BodyTooSlow):
        receive(connection)


def test_the_time_that_the_service_takes_is_not_the_clients(clock: Clock) -> None:
    connection = receiving(SlowSocket(clock, (1, 0.1), (1, 0.1)))
    receive(connection)
    clock.now += 3600

    assert receive(connection) == 1


def test_who_was_too_slow_leaves_nobody_with_the_room(without_collector: None) -> None:
    near, far = gevent.socket.socketpair()
    lent = bytearray(LONG)

    with near, far:
        connection = receiving(near, body_seconds=0.01)
        with pytest.raises(BodyTooSlow) as caught:
            connection.receive_body_into(memoryview(lent), LONG)
        del caught

    lent.append(0)  # BufferError where a view of it is left


def test_100_continue_is_sent_before_the_first_wait(clock: Clock) -> None:
    sock = SlowSocket(clock, (5, 0.1), (5, 0.1))
    connection = receiving(sock, expects_continue=True)
    receive(connection)
    receive(connection)

    assert sock.sent == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_who_waits_for_a_body_is_not_in_work(clock: Clock) -> None:
    admission = Admission(1)
    sock = SlowSocket(clock, (5, 0.1))
    connection = receiving(sock, admission)
    refused: list[bool] = []
    sock.during = lambda: refused.append(admission.refusal_of(GET) is not None)

    receive(connection)

    assert (refused, admission.refusal_of(GET) is not None) == ([False], True)


def test_who_was_too_slow_is_in_work_until_it_is_answered(clock: Clock) -> None:
    admission = Admission(1)
    connection = receiving(SlowSocket(clock), admission)

    with pytest.raises(BodyTooSlow):
        receive(connection)
    before = admission.refusal_of(GET)
    connection.end_request()

    assert (before is not None, admission.refusal_of(GET)) == (True, None)
