"""Writes the dashboards to files, and tells whether the files still are what the source says.

python -m files_api.devtools.dashboards --write observability
python -m files_api.devtools.dashboards --check observability
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from files_api.devtools.dashboards import cloudwatch, grafana
from files_api.devtools.dashboards.content import DASHBOARD
from files_api.devtools.dashboards.model import Target
from files_api.devtools.dashboards.picture import draw
from files_api.devtools.dashboards.saved_queries import SAVED_QUERIES


def build_files(directory: Path, pictures: Path) -> dict[Path, str]:
    """Make every file that comes from the source.

    Args:
        directory: For what Grafana and CloudWatch read.
        pictures: For what the documentation shows.

    Returns:
        Their texts.
    """
    files = {
        directory / "grafana/dashboards/local.json": _to_text(grafana.render(DASHBOARD, Target.LOCAL)),
        directory / "grafana/dashboards/aws.json": _to_text(grafana.render(DASHBOARD, Target.AWS)),
        directory / "cloudwatch/dashboard.json.tftpl": _to_text(cloudwatch.render_body(DASHBOARD)),
        directory / "cloudwatch/queries.json": _to_text(cloudwatch.render_queries(SAVED_QUERIES)),
    }
    for target in Target:
        files[pictures / f"dashboard-{target.value}.svg"] = draw(DASHBOARD, target)
    return files


def _to_text(content: Any) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m files_api.devtools.dashboards", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument(
        "--write", metavar="DIRECTORY", type=Path, help="write the files below this directory"
    )
    action.add_argument("--check", metavar="DIRECTORY", type=Path, help="fail when they are not up to date")
    parser.add_argument(
        "--pictures",
        metavar="DIRECTORY",
        type=Path,
        default=Path("docs/pictures"),
        help="where the pictures are (docs/pictures)",
    )
    options = parser.parse_args(arguments)
    files = build_files(options.write or options.check, options.pictures)
    if options.write is not None:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return 0
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            parser.exit(
                1, f"{path} is not what the source of the dashboards says: run `make observability`.\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
