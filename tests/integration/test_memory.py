"""Bodies stream: a large file does not make a worker large."""

from __future__ import annotations

import http.client
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.client import Client
    from tests.integration.conftest import ClientOf, StartService
    from tests.integration.stack import Service

MIB = 1024 * 1024
SIZE = 120 * MIB
#: Three parts of 8 MiB, their copies on the way to the socket, and what the allocator keeps.
BOUND = 64 * MIB
BOUNDARY = b"a-boundary"

pytestmark = pytest.mark.thorough


@pytest.fixture
def service_of_one(fresh_service: StartService) -> Service:
    return fresh_service()


@pytest.fixture
def warm(service_of_one: Service, client_of: ClientOf) -> Client:
    """A client of a service that has loaded all that a request needs."""
    client = client_of(service_of_one)
    client.put("warm", bytes(17 * MIB))
    client.get("warm")
    return client


class Peak:
    """The largest resident size of a process while this is open, as the kernel keeps it."""

    def __init__(self, pid: int) -> None:
        self._process = Path("/proc") / str(pid)
        (self._process / "clear_refs").write_text("5")  # begins a new peak (man 5 proc)
        self._before = self._read("VmRSS")

    def _read(self, name: str) -> int:
        lines = (self._process / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))

    def growth(self) -> int:
        return self._read("VmHWM") - self._before


def blocks(size: int) -> Iterator[bytes]:
    block = bytes(MIB)
    for _ in range(size // MIB):
        yield block


def form(size: int) -> Iterator[bytes]:
    yield b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file_content"; filename="a"\r\n\r\n'
    yield from blocks(size)
    yield b"\r\n--" + BOUNDARY + b"--\r\n"


def test_a_large_upload_does_not_grow_the_worker(service_of_one: Service, warm: Client) -> None:
    peak = Peak(service_of_one.worker().pid)

    warm.put("large", blocks(SIZE), Content_Length=str(SIZE))

    assert peak.growth() < BOUND


def test_a_large_form_does_not_grow_the_worker(service_of_one: Service, warm: Client) -> None:
    peak = Peak(service_of_one.worker().pid)

    warm.put("large", form(SIZE), Content_Type=f"multipart/form-data; boundary={BOUNDARY.decode()}")

    assert peak.growth() < BOUND


def test_a_large_download_does_not_grow_the_worker(service_of_one: Service, warm: Client) -> None:
    warm.put("large", blocks(SIZE), Content_Length=str(SIZE))
    peak = Peak(service_of_one.worker().pid)

    connection = http.client.HTTPConnection(*warm.address, timeout=60)
    connection.request("GET", warm.target("large"))
    response = connection.getresponse()
    while response.read(MIB):
        pass
    connection.close()

    assert peak.growth() < BOUND


def test_downloads_that_nobody_reads_do_not_grow_the_worker(service_of_one: Service, warm: Client) -> None:
    peak = Peak(service_of_one.worker().pid)
    waiting = threading.Semaphore(0)

    def begin() -> None:
        with warm.raw() as connection:
            connection.send(f"GET {warm.target('warm')} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            connection.read_head()
            started.release()
            waiting.acquire()

    started = threading.Semaphore(0)
    threads = [threading.Thread(target=begin) for _ in range(20)]
    for thread in threads:
        thread.start()
    for _ in threads:
        started.acquire()

    try:
        # Twenty times 17 MiB would be more.
        assert peak.growth() < BOUND
    finally:
        waiting.release(len(threads))
        for thread in threads:
            thread.join()
