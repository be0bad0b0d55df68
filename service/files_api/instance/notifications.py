"""Tells systemd how a unit is.

By sd_notify(3), https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html, which is a datagram.
"""

from __future__ import annotations

import socket


class Notifications:
    """Sends states to systemd, where it wants any.

    Args:
        address: NOTIFY_SOCKET as systemd gives it: a path, or `@` and an abstract name; None where nobody listens.
    """

    def __init__(self, address: str | None) -> None:
        self._address = f"\0{address[1:]}" if address is not None and address.startswith("@") else address

    def send(self, *states: str) -> None:
        """Send states such as READY=1, WATCHDOG=1 or STATUS=text."""
        if self._address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            try:
                sender.sendto("\n".join(states).encode(), self._address)
            except OSError:
                # Whoever is not told decides by himself: systemd restarts what it does not hear of.
                return
