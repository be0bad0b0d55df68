"""Long bodies are received in large batches, from clients and from S3 alike.

A reader that is woken for every few packets spends more on being woken than on moving them: with gevent four times as
much. SO_RCVLOWAT (socket(7)) lets the kernel gather a batch first.
"""

from __future__ import annotations

import select
import ssl
from socket import SO_RCVLOWAT, SOL_SOCKET
from typing import TYPE_CHECKING

from gevent import monkey

from files_api.timeout_errors import without_frames

if TYPE_CHECKING:
    import socket

#: So many bytes have to be there before a reader is woken, as long as more than that are to come.
BATCH_BYTES = 256 * 1024
# Of TLS, one record may have been taken from the kernel and not be read yet, another one be there in part.
_UNCOUNTED_BYTES = 2 * 16 * 1024
# gevent's poll would go through its event loop, only to learn whether there is anything to read at once.
_poll = monkey.get_original("select", "poll")


def has_something_to_read(sock: socket.socket) -> bool:
    """Whether a read would return at once: with bytes, with the end of the stream, or with an error."""
    # What TLS has decrypted already is not in the kernel's hands any more.
    if isinstance(sock, ssl.SSLSocket) and sock.pending():
        return True
    poll = _poll()
    poll.register(sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))


class Batches:
    """Receives one body of known length.

    Args:
        sock: The connection it comes on.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._wakes_at = 1

    def receive_into(self, room: memoryview, to_come: int) -> int:
        """Receive a piece of the body, and tell how many bytes; 0 at the end of the stream.

        Args:
            room: Where it goes.
            to_come: How many bytes of the body are to come altogether.

        Raises:
            TimeoutError: Nothing has come for as long as the socket's timeout.
            OSError: The connection is broken.
        """
        self._wake_at(BATCH_BYTES if to_come > BATCH_BYTES + _UNCOUNTED_BYTES else 1)
        # Not more at once: the end of the body has to be read without waiting for a batch, and leaves the socket so.
        room = room[:BATCH_BYTES]
        try:
            return self._sock.recv_into(room)
        except TimeoutError as error:
            # Less than a batch may have come, which is not silence.
            self.stop()
            if not has_something_to_read(self._sock):
                raise
            without_frames(error)
            return self._sock.recv_into(room)

    def stop(self) -> None:
        """Wake the next reader for a single byte."""
        self._wake_at(1)

    def _wake_at(self, count: int) -> None:
        if count != self._wakes_at:
            self._sock.setsockopt(SOL_SOCKET, SO_RCVLOWAT, count)
            self._wakes_at = count
