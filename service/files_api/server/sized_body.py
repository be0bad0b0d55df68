"""A request body of known length, read from the client's connection without gunicorn's buffers in between.

gunicorn copies each byte four times on its way to the application; a gigabyte costs a quarter of a second of CPU so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from files_api.server.connection import Connection

_ANY_SIZE_BYTES = 64 * 1024


class SizedBody:
    """Stands in for gunicorn's Body, and for `wsgi.input`.

    Args:
        unreader: gunicorn's, which holds what came with the head, and of which gunicorn reads the next request.
        connection: The client's.
        length: Of the body, in bytes.
    """

    #: Whether reading has failed, so that nobody knows where the next request begins: gunicorn asks for this.
    failed = False

    def __init__(self, unreader: Any, connection: Connection, length: int) -> None:
        held = unreader.take_buffered()
        self._held = memoryview(held)[:length]
        # The client may have sent its next request already.
        unreader.unread(held[length:])
        self._connection = connection
        self._left = length

    def readinto(self, room: memoryview) -> int:
        """Put into `room` what there is, and tell how many bytes; 0 at the end, or where the client has gone.

        Raises:
            BodyTooSlow: The client's time for its body is over.
            OSError: The connection is broken.
        """
        room = room[: self._left]
        if not room:
            return 0
        try:
            count = self._take_held(room) or self._connection.receive_body_into(room, self._left)
        except BaseException:
            self.failed = True
            raise
        self.failed = not count
        self._left -= count
        return count

    def _take_held(self, room: memoryview) -> int:
        piece, self._held = self._held[: len(room)], self._held[len(room) :]
        room[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = _ANY_SIZE_BYTES) -> bytes:
        """The same as bytes of its own, as gunicorn reads what the application has left unread."""
        room = bytearray(min(size, self._left))
        with memoryview(room) as view:
            count = self.readinto(view)
        return bytes(room[:count])
