"""Long bodies in batches (`files_api.batches`): when a reader is woken, and that slowness is no silence."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, cast

import gevent.socket
import pytest

from files_api.batches import BATCH_BYTES, Batches, has_something_to_read

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG = 10 * BATCH_BYTES
# Of the end of a body, TLS may hold back two records.
SHORT = BATCH_BYTES + 2 * 16 * 1024


class Watched:
    """A real socket that tells after how many bytes it was to wake its reader."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.woken_at: list[int] = []
        self.rooms: list[int] = []
        self.timeouts = 0

    def setsockopt(self, level: int, option: int, value: int) -> None:
        assert (level, option) == (socket.SOL_SOCKET, socket.SO_RCVLOWAT)
        self.woken_at.append(value)

    def recv_into(self, room: memoryview) -> int:
        self.rooms.append(len(room))
        if self.timeouts:
            self.timeouts -= 1
            raise TimeoutError
        return self._sock.recv_into(room)

    def fileno(self) -> int:
        return self._sock.fileno()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair(socket.AF_UNIX)
    near.settimeout(10)
    with near, far:
        yield near, far


@pytest.fixture
def watched(pair: tuple[socket.socket, socket.socket]) -> Watched:
    return Watched(pair[0])


@pytest.fixture
def far(pair: tuple[socket.socket, socket.socket]) -> socket.socket:
    return pair[1]


def batches_of(watched: Watched) -> Batches:
    return Batches(cast("socket.socket", watched))


def room_of(size: int) -> memoryview:
    return memoryview(bytearray(size))


def test_of_a_long_body_the_reader_is_woken_by_a_batch(watched: Watched, far: socket.socket) -> None:
    far.sendall(b"abc")

    batches_of(watched).receive_into(room_of(LONG), LONG)

    assert watched.woken_at == [BATCH_BYTES]


def test_of_the_end_of_a_body_the_reader_is_woken_by_a_byte(watched: Watched, far: socket.socket) -> None:
    far.sendall(b"abc")

    batches_of(watched).receive_into(room_of(SHORT), SHORT)

    assert watched.woken_at == []


def test_towards_the_end_of_a_long_body_a_byte_is_enough_again(watched: Watched, far: socket.socket) -> None:
    far.sendall(b"abcdef")
    batches = batches_of(watched)

    batches.receive_into(room_of(3), LONG)
    batches.receive_into(room_of(3), SHORT)

    assert watched.woken_at == [BATCH_BYTES, 1]


def test_who_stops_leaves_the_socket_as_it_was(watched: Watched, far: socket.socket) -> None:
    far.sendall(b"abc")
    batches = batches_of(watched)
    batches.receive_into(room_of(3), LONG)

    batches.stop()

    assert watched.woken_at[-1] == 1


def test_never_more_than_a_batch_is_taken_at_once(watched: Watched, far: socket.socket) -> None:
    far.sendall(b"abc")

    batches_of(watched).receive_into(room_of(LONG), LONG)

    assert watched.rooms == [BATCH_BYTES]


def test_less_than_a_batch_is_no_silence(watched: Watched, far: socket.socket) -> None:
    far.sendall(b"abc")
    watched.timeouts = 1
    room = room_of(LONG)

    count = batches_of(watched).receive_into(room, LONG)

    assert bytes(room[:count]) == b"abc"


def test_a_connection_that_ended_is_no_silence(watched: Watched, far: socket.socket) -> None:
    far.close()
    watched.timeouts = 1

    assert batches_of(watched).receive_into(room_of(LONG), LONG) == 0


def test_nothing_at_all_is_silence(watched: Watched) -> None:
    watched.timeouts = 1

    with pytest.raises(TimeoutError):
        batches_of(watched).receive_into(room_of(LONG), LONG)


def test_a_wait_that_was_too_long_leaves_nobody_with_the_room(without_collector: None) -> None:
    near, far = gevent.socket.socketpair()
    near.settimeout(0.01)
    lent = bytearray(LONG)

    class Late(Watched):
        """gevent's own wait ends in vain; what was too little for a batch is there when a byte is enough."""

        def setsockopt(self, level: int, option: int, value: int) -> None:
            if value == 1:
                far.sendall(b"abc")

    with near, far:
        assert batches_of(Late(near)).receive_into(memoryview(lent), LONG) == 3

    lent.append(0)  # BufferError where a view of it is left


def test_there_is_nothing_to_read_before_something_comes(pair: tuple[socket.socket, socket.socket]) -> None:
    assert not has_something_to_read(pair[0])


def test_there_is_something_to_read_when_it_has_come(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].sendall(b"x")

    assert has_something_to_read(pair[0])


def test_the_end_is_something_to_read(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].close()

    assert has_something_to_read(pair[0])
