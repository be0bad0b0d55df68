"""A client's connection, with the patience that a server may have for it.

gunicorn reads and writes sockets without a time limit under gevent, sends `100 Continue` before the application has
decided anything, and closes a connection in a way that can destroy the answer while the client is still sending.
This socket, which gunicorn uses in place of the accepted one, mends these three, and sees to it that everybody gets a
turn.
"""

from __future__ import annotations

import enum
import errno
import socket
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gevent

from files_api.batches import Batches
from files_api.timeout_errors import without_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from files_api.server.admission import Admission

#: A client must send at least this many bytes a second, on average over the patience for bodies
#: (the default of Apache's mod_reqtimeout, https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html).
MIN_BODY_BYTES_PER_SECOND = 500
# nginx's lingering_time and lingering_timeout: long enough that a client which is still sending reads its answer.
_LINGER_SECONDS = 30.0
_LINGER_IDLE_SECONDS = 5.0
_END_OF_HEAD = b"\r\n\r\n"
_LINGER_READ_BYTES = 256 * 1024
# What of a body leaves in one packet with its head; to copy more would cost more than it saves.
_SENT_TOGETHER_BYTES = 16 * 1024


class Phase(enum.Enum):
    """What the server is waiting for."""

    IDLE = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()


class BodyTooSlow(OSError):
    """The client sends its body more slowly than MIN_BODY_BYTES_PER_SECOND."""


def _give_way() -> None:
    """Let everybody else have a turn.

    A greenlet for which everything is there already never waits: one fast client, or a few, would have the worker for
    themselves. And whoever has asked meanwhile is seen before this request is worked on, so that a queue shows as one.

    Not `gevent.sleep(0)`, of which gevent runs up to fifty rounds before it looks at sockets again. A timer is due
    after the sockets were looked at, and of what is due then, the sockets have priority.
    """
    hub = gevent.get_hub()
    hub.wait(hub.loop.timer(0, priority=-1))


