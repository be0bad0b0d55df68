"""Terraform without an account: `python -m tests.infra.static_terraform lint` and `… test`.

Everything happens in a copy, so that neither `.terraform` nor lock files are left among the sources. The provider comes
from a mirror on the disk where there is one, so that this works without a network, else from Terraform's registry.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
#: What Terraform reads: its own files, and what the module observability renders.
_COPIED = ("terraform", "observability")
_LEFT_OUT = shutil.ignore_patterns(
    ".terraform", "*.tfstate*", "*_override.tf", "terraform.tfvars", "__pycache__"
)
#: Where mirrors lie (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories),
#: and where images for machines without a network put them.
_MIRRORS = (
    Path.home() / ".terraform.d",
    Path("/usr/local/share/terraform"),
    Path("/usr/share/terraform"),
    Path("/opt"),
)
_PROVIDER = "registry.terraform.io/hashicorp/aws"
_SECONDS = 300


class TerraformFailedError(Exception):
    """Terraform ended with an error; the text is what it said."""


def find_mirror(places: Sequence[Path] = _MIRRORS) -> Path | None:
    """Find a mirror on the disk that has the provider for this machine."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    target = f"{platform.system().lower()}_{machine}"
    for place in places:
        for provider in place.rglob(_PROVIDER) if place.is_dir() else ():
            if any((version / target).is_dir() for version in provider.iterdir()):
                return provider.parents[2]
    return None


def environment_for_terraform(folder: Path) -> dict[str, str]:
    """Make the variables with which Terraform asks nobody anything and finds the provider.

    Args:
        folder: Where its configuration is written, if there is a mirror. Whoever has one is left alone.
    """
    variables = {**os.environ, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    # Some images name one that is not there.
    if Path(variables.get("TF_CLI_CONFIG_FILE", "")).is_file():
        return variables
    mirror = find_mirror()
    if mirror is None:
        # Without a mirror, the provider at least comes over the network once only.
        cache = ROOT / ".cache/terraform"
        cache.mkdir(parents=True, exist_ok=True)
        return {**variables, "TF_PLUGIN_CACHE_DIR": str(cache)}
    configuration = folder / "terraform.rc"
    configuration.write_text(
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["{_PROVIDER}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{_PROVIDER}"]\n  }}\n'
        "}\n",
        encoding="utf-8",
    )
    return {**variables, "TF_CLI_CONFIG_FILE": str(configuration)}


def terraform(folder: Path, *arguments: str, environment: dict[str, str]) -> str:
    """Run Terraform in a folder, and give what it wrote.

    Raises:
        TerraformFailedError: It failed.
    """
    ended = subprocess.run(
        ["terraform", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ended.returncode != 0:
        raise TerraformFailedError(f"terraform {' '.join(arguments)}\n{ended.stdout.strip()}")
    return ended.stdout


@contextmanager
def copy_of_sources(root: Path = ROOT) -> Iterator[Path]:
    """A copy of what Terraform reads, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="files-api-terraform-") as name:
        for folder in _COPIED:
            shutil.copytree(root / folder, Path(name, folder), ignore=_LEFT_OUT)
        yield Path(name)


def roots_in(copy: Path) -> list[Path]:
    """All folders with a configuration: each module, each environment, and what is done once for an account."""
    return sorted({file.parent for file in (copy / "terraform").rglob("*.tf")})


def lint(root: Path) -> list[str]:
    """Look at the form of every file, and whether each configuration holds together. Gives what is wrong."""
    wrong: list[str] = []
    with copy_of_sources(root) as copy:
        environment = environment_for_terraform(copy)
        try:
            terraform(copy, "fmt", "-check", "-diff", "-recursive", "terraform", environment=environment)
        except TerraformFailedError as error:
            wrong.append(f"Not formatted; `terraform fmt -recursive terraform` mends it.\n{error}")
        for folder in roots_in(copy):
            _configure_aliases(folder)
            try:
                terraform(folder, "init", "-backend=false", "-no-color", environment=environment)
                terraform(folder, "validate", "-no-color", environment=environment)
            except TerraformFailedError as error:
                wrong.append(f"{folder.relative_to(copy)}: {error}")
    return wrong


def _configure_aliases(folder: Path) -> None:
    """Give a module the providers that its caller would give it, without which it cannot be validated alone.

    https://github.com/hashicorp/terraform/issues/28490
    """
    text = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.tf"))
    for aliases in re.findall(r"configuration_aliases\s*=\s*\[([^\]]*)\]", text):
        for provider, alias in re.findall(r"(\w+)\.(\w+)", aliases):
            block = f'provider "{provider}" {{\n  alias = "{alias}"\n}}\n'
            (folder / f"provider_{alias}.tf").write_text(block, encoding="utf-8")


def run_tests(root: Path) -> list[str]:
    """Run the tests of all modules. Gives what failed; a module without tests has failed, too."""
    wrong: list[str] = []
    with copy_of_sources(root) as copy:
        environment = environment_for_terraform(copy)
        for folder in roots_in(copy):
            name = folder.relative_to(copy)
            if folder.parent.name != "modules" and not (folder / "tests").is_dir():
                continue
            if not any((folder / "tests").glob("*.tftest.hcl")):
                wrong.append(f"{name} has no tests.")
                continue
            try:
                terraform(folder, "init", "-backend=false", "-no-color", environment=environment)
                said = terraform(folder, "test", "-no-color", environment=environment)
            except TerraformFailedError as error:
                wrong.append(f"{name}: {error}")
            else:
                sys.stdout.write(f"{name}: {said.strip().splitlines()[-1]}\n")
    return wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.infra.static_terraform", description=__doc__)
    parser.add_argument("what", choices=("lint", "test"))
    if shutil.which("terraform") is None:
        parser.error(
            "Terraform is not installed: https://developer.hashicorp.com/terraform/install, version 1.11."
        )
    wrong = {"lint": lint, "test": run_tests}[parser.parse_args(arguments).what](ROOT)
    sys.stderr.write("".join(f"{text}\n\n" for text in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
