"""A machine that boots: Debian with its own systemd as PID 1, its own address and its own host name.

It is a container of systemd-nspawn, so it has the host's kernel: whatever a unit, an account or a package does is as on
an instance, and what a kernel does on its own behalf (its parameters, its modules, its clock) is not.

Three things stand in the way where the host itself was not started by systemd, and each has its line here: there is
nobody to register the machine with (`--register=no --keep-unit`); the machine's systemd wants the unified hierarchy of
cgroups, which has to be said (SYSTEMD_NSPAWN_UNIFIED_HIERARCHY); and it takes the cgroup that it finds itself in for
its own, so that it has to be given one, in each hierarchy.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.image.network import Bridge

_BOOT_SECONDS = 60.0
_STOP_SECONDS = 150.0
#: What PID 1 of a machine takes for "power off" (systemd(1), Signals).
_POWER_OFF = signal.SIGRTMIN + 4
# Joins the cgroups that are named before `--`, and becomes the command behind it.
_IN_CGROUPS = 'while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"'
# Waits until nobody holds the other end of its standard input any more, and takes the power away then: a machine does
# not outlive these tests, however they end.
_WATCH = 'read -r _; kill -KILL "$1" 2>/dev/null'
_NETWORK = """[Match]
Name=host0
[Network]
Address={address}/24
Gateway={gateway}
LinkLocalAddressing=no
"""


class CommandError(AssertionError):
    """A command in the machine ended with another status than 0."""


class Machine:
    """One machine, running.

    Args:
        name: Its name among the host's machines: at most 12 characters, since a network interface is called after it.
        root: Its root file system. It is the machine's own: it writes there.
        bridge: The network that it is on.
        cgroups: Mount point of the host's unified hierarchy, and those of all others.
    """

    def __init__(self, name: str, root: Path, bridge: Bridge, cgroups: Sequence[Path]) -> None:
        self.name = name
        self.root = root
        self.address = bridge.new_address()
        self._gateway = bridge.gateway
        network = root / "etc/systemd/network/10-host0.network"
        network.parent.mkdir(parents=True, exist_ok=True)
        network.write_text(_NETWORK.format(address=self.address, gateway=bridge.gateway), encoding="utf-8")
        self._cgroups = [hierarchy / f"files-api-tests-{os.getpid()}-{name}" for hierarchy in cgroups]
        self._console = root.parent / f"{name}.console"
        self._process = self._start(bridge)
        try:
            self._leader = self._find_leader()
            self._leader_fd = os.pidfd_open(self._leader)
            self._watch = subprocess.Popen(
                ["sh", "-c", _WATCH, "sh", str(self._leader)], stdin=subprocess.PIPE, start_new_session=True
            )
        except BaseException:
            for pid in _descendants(self._process.pid):
                os.kill(pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
            self._remove_cgroups()
            raise

    def _start(self, bridge: Bridge) -> subprocess.Popen[bytes]:
        for group in self._cgroups:
            group.mkdir()
            _inherit_cpuset(group)

        with self._console.open("wb") as console:
            return subprocess.Popen(
                [
                    *("sh", "-c", _IN_CGROUPS, "sh", *map(str, self._cgroups), "--"),
                    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"),
                    *("--directory", str(self.root), "--machine", self.name),
                    *("--network-bridge", bridge.name, "--resolv-conf=off", "--timezone=off"),
                    *("--link-journal=no", "--console=pipe"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                start_new_session=True,
            )

    def _find_leader(self) -> int:
        """Find the process that is PID 1 in there."""
        found: list[int] = []

        def look() -> bool:
            assert self._process.poll() is None, f"{self.name} did not start: {self.console()}"
            found[:] = [pid for pid in _descendants(self._process.pid) if _is_init(pid)]
            return bool(found)

        wait_until(look, f"{self.name} has a PID 1", 10.0)
        return found[0]

    @property
    def leader(self) -> int:
        """The process id, on the host, of the machine's PID 1."""
        return self._leader

    def console(self) -> str:
        """What the machine has written to its console."""
        return self._console.read_text(encoding="utf-8", errors="replace")[-4000:]

    def attempt(
        self, *command: str, seconds: float = 60.0, environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as root in the machine, whatever comes of it."""
        return subprocess.run(
            [
                *("nsenter", "--target", str(self._leader), "--all", "--wd=/"),
                *("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"),
                *(f"{name}={value}" for name, value in (environ or {}).items()),
                *command,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *command: str, seconds: float = 60.0) -> str:
        """Run a command as root in the machine, and give what it says.

        Raises:
            CommandError: It ended with another status than 0.
        """
        done = self.attempt(*command, seconds=seconds)
        if done.returncode != 0:
            raise CommandError(
                f"{self.name}: {shlex.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def wait_booted(self) -> str:
        """Wait until everything has started that is to start, and give systemd's word for it: `running` is good."""
        ends_at = time.monotonic() + _BOOT_SECONDS
        while True:
            # Its bus comes up a moment after it does.
            done = self.attempt("systemctl", "is-system-running", "--wait", seconds=_BOOT_SECONDS)
            state = done.stdout.strip()
            if state in {"running", "degraded"}:
                return state
            assert time.monotonic() < ends_at, f"{self.name} does not boot: {state}\n{self.console()}"
            time.sleep(0.05)

    def property_of(self, unit: str, name: str) -> str:
        """A property of a unit, as systemd tells it."""
        return self.run("systemctl", "show", "--value", "--property", name, unit).strip()

    def journal(self, *units: str) -> str:
        """What units have written to the journal; all of them where none is named."""
        named = [f"--unit={unit}" for unit in units]
        return self.attempt("journalctl", "--no-pager", "--output=cat", *named).stdout

    def stop(self) -> None:
        """Power it off, as an instance that is terminated is, and wait for the end of that."""
        signal.pidfd_send_signal(self._leader_fd, _POWER_OFF)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise AssertionError(f"{self.name} did not stop: {self.console()}") from error
        self._gone()

    def kill(self) -> None:
        """Take its power away: everything in it is gone at once, and nothing says good-bye."""
        if self._process.poll() is None:
            signal.pidfd_send_signal(self._leader_fd, signal.SIGKILL)
            self._process.wait(_STOP_SECONDS)
        self._gone()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        """Whatever became of it: be rid of it."""
        if self.is_running:
            self.kill()

    def _gone(self) -> None:
        # Before anybody else can have the number that the leader had.
        self._watch.kill()
        self._watch.communicate()
        os.close(self._leader_fd)
        self._remove_cgroups()

    def _remove_cgroups(self) -> None:
        for group in self._cgroups:
            _remove_cgroup(group)


def host_cgroups(unified: Path) -> list[Path]:
    """Where the host's hierarchies of cgroups are mounted: the unified one, and those that have their own."""
    named = {
        Path(line.split()[4])
        for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        if line.partition(" - ")[2].startswith("cgroup ")
    }
    return [unified, *sorted(named)]


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait for what only shows from outside, where there is no event to wait for."""
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"{what}: not within {seconds} seconds"
        select.select([], [], [], 0.05)


def _descendants(pid: int) -> list[int]:
    try:
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [found for child in children for found in (child, *_descendants(child))]


def _is_init(pid: int) -> bool:
    """Whether a process is PID 1 of its own PID namespace, and has become systemd."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        name = Path(f"/proc/{pid}/comm").read_text("ascii").strip()
    except (FileNotFoundError, ProcessLookupError):
        return False
    ids = next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
    return len(ids) > 1 and ids[-1] == "1" and name == "systemd"


def _inherit_cpuset(group: Path) -> None:
    """Give a cgroup of the first kind the processors that its parent has: without any nobody may join it."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if (group / name).exists():
            (group / name).write_text((group.parent / name).read_text("ascii"), encoding="ascii")


def _remove_cgroup(group: Path) -> None:
    if not group.exists():
        return
    for child in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
        child.rmdir()
    # The last process may be a moment behind the one that was waited for.
    wait_until(lambda: not (group / "cgroup.procs").read_text("ascii").strip(), f"{group} is empty", 10.0)
    group.rmdir()
