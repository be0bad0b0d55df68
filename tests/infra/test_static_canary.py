"""The canary's script, against the real service with an API key; and its package, as Synthetics wants it.

Synthetics itself has no emulator: that it runs the script there is not shown here.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.infra.static_terraform import ROOT
from tests.integration.keys import Desk
from tests.integration.stack import BUCKET, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

FOLDER = ROOT / "terraform/modules/observability/canary"
PARAMETER = "/files-api/tests/secrets/canary-key"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    running = Stack()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def canary() -> ModuleType:
    """The script, loaded from its file, as Lambda does."""
    spec = importlib.util.spec_from_file_location("canary", FOLDER / "canary.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Parameters:
    """What takes the place of SSM: it tells the canary's key to whoever asks for it by name, decrypted."""

    def __init__(self, key: str) -> None:
        self._key = key

    def get_parameter(self, **asked: object) -> dict[str, Any]:
        assert asked == {"Name": PARAMETER, "WithDecryption": True}
        return {"Parameter": {"Value": self._key}}


def run(canary: ModuleType, monkeypatch: pytest.MonkeyPatch, url: str, key: str | None = None) -> None:
    monkeypatch.setenv("SERVICE_URL", url)
    if key is not None:
        monkeypatch.setenv("KEY_PARAMETER", PARAMETER)
        monkeypatch.setattr(boto3, "client", {"ssm": Parameters(key)}.__getitem__)
    canary.handler({}, None)


def test_a_run_stores_reads_and_deletes_a_file_with_a_key_that_may_touch_nothing_else(
    stack: Stack, canary: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a service that knows its clients, and the canary's key.
    service = stack.fresh_service(FILES_API_ACCESS="keys")
    key = Desk(stack.storage).make(root="canary")

    # When it runs, then it ends well,
    run(canary, monkeypatch, service.url, str(key.text))

    # and has stored a file, read it, and left nothing behind.
    requests = [record for record in service.log.records() if record.get("event") == "request"]
    service.stop()
    assert [(record["method"], record["status"]) for record in requests if "/canary-" in record["path"]] == [
        ("PUT", 201),
        ("GET", 200),
        ("DELETE", 204),
    ]
    assert "Contents" not in stack.storage.client.list_objects_v2(Bucket=BUCKET, Prefix="canary/")


def test_without_a_key_it_asks_for_the_health_alone(
    stack: Stack, canary: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = stack.fresh_service(FILES_API_ACCESS="keys")

    run(canary, monkeypatch, service.url)

    service.stop()
    paths = [record["path"] for record in service.log.records() if record.get("event") == "request"]
    assert not any(path.startswith("/v1/") for path in paths)


def test_a_key_that_is_refused_fails_the_run_and_its_text_names_the_request(
    stack: Stack, canary: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = stack.fresh_service(FILES_API_ACCESS="keys")

    with pytest.raises(canary.CanaryError, match=r"gave 401, request [0-9a-f-]+"):
        run(canary, monkeypatch, service.url, "no-such-key")
    service.stop()


def test_a_service_that_is_not_there_fails_the_run(
    canary: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="refused"):
        run(canary, monkeypatch, "http://127.0.0.1:9")


class _Liar(BaseHTTPRequestHandler):
    """Answers what the test wants, and remembers what it was asked."""

    def do_GET(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing."""

    def _answer(self) -> None:
        server: Any = self.server
        server.asked.append(f"{self.command} {self.path.split('/')[1]}")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = server.answers[self.command]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def liar() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Liar)
    server.asked = []
    server.answers = {"GET": (200, b"other bytes"), "PUT": (201, b""), "DELETE": (204, b"")}
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


def test_other_bytes_than_were_stored_fail_the_run_which_deletes_all_the_same(
    liar: Any, canary: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(canary.CanaryError, match="other bytes than were stored"):
        run(canary, monkeypatch, f"http://127.0.0.1:{liar.server_port}", "key")

    assert liar.asked[-1] == "DELETE v1"


def test_a_redirect_is_not_followed_with_the_key(
    liar: Any, canary: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    liar.answers["PUT"] = (308, b"")

    with pytest.raises(canary.CanaryError, match="gave 308"):
        run(canary, monkeypatch, f"http://127.0.0.1:{liar.server_port}", "key")


def test_an_unwell_dependency_alone_is_no_reason_to_wake_somebody(
    stack: Stack, canary: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a service whose bucket is not there, so that /health/deep answers 503.
    service = stack.fresh_service(FILES_API_BUCKET="no-such-bucket")

    # When the canary looks at its health, then it ends well, and the service has logged what is wrong.
    run(canary, monkeypatch, service.url)
    service.log.wait_for(lambda record: record.get("event") == "health_check_failed")
    service.stop()


# The package


def pack(folder: Path) -> Path:
    package = folder / "new folder/canary.zip"
    command = [sys.executable, str(FOLDER / "package.py"), str(FOLDER / "canary.py"), str(package)]
    subprocess.run(command, check=True, timeout=30)
    return package


def test_the_package_has_the_script_where_synthetics_looks_for_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(pack(tmp_path)) as package:
        assert package.namelist() == ["python/canary.py"]
        assert package.read("python/canary.py") == (FOLDER / "canary.py").read_bytes()
        # Lambda runs it as another user.
        assert package.getinfo("python/canary.py").external_attr >> 16 & 0o444 == 0o444


def test_the_same_script_makes_the_same_package(tmp_path: Path) -> None:
    assert pack(tmp_path / "one").read_bytes() == pack(tmp_path / "two").read_bytes()
