"""The fixtures: one stack per test process, a key prefix per test."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import Client
from tests.integration.faults import StorageProxy
from tests.integration.stack import Bucket, Service, Stack
from tests.integration.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    StartService = Callable[..., Service]
    ClientOf = Callable[[Service], Client]


#: The settings of a service that has little patience with S3.
IMPATIENT = {
    "FILES_API_S3_CONNECT_TIMEOUT_SECONDS": "1",
    "FILES_API_S3_READ_TIMEOUT_SECONDS": "1",
    "FILES_API_S3_ATTEMPTS": "2",
    "FILES_API_REQUEST_DEADLINE_SECONDS": "3",
}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what a service found wrong beside the failure: a 500 tells its client nothing."""
    report = yield
    stack = item.funcargs.get("stack")
    if report.failed and isinstance(stack, Stack):
        report.sections.append(
            (f"Errors that services have logged ({call.when})", "\n".join(stack.errors_logged()[-10:]))
        )
    return report


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    running = Stack()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def service(stack: Stack) -> Service:
    return stack.service()


@pytest.fixture
def prefix() -> str:
    """Where this test keeps its files; nobody else does."""
    return f"t-{uuid.uuid4().hex}"


@pytest.fixture
def client(service: Service, prefix: str) -> Client:
    return Client(service.address, prefix)


@pytest.fixture
def client_of(prefix: str) -> ClientOf:
    """A client of another service, in the same place of the same bucket."""
    return lambda service: Client(service.address, prefix)


@pytest.fixture
def bucket(stack: Stack, prefix: str) -> Bucket:
    return Bucket(stack.storage.client, prefix)


@pytest.fixture
def fresh_service(stack: Stack) -> Iterator[StartService]:
    """Starts services that belong to this test alone, and stops them."""
    started: list[Service] = []

    def start(**settings: Any) -> Service:
        started.append(stack.fresh_service(**settings))
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture(scope="session")
def running_proxy(stack: Stack) -> Iterator[StorageProxy]:
    proxy = StorageProxy(stack.storage.address)
    yield proxy
    proxy.stop()


@pytest.fixture
def storage(running_proxy: StorageProxy) -> Iterator[StorageProxy]:
    """The way from `watched` to S3: it tells what went over it, and can be damaged."""
    running_proxy.heal()
    yield running_proxy
    running_proxy.heal()


@pytest.fixture
def watched_service(stack: Stack, storage: StorageProxy) -> Service:
    """A service that reaches S3 through `storage`, and has little patience with it."""
    return stack.service(AWS_ENDPOINT_URL=storage.url, **IMPATIENT)


@pytest.fixture
def watched(watched_service: Service, prefix: str) -> Client:
    return Client(watched_service.address, prefix)


@pytest.fixture(scope="session")
def running_upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.stop()


@pytest.fixture
def upstream(running_upstream: Upstream) -> Iterator[Upstream]:
    """What `generating` takes for OpenAI: it tells of every call, fails as it is told, and can hold answers back."""
    running_upstream.heal()
    yield running_upstream
    running_upstream.heal()


@pytest.fixture
def generating_service(stack: Stack, upstream: Upstream) -> Service:
    """A service that asks `upstream`, with room for one generation: a place that is not given back shows at once."""
    return stack.service(
        OPENAI_BASE_URL=upstream.url,
        FILES_API_GENERATION_CONCURRENCY="1",
        FILES_API_GENERATION_DEADLINE_SECONDS="15",
        FILES_API_MAX_GENERATED_BYTES="16000000",
        FILES_API_LOG_LEVEL="DEBUG",
    )


@pytest.fixture
def generating(generating_service: Service, prefix: str) -> Client:
    return Client(generating_service.address, prefix)
