"""The AWS in which roles are enforced, as a test sees it: a process, clients for it, and what roles asked of it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import boto3
from botocore.config import Config
from tests.infra.emulated_aws import own_environment
from tests.infra.role_policies import Demand
from tests.infra.role_terraform import REGION, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}
_STOP_SECONDS = 20


class Asked(NamedTuple):
    """A right that a role asked for, and whether it had it."""

    demand: Demand
    allowed: bool


class RoleAws:
    """An AWS with nothing in it, in a process of its own, for as long as the context lasts.

    Args:
        journal: The file for what roles ask of it; what the server complains of is beside it.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._stderr = journal.with_suffix(".log")

    def __enter__(self) -> Self:
        with self._stderr.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.infra.role_server", str(self._journal)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=own_environment(),
            )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        assert port, "the server did not start:\n" + self._stderr.read_text(encoding="utf-8")
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        # It ends when its standard input does.
        self._process.communicate(timeout=_STOP_SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        """What a program is told that shall talk to this AWS, and may do everything."""
        return {**own_environment(), **_KEYS, "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION}

    def client(self, service: Any, credentials: Mapping[str, str] = _KEYS) -> Any:
        """Make a client of boto3, for an environment with credentials."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={}),
        )

    def asked(self) -> list[Asked]:
        """What roles have asked for so far."""
        return asked_in(self._journal)


def asked_in(journal: Path) -> list[Asked]:
    """Read a journal of `role_server`."""
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    return [
        Asked(Demand(line["action"], line["resource"], line["context"]), line["allowed"]) for line in lines
    ]
