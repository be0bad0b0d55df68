"""The document as it is served, and a whole running service to hold it to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.stack import Service, Stack

from files_api.devtools.openapi import build_document

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    return build_document()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    stack = Stack()
    yield stack.service()
    stack.stop()
