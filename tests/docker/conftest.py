"""One engine, one base image and one stack for all these tests."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.docker import engine as engines
from tests.docker import stack as stacks
from tests.docker.builds import build_arguments
from tests.docker.prerequisites import ROOT, require

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docker.engine import Engine
    from tests.docker.stack import Stack

_HERE = Path(__file__).parent
IMAGE = "files-api:test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            # The first one waits for the engine, the base image and the builds.
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """A Docker engine with a stand-in for the base image."""
    require()
    # Not pytest's own folder, which is kept.
    for one in engines.engine(Path(tempfile.mkdtemp(prefix="files-api-docker."))):
        one.make_base()
        yield one


@pytest.fixture(scope="session")
def image(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The service's image, as a release builds it."""
    engine.run(
        *("build", "--tag", IMAGE, "--build-arg=VERSION=1.2.3", "--build-arg=COMMIT=abc123"),
        *build_arguments(tmp_path_factory.mktemp("secrets")),
        ".",
        cwd=ROOT,
    )
    return IMAGE


@pytest.fixture(scope="session")
def stack(image: str, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """compose.yaml, up and healthy."""
    checkout = stacks.copy_checkout(tmp_path_factory.mktemp("checkout"))
    yield from stacks.running(stacks.Stack(engine, checkout, tmp_path_factory.mktemp("secrets")))
