"""Debian's archive as this machine reaches it: Debian 13 is fetched from where apt here fetches its own packages."""

from __future__ import annotations

import subprocess
from functools import cache
from urllib.parse import urlsplit

RELEASE = "trixie"


@cache
def archives() -> tuple[str, str]:
    """Find the addresses of the archive and of its security updates among apt's own sources.

    Raises:
        LookupError: apt has none, so that nothing of Debian can be fetched here.
    """
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"], capture_output=True, text=True, check=True
    ).stdout
    addresses = dict.fromkeys(line.rstrip("/") for line in told.split())
    main = next((one for one in addresses if one.endswith("/debian")), None)
    security = next((one for one in addresses if one.endswith("/debian-security")), None)
    if main is None or security is None:
        raise LookupError("apt has no sources for Debian and its security updates here.")
    return main, security


def sources() -> tuple[str, ...]:
    """Give the lines of a sources.list."""
    main, security = archives()
    return (
        f"deb {main} {RELEASE} main",
        f"deb {main} {RELEASE}-updates main",
        f"deb {security} {RELEASE}-security main",
    )


def hosts() -> frozenset[str]:
    """Tell which hosts packages come from."""
    return frozenset(host for address in archives() if (host := urlsplit(address).hostname))
