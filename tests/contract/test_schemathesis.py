"""Schemathesis holds the real service to its own document: every operation, every check."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.integration.stack import ROOT

if TYPE_CHECKING:
    from tests.integration.stack import Service

    from files_api.domain.key_management import NewKey

_CONFIG = Path(__file__).with_name("schemathesis.toml")


# One run for each: in a mixed one Schemathesis 4.32 takes values that it made to be wrong for examples of right ones.
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_schemathesis_finds_nothing(service: Service, key: NewKey, mode: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--config-file", str(_CONFIG), "run", f"{service.url}/openapi.json", "--mode", mode),
            *("--header", f"Authorization: Bearer {key.text}"),
        ],
        # It leaves files where it runs.
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.contract.schemathesis_hooks",
            "NO_COLOR": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
    assert "Tested: 10" in run.stdout, run.stdout
