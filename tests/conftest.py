"""What holds for every test: no unit test opens a socket, and no test at all reaches beyond this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_LOOPBACK = ["127.0.0.0/8"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE / "unit"):
            item.add_marker(pytest.mark.disable_socket)
        elif item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.allow_hosts(_LOOPBACK))
