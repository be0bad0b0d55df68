"""The fixtures of the applied tests: one emulated AWS for each environment, applied once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.infra.applied_root import require_terraform
from tests.infra.applied_stack import applied_stack
from tests.infra.emulated_aws import EmulatedAws

from files_api.operations.naming import ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.applied_root import Plan
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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--environment",
        choices=ENVIRONMENTS,
        help="Apply this environment only. Tests that apply none go with the first one.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose what is about the environment that is asked for, in an order that makes sense.

    What is the same in both environments, and is tried in one, is left to `make test-thorough-infra` in the other.
    """
    asked = config.getoption("--environment")
    for item in items:
        environment = _environment_of(item)
        if environment is None:
            continue
        item.add_marker(pytest.mark.timeout(_SECONDS))
        enough = item.get_closest_marker("enough_in")
        if enough is not None and environment != enough.args[0]:
            item.add_marker(pytest.mark.thorough)
    if asked is not None:
        chosen = [item for item in items if (_environment_of(item) or ENVIRONMENTS[0]) == asked]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen
    # The environment first: a stack that another one took the place of would have to be made again.
    items.sort(key=lambda item: (_environment_of(item) or "", _place_of(item)))


def _environment_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    found: str | None = callspec.params.get("stack") if callspec is not None else None
    return found


def _place_of(item: pytest.Item) -> int:
    return _ORDER.index(item.path.stem) if item.path.stem in _ORDER else -1


@pytest.fixture(scope="session")
def empty_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAws]:
    """An AWS with no stack in it, for the tests of the emulator itself."""
    with EmulatedAws(tmp_path_factory.mktemp("empty-aws")) as aws:
        yield aws
        assert aws.failures() == []


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An applied environment. Whatever the tests were about: no request may have been beyond the emulator."""
    require_terraform()
    with applied_stack(request.param, tmp_path_factory.mktemp(request.param)) as applied:
        yield applied
        assert applied.aws.failures() == []


@pytest.fixture(scope="session")
def openai_key(stack: Stack) -> str:
    """A key for OpenAI, put as `make secret` does once the stack is there."""
    key = "sk-proj-made-up-for-the-tests-0123456789"
    stack.ssm.put_parameter(
        Name=f"/files-api/{stack.environment}/secrets/openai-api-key",
        Value=key,
        Type="SecureString",
        Overwrite=True,
    )
    return key


@pytest.fixture(scope="session")
def second_plan(stack: Stack, openai_key: str) -> Plan:
    """What Terraform would change after the apply, and after an operator has put a key."""
    return stack.root.plan()
