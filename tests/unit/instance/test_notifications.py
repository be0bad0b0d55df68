"""systemd is told how a unit is (`instance.notifications`), where it wants to know."""

from __future__ import annotations

import socket
import uuid
from typing import TYPE_CHECKING

import pytest

from files_api.instance.notifications import Notifications

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def listener() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.settimeout(5)
    return made


def test_states_are_sent_as_one_message(listener: socket.socket, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with listener:
        listener.bind(address)

        Notifications(address).send("READY=1", "STATUS=well")

        assert listener.recv(100) == b"READY=1\nSTATUS=well"


def test_an_address_may_be_abstract(listener: socket.socket) -> None:
    name = uuid.uuid4().hex
    with listener:
        listener.bind(f"\0{name}")

        Notifications(f"@{name}").send("READY=1")

        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", [None, "/nowhere/notify"])
def test_nobody_who_listens_is_no_trouble(address: str | None) -> None:
    Notifications(address).send("READY=1")
