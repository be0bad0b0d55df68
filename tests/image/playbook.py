"""Runs the playbook on a machine, over SSH, as Packer does."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.image.prerequisites import PLAYBOOK, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_RECAP = re.compile(r"ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")


@dataclass(frozen=True, slots=True)
class Recap:
    """What Ansible says at the end, and all that it has said before."""

    status: int
    output: str
    ok: int
    changed: int
    unreachable: int
    failed: int


def run_playbook(address: str, key: Path, variables: Mapping[str, str]) -> Recap:
    """Run it, and give what came of it."""
    done = subprocess.run(
        [
            *(str(PLAYBOOK), "--inventory", f"{address},", "--user", "admin", "--private-key", str(key)),
            *(
                "--ssh-common-args",
                "-o UserKnownHostsFile=/dev/null",
                "--extra-vars",
                json.dumps(dict(variables)),
            ),
            str(ROOT / "ansible/image.yml"),
        ],
        cwd=ROOT / "ansible",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible/ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
    )
    output = done.stdout + done.stderr
    found = _RECAP.search(output)
    assert found is not None, output[-4000:]
    return Recap(done.returncode, output, *(int(number) for number in found.groups()))
