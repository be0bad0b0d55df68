"""An HTTP server of a test's own, which can be gone with all its connections and come back at the same address."""

from __future__ import annotations

import ssl
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from tests.integration.client import Address


class MortalHandler(BaseHTTPRequestHandler):
    """Handles requests for the `owner` of its server."""

    protocol_version = "HTTP/1.1"
    server: _Listener
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is given
        pass


class MortalServer:
    """Listens on a port of its own from the start.

    Args:
        owner: Whom its handlers ask (`self.server.owner`).
        handler: What handles a request.
        certificate: A file with a certificate and its key, where this is to speak TLS.
    """

    def __init__(self, owner: Any, handler: type[MortalHandler], certificate: Path | None = None) -> None:
        self._owner = owner
        self._handler = handler
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._context.load_cert_chain(certificate)
        self.address: Address = ("127.0.0.1", 0)
        self._listen()

    @property
    def url(self) -> str:
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://{self.address[0]}:{self.address[1]}"

    def _listen(self) -> None:
        self._listener = _Listener(self.address, self._handler)
        self._listener.owner = self._owner
        self.address = ("127.0.0.1", self._listener.server_address[1])
        if self._context is not None:
            self._listener.socket = self._context.wrap_socket(
                # The handler shakes hands, at its first read: who only connects holds up nobody.
                self._listener.socket,
                server_side=True,
                do_handshake_on_connect=False,
            )
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def die(self) -> None:
        """Be gone, if it is not already: nothing listens, and what was connected is broken off."""
        if not self._thread.is_alive():
            return
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self._listener.connections.break_off()

    def revive(self) -> None:
        """Be there again, at the same address, if it was gone."""
        if not self._thread.is_alive():
            self._listen()


class _Connections:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()

    def add(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)

    def discard(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.discard(connection)

    def break_off(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    owner: Any

    def __init__(self, address: Address, handler: type[MortalHandler]) -> None:
        self.connections = _Connections()
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections break here all the time; that is what it is for."""
