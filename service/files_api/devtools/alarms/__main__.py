"""Writes the alarms to files, and tells whether the files still are what the code says.

python -m files_api.devtools.alarms --write observability
python -m files_api.devtools.alarms --check observability
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from files_api.devtools.alarms import cloudwatch, prometheus


def files() -> dict[Path, str]:
    """Make what is written, by its path below the folder."""
    return {
        Path("cloudwatch/alarms.json"): json.dumps(cloudwatch.document(), indent=2, ensure_ascii=False)
        + "\n",
        Path("prometheus/alerts.yaml"): prometheus.render(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m files_api.devtools.alarms", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", metavar="FOLDER", type=Path, help="write the files into this folder")
    action.add_argument(
        "--check", metavar="FOLDER", type=Path, help="fail when a file there is not up to date"
    )
    options = parser.parse_args(arguments)
    if options.write is not None:
        for path, text in files().items():
            target = options.write / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return 0
    for path, text in files().items():
        target = options.check / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            parser.exit(
                1,
                f"{target} is not what the code says: run "
                f"`python -m files_api.devtools.alarms --write {options.check}`.\n",
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
