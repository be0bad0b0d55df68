"""Packages that stand in for those of AWS's agents, and the web server that they come from.

They prove that the playbook downloads what it is told to, checks its hash, installs it, hands it its configuration and
has it started at each boot. Of the agents themselves they prove nothing.
"""

from __future__ import annotations

import functools
import hashlib
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_UNIT = """[Unit]
Description=Stand-in for {name}
[Service]
{user}ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""
# What the real one does with it: refuse what it does not understand, and put the rest where the agent looks.
_CTL = """#!/bin/sh
set -eu
[ "$1 $2 $3 $4 $5" = "-a fetch-config -m ec2 -c" ] || { echo "unknown: $*" >&2; exit 2; }
file=${6#file:}
python3 -m json.tool "$file" >/dev/null
mkdir -p /opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.d
cp "$file" "/opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.d/file_$(basename "$file")"
"""
_POSTINST = """#!/bin/sh
set -e
getent passwd cwagent >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin cwagent
"""
AGENTS: dict[str, dict[str, str]] = {
    "amazon-ssm-agent": {
        "lib/systemd/system/amazon-ssm-agent.service": _UNIT.format(name="the SSM agent", user=""),
    },
    "amazon-cloudwatch-agent": {
        "etc/systemd/system/amazon-cloudwatch-agent.service": _UNIT.format(
            name="the CloudWatch agent", user=""
        ),
        "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl": _CTL,
        "DEBIAN/postinst": _POSTINST,
    },
}


class AgentPackages:
    """The packages, on a web server at an address of this machine."""

    def __init__(self, folder: Path, address: str) -> None:
        folder.mkdir()
        self._digests = {name: _build(folder, name, files) for name, files in AGENTS.items()}
        self.requested: list[str] = []
        self._server = ThreadingHTTPServer(
            (address, 0), functools.partial(_handler(self.requested), directory=folder)
        )
        self._serving = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._serving.start()

    def url(self, name: str) -> str:
        return f"http://{self._server.server_address[0]!s}:{self._server.server_port}/{name}.deb"

    def variables(self) -> dict[str, str]:
        """What the playbook has to be told of them."""
        return {
            "ssm_agent_version": "0.0.0",
            "ssm_agent_sha256": self._digests["amazon-ssm-agent"],
            "ssm_agent_url": self.url("amazon-ssm-agent"),
            "telemetry_agent_version": "0.0.0",
            "telemetry_agent_sha256": self._digests["amazon-cloudwatch-agent"],
            "telemetry_agent_url": self.url("amazon-cloudwatch-agent"),
        }

    def close(self) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()


def _build(folder: Path, name: str, files: Mapping[str, str]) -> str:
    tree = folder / name
    control = (
        f"Package: {name}\nVersion: 0.0.0\nArchitecture: all\nMaintainer: tests\nDescription: a stand-in\n"
    )
    for path, text in {"DEBIAN/control": control, **files}.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    package = folder / f"{name}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(package)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return hashlib.sha256(package.read_bytes()).hexdigest()


def _handler(requested: list[str]) -> type[SimpleHTTPRequestHandler]:
    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:  # http.server's name
            requested.append(self.path)
            super().do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
            pass

    return Handler
