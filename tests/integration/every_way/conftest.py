"""The ways to S3: the product's own, plainly and over TLS, and the one on plain boto3 that it is measured against.

Whatever is tested in this folder is tested on each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.integration.certificates import make_certificate
from tests.integration.conftest import IMPATIENT
from tests.integration.faults import StorageProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.stack import Bucket, Service, Stack

#: What is in the environment of a service that takes this way.
WAYS: dict[str, dict[str, str]] = {
    "http": {},
    "https": {"AWS_CA_BUNDLE": "{certificate}"},
    "boto3": {"APPLICATION": "tests.benchmarks.plain_boto3:make_app()"},
}


@pytest.fixture(params=[pytest.param(way, marks=pytest.mark.xdist_group(f"faults-{way}")) for way in WAYS])
def way(request: pytest.FixtureRequest) -> str:
    way: str = request.param
    return way


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def tls_proxy(stack: Stack, certificate: Path) -> Iterator[StorageProxy]:
    proxy = StorageProxy(stack.storage.address, certificate)
    yield proxy
    proxy.stop()


@pytest.fixture
def storage(request: pytest.FixtureRequest, way: str) -> Iterator[StorageProxy]:
    """The way from `watched` to S3: it tells what went over it, and can be damaged."""
    proxy: StorageProxy = request.getfixturevalue("tls_proxy" if way == "https" else "running_proxy")
    proxy.heal()
    yield proxy
    proxy.heal()


@pytest.fixture
def watched_service(stack: Stack, storage: StorageProxy, way: str, certificate: Path) -> Service:
    """A service that reaches S3 through `storage`, and has little patience with it."""
    settings = {name: value.format(certificate=certificate) for name, value in WAYS[way].items()}
    return stack.service(**IMPATIENT, AWS_ENDPOINT_URL=storage.url, **settings)


@pytest.fixture(autouse=True)
def old(bucket: Bucket) -> None:
    """The file that is there before."""
    bucket.put("old", b"old")
