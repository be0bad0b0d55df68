"""The document as it is served, and a whole running service to hold it to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.keys import Desk
from tests.integration.stack import SECRET, Service, Stack

from files_api.devtools.openapi import build_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from files_api.domain.key_management import NewKey


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    return build_document()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    running = Stack()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def service(stack: Stack) -> Service:
    """A service that wants to know who calls, as the document says."""
    return stack.service(FILES_API_ACCESS="keys", OPENAI_API_KEY=SECRET)


@pytest.fixture(scope="session")
def key(stack: Stack) -> NewKey:
    """A key that is good for everything, as often as one likes."""
    return Desk(stack.storage).make()
