"""The fixtures of the image's tests. The image is made once, for all of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.image.agent_packages import AgentPackages
from tests.image.cloud import Cloud, Launched, machine_maker, new_overlay
from tests.image.machine import Machine, host_cgroups
from tests.image.network import SUBNET, Bridge
from tests.image.packer_run import PackerRun, run_packer
from tests.image.playbook import Recap, run_playbook
from tests.image.prerequisites import ROOT, require
from tests.image.root_system import let_in, make_root_system
from tests.integration.instance_aws import InstanceAws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Launch = Callable[[str, InstanceAws], Launched]

#: What the image is told, and /version tells again.
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# The first test waits until the image is made.
_SECONDS = 600
_HERE = Path(__file__).parent
_CACHE = ROOT / ".cache/image-tests"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.timeout(_SECONDS))
            # The machines' own network is this machine, too. Before the mark of all tests, which it widens.
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.0/8", f"{SUBNET}.0/24"]), append=False)


@dataclass
class Host:
    """What this machine has for the machines in it."""

    folder: Path
    bridge: Bridge
    cgroups: list[Path]
    proxy_url: str


@dataclass
class Build:
    """How the image was made."""

    first: Recap
    packer: PackerRun
    packages: AgentPackages
    root: Path


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """A network, a folder and a way to Debian's archive, all of them gone afterwards."""
    require()
    with ExitStack() as undoing:
        folder = _CACHE / f"session-{os.getpid()}"
        folder.mkdir(parents=True)
        undoing.callback(shutil.rmtree, folder)
        unified = folder / "cgroups"
        unified.mkdir()
        subprocess.run(["mount", "-t", "cgroup2", "cgroup2", str(unified)], check=True)
        undoing.callback(subprocess.run, ["umount", str(unified)], check=True)
        bridge = Bridge()
        undoing.callback(bridge.close)
        proxy = subprocess.Popen(
            [sys.executable, "-m", "tests.image.package_proxy", bridge.gateway, str(_CACHE / "packages")],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        undoing.callback(proxy.communicate, timeout=30)
        assert proxy.stdout is not None
        url = f"http://{bridge.gateway}:{proxy.stdout.readline().strip()}"
        yield Host(folder, bridge, host_cgroups(unified), url)


@pytest.fixture(scope="session")
def key(host: Host) -> Path:
    """The private key of whoever builds the image."""
    file = host.folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return file


@pytest.fixture(scope="session")
def debian(host: Host, key: Path) -> Path:
    """The root file system of a plain Debian, that nothing has been done to."""
    root = host.folder / "debian"
    make_root_system(root, host.proxy_url)
    let_in(root, key.with_suffix(".pub").read_text(encoding="utf-8"))
    return root


@pytest.fixture(scope="session")
def build(host: Host, key: Path, debian: Path) -> Iterator[Build]:
    """The playbook, run twice on a plain Debian: by itself, and by Packer, which seals the machine as an image is."""
    root = host.folder / "image"
    subprocess.run(["cp", "--archive", "--reflink=auto", str(debian), str(root)], check=True)
    packages = AgentPackages(host.folder / "agents", host.bridge.gateway)
    try:
        machine = Machine("fat-build", root, host.bridge, host.cgroups)
        try:
            machine.wait_booted()
            variables = {**packages.variables(), "files_api_commit": COMMIT}
            first = run_playbook(machine.address, key, variables)
            assert first.status == 0, first.output[-6000:]
            packed = run_packer(host.folder / "packer", machine.address, key, packages.variables(), COMMIT)
            machine.stop()
        finally:
            machine.close()
        yield Build(first, packed, packages, root)
    finally:
        packages.close()


@pytest.fixture(scope="session")
def cloud(host: Host) -> Iterator[Cloud]:
    """What the machines find around them."""
    made = Cloud(host.bridge.gateway)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="session")
def launch(host: Host, build: Build, cloud: Cloud) -> Launch:
    """Launches a machine from the image. Whoever does it closes it."""
    numbers = count(1)

    def launched(name: str, aws: InstanceAws) -> Launched:
        overlay = new_overlay(build.root, host.folder, numbers)
        return Launched(name, overlay, cloud, machine_maker(host.bridge, host.cgroups), aws)

    return launched


@pytest.fixture(scope="session")
def instances(launch: Launch) -> Iterator[tuple[Launched, Launched]]:
    """Two machines of one image, in service."""
    with ExitStack() as closing:
        pair = []
        for name in ("fat-one", "fat-two"):
            pair.append(launch(name, InstanceAws()))
            closing.callback(pair[-1].close)
        for one in pair:
            one.wait_in_service()
            one.machine.wait_booted()
        yield pair[0], pair[1]


@pytest.fixture(scope="session")
def instance(instances: tuple[Launched, Launched]) -> Launched:
    """One of them."""
    return instances[0]
