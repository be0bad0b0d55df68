"""What these tests need of the machine that they run on. Where it is not there, they say so and do not run."""

from __future__ import annotations

import os
import platform
import shutil
from contextlib import suppress
from pathlib import Path

from tests.prerequisites import need

ROOT = Path(__file__).parents[2]
#: Programs, and the Debian packages that have them.
_PROGRAMS = {
    "dockerd": "docker.io",
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "iptables-save": "iptables",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
}
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def missing() -> list[str]:
    """What is missing, each in a few words."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return ["Linux on x86-64"]
    found = []
    if os.geteuid() != 0:
        found.append("root, which runs an engine of the tests' own")
    packages = {package for program, package in _PROGRAMS.items() if not shutil.which(program, path=PATH)}
    if packages:
        found.append(f"apt-get install {' '.join(sorted(packages))}")
    if _containers_run():
        # Two engines write the same rules of the firewall.
        found.append("a machine on which no containers run (another Docker engine has some)")
    return found


def _containers_run() -> bool:
    # As long as the kernel lets a name of a process be.
    for comm in Path("/proc").glob("[0-9]*/comm"):
        # A process may have ended by now.
        with suppress(FileNotFoundError, ProcessLookupError):
            if comm.read_text(encoding="utf-8").strip() == "containerd-shim":
                return True
    return False


def require() -> None:
    """Go on only where nothing is missing (`tests.prerequisites.need`)."""
    need(missing(), "The container image is")
