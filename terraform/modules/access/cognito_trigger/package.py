"""Packs the trigger as Lambda wants it: `python3 package.py trigger.py OUT.zip`. Same source, same bytes."""

# A script, not a package.
# ruff: noqa: INP001

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

#: The earliest time that a zip file can tell; the time of packing would make each package another one.
_TIME = (1980, 1, 1, 0, 0, 0)
#: A regular file that everybody may read: Lambda runs it as another user.
_MODE = 0o100644 << 16


def pack(source: Path, package: Path) -> None:
    """Write the package, and its folder where there is none."""
    package.parent.mkdir(parents=True, exist_ok=True)
    entry = zipfile.ZipInfo(source.name, _TIME)
    entry.external_attr = _MODE
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, source.read_bytes())


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
