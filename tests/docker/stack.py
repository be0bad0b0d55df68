"""`docker compose` with the repository's compose.yaml, in a copy of the checkout."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.docker.builds import compose_override
from tests.docker.prerequisites import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.docker.engine import Engine

PROJECT = "files-api-test"
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Answer:
    """What came back."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body


class Stack:
    """The whole of compose.yaml.

    Args:
        engine: Runs it.
        checkout: A copy of the repository, in which files may be changed.
        folder: For what this machine has to say to builds.
    """

    def __init__(self, engine: Engine, checkout: Path, folder: Path) -> None:
        self.engine = engine
        self.checkout = checkout
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.environment = {
            "COMPOSE_FILE": f"compose.yaml:{compose_override(folder)}",
            "COMPOSE_PROJECT_NAME": PROJECT,
            "PORT": str(self.port),
            "USERS": "10",
            "DURATION": "5s",
        }

    def compose(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `docker compose …`."""
        return self.engine.run("compose", *command, cwd=self.checkout, env=self.environment, check=check)

    def watch(self) -> subprocess.Popen[str]:
        """Start `docker compose watch`."""
        return self.engine.follow("compose", "watch", "--no-up", cwd=self.checkout, env=self.environment)

    def container(self, service: str = "service") -> str:
        """The id of the container of a service."""
        return self.compose("ps", "--quiet", service).stdout.strip()

    def inspect(self, service: str = "service") -> dict[str, Any]:
        """All that the engine knows of it."""
        (found,) = json.loads(self.engine.run("inspect", self.container(service)).stdout)
        known: dict[str, Any] = found
        return known

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run something in the service's container, as the service."""
        return self.engine.run("exec", self.container(), *command, check=False)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Ask the service, from outside."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=body,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            with _NO_PROXY.open(request, timeout=30) as response:
                return Answer(response.status, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())


def copy_checkout(target: Path) -> Path:
    """Copy what Git knows of, or would know of, as it is on the disk."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())
    return target


def running(stack: Stack) -> Iterator[Stack]:
    """Have it up, as somebody has who typed `docker compose up` on a new machine."""
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "120")
    try:
        yield stack
    finally:
        stack.compose("--profile", "load", "down", "--volumes", "--timeout", "10")
