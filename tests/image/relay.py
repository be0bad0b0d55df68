"""Brings connections from the machines' networks to servers of the tests, which listen on loopback alone."""

from __future__ import annotations

import ctypes
import os
import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CLONE_NEWNET = 0x40000000
_IP_FREEBIND = 15
_CHUNK_BYTES = 256 * 1024


class Relay:
    """Takes connections at one place, and carries each of them to another one.

    Args:
        listener: Where connections come in. It is closed with the relay.
        port: The port on this machine's loopback that they go to.
    """

    def __init__(self, listener: socket.socket, port: int) -> None:
        self._listener = listener
        self._port = port
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._wake.close()
        self._thread.join()
        self._listener.close()
        self._woken.close()

    def _accept(self) -> None:
        while True:
            ready, _, _ = select.select([self._listener, self._woken], [], [])
            if self._woken in ready:
                return
            near, _ = self._listener.accept()
            try:
                far = socket.create_connection(("127.0.0.1", self._port), timeout=10)
            except OSError:
                near.close()  # as if nobody listened there
                continue
            far.settimeout(None)
            # Daemons: one whose ends are both silent is nobody's business when the tests are over.
            threading.Thread(target=_carry, args=(near, far), daemon=True).start()


def on_host(address: str, port: int) -> Relay:
    """Make one from any port of an address of this machine to a port on its loopback."""
    return Relay(socket.create_server((address, 0), backlog=512), port)


def in_network_of(pid: int, address: str, address_port: int, port: int) -> Relay:
    """Make one from inside the network of a process: a socket belongs where it was made."""

    def make() -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # The address may come later than this.
        listener.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        listener.bind((address, address_port))
        listener.listen(64)
        return listener

    return Relay(_in_network(pid, make), port)


def _in_network(pid: int, make: Callable[[], socket.socket]) -> socket.socket:
    """Run something in a thread that is in another network, and ends there."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(_enter_and_make, pid, make).result()


def _enter_and_make(pid: int, make: Callable[[], socket.socket]) -> socket.socket:
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(namespace)
    return make()


def _carry(near: socket.socket, far: socket.socket) -> None:
    """Carry bytes both ways until both have ended."""
    open_ends = {near: far, far: near}
    with near, far:
        while open_ends:
            for end in select.select(list(open_ends), [], [])[0]:
                try:
                    data = end.recv(_CHUNK_BYTES)
                    if data:
                        open_ends[end].sendall(data)
                    else:
                        open_ends.pop(end).shutdown(socket.SHUT_WR)
                except OSError:
                    return  # one of them is gone, and so is the connection
