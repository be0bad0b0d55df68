"""checkov over the Terraform: `python -m tests.infra.static_checkov terraform`, with checkov from .venv-tools.

checkov alone succeeds where it could not read a file, which then nobody has looked at, and where a check is skipped
without a word. Here both fail.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".venv-tools/bin/checkov"
_SECONDS = 300
#: What is not looked at. Tests of Terraform are no infrastructure, and have a grammar that checkov does not know. It
#: reads them in spite of --skip-path, so that they are left out of the copy that it gets.
_LEFT_OUT = shutil.ignore_patterns(
    "*.tftest.hcl", ".terraform", "terraform.tfvars", "*.tfstate*", "*_override.tf"
)
#: A reason has words. "TODO" is none.
_MIN_REASON_WORDS = 3


class CheckovFailedError(Exception):
    """checkov did not do its work; the text is what it said."""


def run(folder: Path, checkov: Path = CHECKOV) -> list[dict[str, Any]]:
    """Run checkov over a folder; nothing is fetched, and nothing is told to anybody.

    Returns:
        Its reports, one for each framework.

    Raises:
        CheckovFailedError: It wrote no report.
    """
    with tempfile.TemporaryDirectory(prefix="files-api-checkov-") as name:
        copy = Path(name, folder.name)
        shutil.copytree(folder, copy, ignore=_LEFT_OUT)
        # Without --quiet, which would also leave out the files that could not be read.
        command = [str(checkov), "--directory", str(copy), "--framework", "terraform", "--output", "json"]
        command += ["--skip-download", "--download-external-modules", "false", "--soft-fail"]
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, "LOG_LEVEL": "ERROR"},
            timeout=_SECONDS,
            check=False,
        )
        # What it could not read it names in full.
        said = ended.stdout.replace(f"{copy}/", "")
    try:
        reports = json.loads(said)
    except ValueError as error:
        raise CheckovFailedError(f"checkov wrote no report:\n{said}{ended.stderr}") from error
    return reports if isinstance(reports, list) else [reports]


def problems_of(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell what is wrong, a line for each: checks that failed, files that were not read, skips without a reason."""
    found: list[str] = []
    for report in reports:
        if "results" not in report:
            # So it answers where it has found nothing to look at.
            found.append(f"checkov has looked at nothing: {report}")
            continue
        results = report["results"]
        found += [
            f"{name}: could not be read, so that nobody has checked it" for name in results["parsing_errors"]
        ]
        found += [
            f"{_place(check)}: {check['check_id']} {check['check_name']}\n    {check['resource']}"
            f"\n    {check.get('guideline') or ''}".rstrip()
            for check in results["failed_checks"]
        ]
        found += [
            f"{_place(check)}: {check['check_id']} is skipped without a reason; write "
            f"`#checkov:skip={check['check_id']}:why` into the block\n    {check['resource']}"
            for check in results["skipped_checks"]
            if not _is_reason(check["check_result"].get("suppress_comment"))
        ]
    return found


def _place(check: Mapping[str, Any]) -> str:
    return f"{check['file_path'].lstrip('/')}:{check['file_line_range'][0]}"


def _is_reason(comment: str | None) -> bool:
    # checkov says "No comment provided" where there is none.
    return comment not in {None, "No comment provided"} and len(str(comment).split()) >= _MIN_REASON_WORDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.infra.static_checkov", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    if not CHECKOV.exists():
        parser.error("checkov is not there: run `make tools`.")
    reports = run(folder)
    problems = problems_of(reports)
    sys.stderr.write("".join(f"{text}\n" for text in problems))
    passed = sum(report.get("summary", {}).get("passed", 0) for report in reports)
    skipped = sum(report.get("summary", {}).get("skipped", 0) for report in reports)
    sys.stdout.write(f"checkov: {passed} passed, {skipped} skipped with a reason, {len(problems)} wrong\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