class Connection:
    """Stands in for the accepted socket: the part of its interface that gunicorn uses.

    Args:
        sock: The accepted socket, of gevent's.
        idle_seconds: How long a connection may be idle between requests, in seconds.
        head_seconds: How long a client may take for the head of a request, in seconds.
        body_seconds: Over how many seconds of waiting the speed of a body is measured.
        send_seconds: How long a client may take in nothing of an answer, in seconds.
        on_head_timeout: Makes the bytes to answer when a head does not come in time.
        admission: Decides which requests are taken, and counts those in work.
    """

    def __init__(  # noqa: PLR0913  # one patience for each thing to wait for
        self,
        sock: socket.socket,
        *,
        idle_seconds: float,
        head_seconds: float,
        body_seconds: float,
        send_seconds: float,
        on_head_timeout: Callable[[], bytes],
        admission: Admission,
    ) -> None:
        self._sock = sock
        self._idle_seconds = idle_seconds
        self._head_seconds = head_seconds
        self._body_seconds = body_seconds
        self._send_seconds = send_seconds
        self._on_head_timeout = on_head_timeout
        self._admission = admission
        self._phase = Phase.IDLE
        self._head_deadline = 0.0
        self._window_left = 0.0
        self._window_bytes = 0
        self._in_work = False
        self._holds_more = False
        self._continue_due = False
        self._head_due = False
        self._held = b""
        self._is_new = True
        self._closing: Callable[[], None] | None = None
        self._lingers = False
        self._closed = False
        self._batches = Batches(sock)

    # What the worker tells ---------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether no request is being received or answered."""
        return self._phase is Phase.IDLE

    @property
    def is_kept(self) -> bool:
        """Whether it is idle and has had its turn: who has only just connected is about to ask."""
        return self.is_idle and not self._is_new

    def begin_request(self, *, expects_continue: bool, close_after_response: Callable[[], None]) -> None:
        """Note that a head has arrived, and that from now on a body may be read."""
        if self._phase is Phase.IDLE:
            # It was received together with the request before it.
            _give_way()
        self._phase = Phase.BODY
        self._enter()
        self._window_left = self._body_seconds
        self._window_bytes = 0
        self._continue_due = expects_continue
        self._head_due = True
        self._closing = close_after_response

    def end_request(self, *, holds_more: bool = False) -> None:
        """Note that the request was answered.

        Args:
            holds_more: Whether gunicorn has bytes of the next request already.
        """
        self._head_due = False
        self._holds_more = holds_more
        try:
            self._release()
        finally:
            self._phase = Phase.IDLE
            self._leave()
        self._closing = None

    # What the application tells -----------------------------------------------------------------------------------

    def leave_body_unread(self) -> None:
        """Close after this answer, since the client's body was not read to its end."""
        if self._closing is not None:
            self._closing()
        self._lingers = True

    # What gunicorn calls ------------------------------------------------------------------------------------------

    def recv(self, size: int) -> bytes:
        """Receive; nothing at all when the client's time is over, as if it had gone.

        Raises:
            BodyTooSlow: The client's time for its body is over.
        """
        if self._phase is Phase.BODY:
            return self._recv_body(size)
        if self._phase is Phase.IDLE:
            return self._recv_new_request(size)
        data = self._recv_within(size, self._head_deadline - time.monotonic())
        if data is None:
            self._send(self._on_head_timeout())
            self._lingers = True
        return data or b""

    def _recv_new_request(self, size: int) -> bytes:
        while self._phase is Phase.IDLE:
            # Who has only just connected has something to say; patience is for connections that are kept alive.
            data = self._recv_within(size, self._head_seconds if self._is_new else self._idle_seconds)
            self._is_new = False
            refused = self._admission.refusal_of(data) if data else None
            if refused is not None and self._holds_more:
                # What gunicorn holds of this request would be taken for the beginning of the next one.
                refused = replace(refused, closes=True)
            if refused is None:
                self._phase = Phase.HEAD
                self._head_deadline = time.monotonic() + self._head_seconds
                if data and _END_OF_HEAD in data:
                    self._enter()
            else:
                self._send(refused.to_bytes())
                if refused.closes:
                    # For gunicorn it is as if the client had gone.
                    self._lingers = True
                    return b""
            _give_way()
        return data or b""

    def _enter(self) -> None:
        if not self._in_work:
            self._in_work = True
            self._admission.enter()

    def _leave(self) -> None:
        if self._in_work:
            self._in_work = False
            self._admission.leave()

    def _recv_body(self, size: int) -> bytes:
        self._ask_for_body()
        started = time.monotonic()
        with self._waiting_for_client():
            data = self._recv_within(size, self._window_left)
        self._judge_pace(started, None if data is None else len(data))
        return data or b""

    def receive_body_into(self, room: memoryview, to_come: int) -> int:
        """Receive a piece of a body, and tell how many bytes; 0 when the client has gone.

        Args:
            room: Where the bytes go.
            to_come: How many bytes of the body are still to come altogether.

        Raises:
            BodyTooSlow: The client's time for its body is over.
        """
        self._ask_for_body()
        started = time.monotonic()
        count: int | None = None
        if self._window_left > 0:
            self._sock.settimeout(self._window_left)
            try:
                with self._waiting_for_client():
                    count = self._batches.receive_into(room, to_come)
            except TimeoutError as error:
                without_frames(error)
        self._judge_pace(started, count)
        return count or 0

    def _ask_for_body(self) -> None:
        if self._continue_due:
            # RFC 9110 section 10.1.1: asked for only now that the body is wanted, so that a request which is refused
            # never sends one.
            self._continue_due = False
            self._send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _judge_pace(self, started: float, received: int | None) -> None:
        """Count what came since `started`; None where nothing did."""
        # Only waiting counts: while we are busy with S3 the client is not to blame.
        self._window_left -= time.monotonic() - started
        self._window_bytes += received or 0
        if self._window_bytes >= MIN_BODY_BYTES_PER_SECOND * self._body_seconds:
            self._window_left = self._body_seconds
            self._window_bytes = 0
        elif received is None:
            self._lingers = True
            raise BodyTooSlow("the client sends its body too slowly")

    @contextmanager
    def _waiting_for_client(self) -> Iterator[None]:
        """While a request waits for its client it is not in work."""
        was_in_work = self._in_work
        self._leave()
        try:
            yield
        finally:
            if was_in_work:
                self._enter()

    def _recv_within(self, size: int, seconds: float) -> bytes | None:
        if seconds <= 0:
            return None
        self._sock.settimeout(seconds)
        try:
            return self._sock.recv(size)
        except TimeoutError as error:
            without_frames(error)
            return None

    def send(self, data: bytes) -> int:
        """Send all of it, as every caller of this method in gunicorn expects."""
        self.sendall(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Send, for as long as the client takes in anything at all.

        gunicorn sends the head of an answer by itself. It is held back until the body begins, or there is none: one
        packet and one system call for a small answer instead of two.

        Raises:
            ConnectionResetError: It does not, which is as good as gone.
        """
        if self._head_due:
            self._head_due = False
            self._held = data
            return
        if self._held and len(data) <= _SENT_TOGETHER_BYTES:
            data, self._held = self._held + data, b""
        self._release()
        self._send(data)

    def _release(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._send(held)

    def _send(self, data: bytes) -> None:
        with self._waiting_for_client():
            self._send_within(data)

    def _send_within(self, data: bytes) -> None:
        self._sock.settimeout(self._send_seconds)
        view = memoryview(data)
        try:
            while view:
                view = view[self._sock.send(view) :]
        except TimeoutError as error:
            raise ConnectionResetError(
                errno.ECONNRESET, "the client does not read its answer"
            ) from without_frames(error)

    def close(self) -> None:
        """Close; where the client may still be sending, so that it can read its answer first.

        A plain close() with bytes unread makes the kernel send a reset, which discards what the client has not read
        yet of our answer (RFC 9112 section 9.6).
        """
        if self._closed:
            return
        self._closed = True
        self._leave()
        try:
            self._release()
            if self._lingers:
                self._linger()
        except OSError:
            pass  # the client is gone, which is what we are waiting for
        finally:
            self._sock.close()

    def _linger(self) -> None:
        self._batches.stop()
        self._sock.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + _LINGER_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            if not self._recv_within(_LINGER_READ_BYTES, min(left, _LINGER_IDLE_SECONDS)):
                return

    def shutdown(self, how: int) -> None:
        """Shut down, as the socket does, once everything is sent."""
        self._release()
        self._sock.shutdown(how)

    def hang_up(self) -> None:
        """End an idle connection from another greenlet: its reader sees the end of the stream."""
        self._sock.shutdown(socket.SHUT_RDWR)

    def __getattr__(self, name: str) -> Any:  # getsockname, fileno and the rest are the socket's own
        return getattr(self._sock, name)
