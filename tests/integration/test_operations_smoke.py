"""The smoke test tells a service that works from one that does not, and from something else."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.integration.keys import Desk
from tests.integration.stack import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.stack import Service, Stack

pytestmark = pytest.mark.thorough


def _smoke(url: str, key: str | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FILES_API_")}
    return subprocess.run(
        [sys.executable, "-m", "files_api.operations", "smoke", "--url", url],
        env={**clean, **({"FILES_API_KEY": key} if key is not None else {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def guarded(stack: Stack) -> Service:
    return stack.service(FILES_API_ACCESS="keys")


@pytest.fixture
def stranger() -> Iterator[str]:
    """The URL of something that answers everything, and is not the service."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = 200 if self.path == "/health/live" else 401
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Not into the output of the tests."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_service_that_works_passes_and_no_file_is_left(guarded: Service, stack: Stack) -> None:
    key = Desk(stack.storage).make()

    done = _smoke(guarded.url, str(key.text))

    assert done.returncode == 0, done.stderr
    for what in (
        "it is alive",
        "files are not open to anybody",
        "a file goes in",
        "it comes out",
        "it goes away",
    ):
        assert f"ok: {what}" in done.stdout
    listed = stack.storage.client.list_objects_v2(Bucket=BUCKET, Prefix="smoke/")
    assert listed["KeyCount"] == 0


def test_without_a_key_only_what_is_open_is_looked_at(guarded: Service) -> None:
    done = _smoke(guarded.url)

    assert done.returncode == 0, done.stderr
    assert "No API key (FILES_API_KEY): no file was written." in done.stdout


def test_a_service_that_lets_everybody_in_fails(service: Service) -> None:
    done = _smoke(service.url)

    assert done.returncode == 1
    assert done.stderr == "GET /v1/files answered 200 instead of 401.\n"


def test_a_key_that_is_refused_fails_with_the_reason_and_is_not_shown(guarded: Service) -> None:
    done = _smoke(guarded.url, "not-a-key")

    assert done.returncode == 1
    assert "answered 401 instead of 201 (" in done.stderr
    assert "not-a-key" not in done.stdout + done.stderr


def test_something_else_than_the_service_fails(stranger: str) -> None:
    done = _smoke(stranger)

    assert done.returncode == 1
    assert "as 'text/html': that is not the service." in done.stderr


def test_nobody_there_fails_in_a_sentence() -> None:
    done = _smoke("http://127.0.0.1:1")

    assert done.returncode == 1
    assert done.stderr.startswith("GET /health/live got no answer from http://127.0.0.1:1: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["files.example.com", "ftp://files.example.com", "https://"])
def test_what_is_no_url_is_refused_before_anything_is_asked(url: str) -> None:
    done = _smoke(url)

    assert done.returncode == 2
    assert done.stderr.startswith("URL must be that of the service")
