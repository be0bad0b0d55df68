"""Packs the canary as Synthetics wants it: `python3 package.py canary.py OUT.zip`.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Canaries_WritingCanary_Python.html:
a zip file in which the script lies in the folder `python`. The same source makes the same bytes.
"""

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
    entry = zipfile.ZipInfo(f"python/{source.name}", _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = _MODE
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(entry, source.read_bytes())


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
