"""One configuration of Terraform, in a copy that nobody misses: applied, planned, destroyed, with readable failures."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.infra.static_terraform import environment_for_terraform, find_mirror
from tests.prerequisites import need

if TYPE_CHECKING:
    from collections.abc import Mapping

#: More than the longest run of Terraform takes.
SECONDS = 420
_NO_CHANGE, _FAILED, _CHANGE = 0, 1, 2
# moto serves buckets by path, and answers what it lacks with 500: not 25 times, which takes minutes, but not once
# either, since a connection may be dropped.
_PROVIDER = """
provider "aws" {{{alias}
  s3_use_path_style = true
  max_retries       = 3
}}
"""


# What it writes while it looks, by the hundred.
_PROGRESS = re.compile(r": (Refreshing state|Reading|Read complete|Still reading)")


class TerraformError(AssertionError):
    """Terraform failed. The text is its errors, without all the rest that it writes."""


@dataclass(frozen=True)
class Plan:
    """What Terraform would do.

    Attributes:
        changes: By address of the resource, what is done to it: create, update, delete.
        drifted: By address, the attributes that are not as Terraform left them.
        text: The plan as a person reads it.
        changes_outputs: Whether an output will have another value.
    """

    changes: Mapping[str, tuple[str, ...]]
    drifted: Mapping[str, frozenset[str]]
    text: str
    changes_outputs: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.changes


class AppliedRoot:
    """A root module.

    Args:
        folder: The copy of it.
        environment: The emulated AWS's.
        scratch: For the configuration of the CLI.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], scratch: Path) -> None:
        self.folder = folder
        found = environment_for_terraform(scratch)
        terraform = {name: value for name, value in found.items() if name.startswith(("TF_", "CHECKPOINT_"))}
        #: What Terraform is started with.
        self.environment = {**environment, **terraform}
        _write_override(folder)

    def init(self, *arguments: str) -> None:
        """Prepare it, with what its backend is to be told."""
        self._run("init", "-no-color", *arguments)

    def apply(self, *arguments: str) -> str:
        """Apply; gives what Terraform wrote."""
        return self._run("apply", "-no-color", "-auto-approve", *arguments)

    def destroy(self) -> str:
        """Destroy all of it."""
        return self._run("destroy", "-no-color", "-auto-approve")

    def forget(self, address: str) -> None:
        """Have Terraform forget a resource."""
        self._run("state", "rm", address)

    def plan(self) -> Plan:
        """Plan, and read the plan. Its emptiness is Terraform's own exit code."""
        ended = self._start("plan", "-no-color", "-detailed-exitcode", "-out=tests.tfplan")
        if ended.returncode == _FAILED:
            raise TerraformError(_errors("plan", ended.stdout))
        plan = self.read(self.folder / "tests.tfplan", ended.stdout)
        assert (ended.returncode == _CHANGE) == (not plan.is_empty or plan.changes_outputs), ended.stdout
        return plan

    def read(self, file: Path, text: str = "") -> Plan:
        """Read a plan that was kept, with what Terraform wrote of it."""
        shown = json.loads(self._run("show", "-json", str(file)))
        return Plan(
            changes={
                one["address"]: tuple(one["change"]["actions"])
                for one in shown.get("resource_changes", [])
                if one["change"]["actions"] not in (["no-op"], ["read"])
            },
            drifted={one["address"]: _changed(one["change"]) for one in shown.get("resource_drift", [])},
            text="\n".join(line for line in text.splitlines() if not _PROGRESS.search(line)).strip(),
            changes_outputs=any(
                change["actions"] != ["no-op"] for change in shown.get("output_changes", {}).values()
            ),
        )

    def outputs(self) -> dict[str, Any]:
        """Its outputs, sensitive ones included."""
        return {name: one["value"] for name, one in json.loads(self._run("output", "-json")).items()}

    def state(self) -> str:
        """All that Terraform knows."""
        return self._run("state", "pull")

    def resources(self) -> list[str]:
        """The addresses in its state."""
        return self._run("state", "list").split()

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start Terraform beside everything else; the caller waits for its end."""
        return subprocess.Popen(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _run(self, *arguments: str) -> str:
        ended = self._start(*arguments)
        if ended.returncode != 0:
            raise TerraformError(_errors(" ".join(arguments), ended.stdout))
        return ended.stdout

    def _start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )


def require_terraform() -> None:
    """Go on only where there is Terraform, and a provider for it."""
    missing = [] if shutil.which("terraform") else ["terraform (from HashiCorp, 1.11 or newer)"]
    configured = os.environ.get("TF_CLI_CONFIG_FILE", "")
    if not Path(configured).is_file() and find_mirror() is None and not os.environ.get("CI"):
        missing.append("a mirror of hashicorp/aws on this disk (or TF_CLI_CONFIG_FILE that names one)")
    need(missing, "What Terraform applies is")


def _write_override(folder: Path) -> None:
    """Tell every aws provider of the root how to talk to moto; the copy alone gets this file."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.tf")))
    blocks = re.findall(r'^provider "aws" \{(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    aliases = [re.search(r'^\s*alias\s*=\s*("[^"]+")', block, re.MULTILINE) for block in blocks]
    override = "".join(
        _PROVIDER.format(alias=f"\n  alias = {alias[1]}" if alias else "") for alias in aliases
    )
    (folder / "emulator_override.tf").write_text(override, encoding="utf-8")


def _errors(command: str, output: str) -> str:
    """Keep the errors of what Terraform wrote: they are what is wanted, and hundreds of lines are before them."""
    at = output.find("\nError: ")
    return f"terraform {command} failed:\n{output[at:].strip() if at >= 0 else output[-4000:]}"


def _changed(change: Mapping[str, Any]) -> frozenset[str]:
    before, after = change["before"] or {}, change["after"] or {}
    return frozenset(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
