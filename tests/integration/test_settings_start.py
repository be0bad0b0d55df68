"""A wrong setting stops the start with one sentence that names it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.integration.stack import CONFIG, ROOT

# One of each kind of check; tests/unit/test_settings.py has all of them.
WRONG = [
    ("FILES_API_BUCKET", ""),
    ("FILES_API_ACCESS", ""),
    ("FILES_API_DOCS", "closed"),
    ("PORT", "http"),
    ("FILES_API_PLANS_FILE", "/no/such/file"),
]


def start(name: str, value: str) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "FILES_API_BUCKET": "files",
        "FILES_API_ACCESS": "open",
        "PORT": "1",
        name: value,
    }
    if "PYTHONPATH" in os.environ:
        environ["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", CONFIG, "--check-config"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_stops_the_start(name: str, value: str) -> None:
    ended = start(name, value)

    assert (ended.returncode != 0, ended.stderr.count("\n"), name in ended.stderr) == (True, 1, True), (
        ended.stderr
    )
