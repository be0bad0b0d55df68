"""A plain Debian 13, as Debian's own AMI is one: with cloud-init, an SSH server, and `admin`, who may become root."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.debian_archive import RELEASE, sources

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGES = (
    *(
        "systemd",
        "systemd-sysv",
        "systemd-resolved",
        "dbus",
        "udev",
        "iproute2",
        "netbase",
        "ca-certificates",
    ),
    *("openssh-server", "sudo", "python3", "python3-apt", "cloud-init", "apt-utils"),
)


def make_root_system(root: Path, proxy_url: str) -> None:
    """Make it, in half a minute."""
    proxy = f'Acquire::http::Proxy "{proxy_url}";'
    subprocess.run(
        [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(_PACKAGES)}"),
            *(f"--aptopt={proxy}", RELEASE, str(root), *sources()),
        ],
        check=True,
        timeout=300,
    )
    # mmdebstrap takes its own settings of apt away again; the machine is to have the same way out.
    (root / "etc/apt/apt.conf.d/99tests-proxy").write_text(proxy, encoding="utf-8")
    # As on the AMI: no name of the machine that it was made on, an id at the first boot, and no network by cloud-init,
    # which here is the tests' affair.
    (root / "etc/hostname").write_text("debian\n", encoding="utf-8")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 debian\n", encoding="utf-8")
    # There are no names but these: asking for others fails at once, and waits for no server.
    resolver = root / "etc/resolv.conf"
    resolver.unlink(missing_ok=True)
    resolver.symlink_to("../run/systemd/resolve/stub-resolv.conf")
    (root / "etc/systemd/resolved.conf.d").mkdir(parents=True)
    (root / "etc/systemd/resolved.conf.d/tests.conf").write_text(
        "[Resolve]\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\n", encoding="utf-8"
    )
    (root / "etc/machine-id").write_text("uninitialized\n", encoding="utf-8")
    (root / "etc/cloud/cloud.cfg.d/95-tests.cfg").write_text(
        "network: {config: disabled}\ndatasource_list: [NoCloud, None]\n", encoding="utf-8"
    )
    # Nothing here has to outlive a power cut.
    (root / "etc/dpkg/dpkg.cfg.d/tests").write_text("force-unsafe-io\n", encoding="utf-8")
    # It asks on the console, which nobody reads here.
    (root / "etc/systemd/system/systemd-firstboot.service").symlink_to("/dev/null")
    for command in (
        ["useradd", "--create-home", "--shell=/bin/bash", "admin"],
        ["rm", "-f", "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ecdsa_key.pub"],
    ):
        subprocess.run(["chroot", str(root), *command], check=True)
    sudoers = root / "etc/sudoers.d/90-cloud-init-users"
    sudoers.write_text("admin ALL=(ALL) NOPASSWD:ALL\n", encoding="utf-8")
    sudoers.chmod(0o440)


def let_in(root: Path, public_key: str) -> None:
    """Let whoever has this key log in as admin, as EC2 does for who launches an instance."""
    folder = root / "home/admin/.ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "authorized_keys").write_text(public_key, encoding="utf-8")
    owner = (root / "home/admin").stat()
    for path in (folder, folder / "authorized_keys"):
        shutil.chown(path, owner.st_uid, owner.st_gid)


class Overlay:
    """A root file system that begins as another one is, and leaves that one as it was."""

    def __init__(self, below: Path, folder: Path) -> None:
        self._folder = folder
        for name in ("upper", "work", "root"):
            (folder / name).mkdir(parents=True)
        self.root = folder / "root"
        layers = f"lowerdir={below},upperdir={folder / 'upper'},workdir={folder / 'work'}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)], check=True)

    def close(self) -> None:
        subprocess.run(["umount", str(self.root)], check=True)
        shutil.rmtree(self._folder)
