"""The emulated AWS as a test sees it: a process, its URL, clients for it, and what it was asked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config
from tests.infra.emulator import journal

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[2]
REGION = "eu-central-1"
ACCOUNT = "123456789012"
_KEYS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}
_STOP_SECONDS = 20


class EmulatedAws:
    """An AWS with nothing in it, in a process of its own, for as long as the context lasts.

    Args:
        folder: Where its journal and what it writes to stderr are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._journal = folder / "journal.jsonl"
        self._stderr = folder / "emulator.log"

    def __enter__(self) -> Self:
        with self._stderr.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.infra.emulator", "--journal", str(self._journal)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=own_environment(),
            )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            self._process.communicate(timeout=_STOP_SECONDS)
            raise AssertionError("the emulator did not start:\n" + self._stderr.read_text(encoding="utf-8"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # It ends when its standard input does.
        self._process.communicate(timeout=_STOP_SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        """What every program is told that shall talk to this AWS and to no other."""
        return {**own_environment(), **_KEYS, "AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION}

    def client(self, service: Any) -> Any:
        """Make a client of boto3."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=_KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=_KEYS["AWS_SECRET_ACCESS_KEY"],
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, proxies={}),
        )

    def requests(self) -> list[dict[str, Any]]:
        """Everything that it was asked so far, with the status of each answer."""
        return journal.records(self._journal)

    def calls(self) -> set[str]:
        """The calls that it was asked, by service: autoscaling:StartInstanceRefresh."""
        return {f"{one['service']}:{one['action']}" for one in self.requests() if one["action"]}

    def failures(self) -> list[dict[str, Any]]:
        """The requests that moto could not deal with."""
        return [one for one in self.requests() if one["status"] >= 500]


def own_environment() -> dict[str, str]:
    """This environment without anything that could lead to the real AWS, or to somebody's settings."""
    names = ("AWS_", "FILES_API_", "OPENAI_", "OTEL_", "TF_VAR_", "TF_LOG", "TF_WORKSPACE", "MOTO_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return {
        **clean,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }
