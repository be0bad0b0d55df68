"""A body of known length, past gunicorn's buffers (`server.sized_body`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest
from gunicorn.http.unreader import IterUnreader

from files_api.server.sized_body import SizedBody

if TYPE_CHECKING:
    from files_api.server.connection import Connection


class ScriptedConnection:
    """Gives what it is told to; nothing more means that the client has gone."""

    def __init__(self, *script: bytes | OSError) -> None:
        self.script = list(script)
        self.to_come: list[int] = []

    def receive_body_into(self, room: memoryview, to_come: int) -> int:
        self.to_come.append(to_come)
        data = self.script.pop(0) if self.script else b""
        if isinstance(data, OSError):
            raise data
        room[: len(data)] = data
        return len(data)


def body_of(length: int, held: bytes, *script: bytes | OSError) -> tuple[SizedBody, IterUnreader]:
    unreader = IterUnreader([])
    unreader.unread(held)
    return SizedBody(unreader, cast("Connection", ScriptedConnection(*script)), length), unreader


def read(body: SizedBody, size: int = 100) -> bytes:
    room = memoryview(bytearray(size))
    return b"".join(bytes(room[:count]) for count in iter(lambda: body.readinto(room), 0))


def test_what_came_with_the_head_is_first() -> None:
    body, _ = body_of(6, b"abc", b"def")

    assert read(body) == b"abcdef"


def test_a_small_buffer_gets_all_of_it_in_pieces() -> None:
    body, _ = body_of(6, b"abcd", b"e", b"f")

    assert read(body, size=1) == b"abcdef"


def test_the_next_request_is_left_to_gunicorn() -> None:
    body, unreader = body_of(3, b"abcGET / HTTP/1.1\r\n")
    read(body)

    assert unreader.take_buffered() == b"GET / HTTP/1.1\r\n"


def test_an_empty_body_takes_nothing() -> None:
    body, unreader = body_of(0, b"GET /")

    assert (body.readinto(memoryview(bytearray(5))), unreader.take_buffered()) == (0, b"GET /")


def test_a_client_that_goes_leaves_no_connection_to_go_on_with() -> None:
    body, _ = body_of(6, b"abc")
    read(body)

    assert body.failed


def test_a_body_that_was_read_to_its_end_has_not_failed() -> None:
    body, _ = body_of(6, b"abc", b"def")
    read(body)

    assert not body.failed


def test_a_broken_connection_is_told_and_remembered() -> None:
    body, _ = body_of(6, b"", ConnectionResetError())

    with pytest.raises(ConnectionResetError):
        read(body)
    assert body.failed


def test_gunicorn_can_read_what_the_application_left() -> None:
    body, _ = body_of(6, b"abc", b"def")

    assert [body.read(1024), body.read(1024), body.read(1024)] == [b"abc", b"def", b""]
