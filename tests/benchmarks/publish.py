"""Put what was measured into docs/performance.md: `make bench-report`, after `make bench`.

Tables go between two markers in the page, pictures beside it. The same results give the same files.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.benchmarks import pictures, report
from tests.benchmarks.run import PROJECT, RESULTS

BEGIN = "<!-- bench:begin -->"
END = "<!-- bench:end -->"


class PageHasNoPlace(Exception):
    """The page does not say where the tables go."""


def replace_between_markers(page: str, text: str) -> str:
    """The page with this text between the markers, in place of what was there."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PageHasNoPlace(f"it needs a line `{BEGIN}` and, after it, a line `{END}`")
    return f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}"


def main() -> int:
    """Write the page and the pictures."""
    parser = argparse.ArgumentParser(description="Put what `make bench` measured into the documentation.")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--page", type=Path, default=PROJECT / "docs/performance.md", metavar="FILE")
    parser.add_argument("--pictures", type=Path, default=PROJECT / "docs/pictures", metavar="FOLDER")
    arguments = parser.parse_args()
    try:
        results = json.loads(arguments.json.read_text())
        page = replace_between_markers(arguments.page.read_text(), report.text(results))
    except FileNotFoundError as missing:
        print(f"{missing.filename} is not there: run `make bench` first.", file=sys.stderr)  # noqa: T201
        return 1
    except PageHasNoPlace as error:
        print(f"{arguments.page} has no place for the tables: {error}.", file=sys.stderr)  # noqa: T201
        return 1
    arguments.page.write_text(page)
    for path in (arguments.page, *pictures.draw(results, arguments.pictures)):
        print(path)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
