"""The fixtures that any part's tests may need."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def without_collector() -> Iterator[None]:
    """No garbage collector, so that what is held by a cycle stays, as it may for minutes in the service."""
    gc.disable()
    yield
    gc.enable()
