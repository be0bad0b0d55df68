"""The network of the machines: a bridge of the tests' own, with an address of the host on it."""

from __future__ import annotations

import itertools
import subprocess

#: Set aside for measuring devices (RFC 2544), so that it is nobody's real network.
SUBNET = "198.18.77"


class Bridge:
    """A bridge, made and taken away by the tests."""

    def __init__(self) -> None:
        self.name = "files-api-t0"
        self.gateway = f"{SUBNET}.1"
        self._numbers = itertools.count(10)
        # What a run that was killed has left behind.
        subprocess.run(["ip", "link", "delete", self.name], stderr=subprocess.DEVNULL, check=False)
        _ip("link", "add", self.name, "type", "bridge")
        _ip("address", "add", f"{self.gateway}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")

    def new_address(self) -> str:
        """An address that no machine has had yet."""
        return f"{SUBNET}.{next(self._numbers)}"

    def close(self) -> None:
        _ip("link", "delete", self.name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
