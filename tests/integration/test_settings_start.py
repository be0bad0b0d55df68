"""A wrong setting stops the start with one sentence that names it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.integration.stack import CONFIG, ROOT

WRONG = [
    ("FILES_API_BUCKET", ""),
    ("FILES_API_BUCKET", "Not_A_Bucket"),
    ("PORT", "0"),
    ("PORT", "65536"),
    ("PORT", "http"),
    ("WEB_CONCURRENCY", "0"),
    ("FILES_API_MAX_FILE_BYTES", "5GiB"),
    ("FILES_API_MAX_FILE_BYTES", "0"),
    ("FILES_API_MAX_FILE_BYTES", str(2**60)),
    ("FILES_API_PART_SIZE_BYTES", "1024"),
    ("FILES_API_HEADER_TIMEOUT_SECONDS", "soon"),
    ("FILES_API_BODY_TIMEOUT_SECONDS", "-1"),
    ("FILES_API_REQUEST_DEADLINE_SECONDS", "nan"),
    ("AWS_ENDPOINT_URL", "localhost:9000"),
    ("OPENAI_BASE_URL", "ftp://a"),
    ("FILES_API_CORS_ORIGINS", "app.example.com"),
    ("FILES_API_CORS_ORIGINS", "https://a.example/"),
    ("FILES_API_LOG_LEVEL", "LOUD"),
    ("FILES_API_TEXT_MODELS", ","),
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
