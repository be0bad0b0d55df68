"""What these tests need of the machine that they run on. Where it is not there, they say so and do not run."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path

from tests.prerequisites import need

ROOT = Path(__file__).parents[2]
#: Programs, and the Debian packages that have them.
_PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "dpkg-deb": "dpkg",
    "haproxy": "haproxy",
    "packer": "packer",
}
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
PLAYBOOK = ROOT / ".venv-tools/bin/ansible-playbook"


def missing() -> list[str]:
    """What is missing, each in a few words."""
    found = []
    if platform.system() != "Linux":
        return ["Linux"]
    if os.geteuid() != 0:
        found.append("root, which makes containers and networks")
    packages = {package for program, package in _PROGRAMS.items() if not shutil.which(program, path=_PATH)}
    if packages:
        found.append(f"apt-get install {' '.join(sorted(packages))}")
    if not PLAYBOOK.exists():
        found.append("make tools")
    return found


def require() -> None:
    """Go on only where nothing is missing (`tests.prerequisites.need`)."""
    need(missing(), "The machine image is")
