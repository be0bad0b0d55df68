"""A Docker engine of the tests' own: its own data, its own bridge, and nothing of it is left afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.debian_archive import sources
from tests.docker.prerequisites import PATH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BRIDGE = "fa-docker0"
_ADDRESS = "172.31.240.1/24"
_POOL = "base=172.31.241.0/24,size=28"
_START_SECONDS = 60
#: Debian's newer release has the plugins, which need nothing but to lie in the right folder.
_PLUGINS = ("docker-buildx", "docker-compose", "docker-cli")
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
#: Stands in for python:3.13-slim-trixie, which is Debian 13 with a Python 3.13 of its own build: here it is Debian's.
BASE = "python:3.13-slim-trixie"
_BASE_PACKAGES = "python3,python3-venv,ca-certificates"


class Engine:
    """A running engine, and the client that talks to it.

    Args:
        folder: For all that it keeps.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "dockerd.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._rules = _output("iptables-save")
        self._forwarding = _FORWARDING.read_text(encoding="ascii")
        self.environment: dict[str, str] = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("DOCKER_", "COMPOSE_"))
            },
            "PATH": PATH,
            "DOCKER_HOST": f"unix://{folder / 'docker.sock'}",
            "DOCKER_CONFIG": str(folder / "client"),
            "DOCKER_BUILDKIT": "1",
            "BUILDKIT_PROGRESS": "plain",
            "NO_COLOR": "1",
        }

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._unpack_client()
        _output("ip", "link", "add", "name", _BRIDGE, "type", "bridge")
        _output("ip", "address", "add", _ADDRESS, "dev", _BRIDGE)
        _output("ip", "link", "set", _BRIDGE, "up")
        # Where forwarding is off, the engine switches it on, and this machine forwards for nobody else any more.
        _FORWARDING.write_text("1\n", encoding="ascii")
        (self._folder / "daemon.json").write_text("{}\n", encoding="utf-8")
        # It tells whoever started it, as it would tell systemd, when it is ready (sd_notify(3)).
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified, self._log.open("wb") as log:
            notified.bind(str(self._folder / "notify"))
            notified.settimeout(_START_SECONDS)
            self._process = subprocess.Popen(
                [
                    "dockerd",
                    f"--config-file={self._folder / 'daemon.json'}",
                    f"--data-root={self._folder / 'data'}",
                    f"--exec-root={self._folder / 'run'}",
                    f"--pidfile={self._folder / 'dockerd.pid'}",
                    f"--host={self.environment['DOCKER_HOST']}",
                    f"--bridge={_BRIDGE}",
                    f"--default-address-pool={_POOL}",
                ],
                env={**self.environment, "NOTIFY_SOCKET": str(self._folder / "notify")},
                stdout=log,
                stderr=log,
            )
            try:
                while b"READY=1" not in notified.recv(4096):
                    pass
            except TimeoutError as error:
                text = self._log.read_text(encoding="utf-8", errors="replace")
                raise AssertionError(f"dockerd does not get ready:\n{text[-4000:]}") from error

    def stop(self) -> None:
        """Stop it, and put the machine back as it was."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
        # What it has mounted and left.
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
        for mount in sorted((one for one in mounts if one.startswith(f"{self._folder}/")), reverse=True):
            _output("umount", mount)
        subprocess.run(["ip", "link", "delete", _BRIDGE], env={**os.environ, "PATH": PATH}, check=False)
        subprocess.run(
            ["iptables-restore"], input=self._rules, env={**os.environ, "PATH": PATH}, text=True, check=True
        )
        _FORWARDING.write_text(self._forwarding, encoding="ascii")

    def run(
        self,
        *command: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        seconds: float = 240,
    ) -> subprocess.CompletedProcess[str]:
        """Run `docker …`."""
        done = subprocess.run(
            [self.client, *command],
            cwd=cwd,
            env={**self.environment, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"docker {' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-6000:]}"
            )
        return done

    def follow(self, *command: str, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[str]:
        """Start `docker …`, whose lines one reads."""
        return subprocess.Popen(
            [self.client, *command],
            cwd=cwd,
            env={**self.environment, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def client(self) -> str:
        """The program `docker`."""
        return str(self._folder / "packages/usr/bin/docker")

    def make_base(self) -> None:
        """Make what stands in for the base image, in half a minute."""
        archive = self._folder / "base.tar"
        _output(
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={_BASE_PACKAGES}", "trixie"),
            *(str(archive), sources()[0]),
        )
        self.run("import", str(archive), BASE)
        archive.unlink()

    def _unpack_client(self) -> None:
        apt, packages = self._folder / "apt", self._folder / "packages"
        for name in ("lists/partial", "cache/archives/partial", "download"):
            (apt / name).mkdir(parents=True)
        (apt / "sources.list").write_text(f"{sources()[0]}\n", encoding="utf-8")
        (apt / "status").touch()
        options = [
            f"--option={name}={value}"
            for name, value in {
                "Dir::Etc::sourcelist": apt / "sources.list",
                "Dir::Etc::sourceparts": "/dev/null",
                "Dir::State::lists": apt / "lists",
                "Dir::State::status": apt / "status",
                "Dir::Cache": apt / "cache",
                # As root, into a folder that is root's.
                "APT::Sandbox::User": "root",
            }.items()
        ]
        _output("apt-get", *options, "--quiet=2", "update")
        _output("apt-get", *options, "--quiet=2", "download", *_PLUGINS, cwd=apt / "download")
        for package in (apt / "download").glob("*.deb"):
            _output("dpkg-deb", "--extract", str(package), str(packages))
        client = self._folder / "client"
        client.mkdir()
        (client / "cli-plugins").symlink_to(packages / "usr/libexec/docker/cli-plugins")


def _output(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def engine(folder: Path) -> Iterator[Engine]:
    """Have an engine for a while."""
    one = Engine(folder)
    try:
        one.start()
        yield one
    finally:
        one.stop()
        # Gigabytes, of which nobody wants to see anything later.
        shutil.rmtree(folder)
