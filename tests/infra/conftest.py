"""The fixtures of the applied tests: one emulated AWS for each environment, applied once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.infra.applied_root import require_terraform
from tests.infra.applied_stack import applied_stack
from tests.infra.emulated_aws import EmulatedAws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.applied_stack import Stack

#: In this order: the first one changes nothing, the last one leaves nothing.
_ORDER = (
    "test_applied",
    "test_drift",
    "test_secrets",
    "test_changes",
    "test_service_on_stack",
    "test_deployments",
    "test_switches",
    "test_destroyed",
)
# Terraform's own waits make an apply take two minutes.
_SECONDS = 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what shares an applied stack on one worker (`--dist loadgroup`), in an order that makes sense.

    What is the same in both environments, and is tried in one, is left to `make test-thorough-infra` in the other.
    """
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(_SECONDS))
        enough = item.get_closest_marker("enough_in")
        callspec = getattr(item, "callspec", None)
        if enough is not None and callspec is not None and callspec.params["stack"] != enough.args[0]:
            item.add_marker(pytest.mark.thorough)
    items.sort(key=lambda item: _ORDER.index(item.path.stem) if item.path.stem in _ORDER else -1)


@pytest.fixture(scope="session")
def empty_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAws]:
    """An AWS with no stack in it, for the tests of the emulator itself."""
    with EmulatedAws(tmp_path_factory.mktemp("empty-aws")) as aws:
        yield aws
        assert aws.failures() == []


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("dev", "prod")],
)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An applied environment. Whatever the tests were about: no request may have been beyond the emulator."""
    require_terraform()
    with applied_stack(request.param, tmp_path_factory.mktemp(request.param)) as applied:
        yield applied
        assert applied.aws.failures() == []
