"""Builds images with Packer, and says where Terraform reads them which one is the newest."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING

from files_api.operations.errors import NotReadyError, OperationError
from files_api.operations.naming import FLEETS
from files_api.operations.terraform import run_in_foreground

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from files_api.operations.cloud.images import Images
    from files_api.operations.cloud.parameters import Parameters
    from files_api.operations.naming import Environment


def build(
    folder: Path, manifest: Path, variables: Mapping[str, str], templates: Sequence[str] = (".",)
) -> list[str]:
    """Run Packer, and give the ids of the images that it made.

    Args:
        folder: Where the templates are.
        manifest: Where Packer is to write what it has made; what is there is removed before.
        variables: Packer's variables.
        templates: What is built.

    Raises:
        NotReadyError: There is no Packer.
        OperationError: Packer failed, or made nothing.
    """
    if shutil.which("packer") is None:
        raise NotReadyError("packer is not installed, or not in PATH; 1.11 or newer is needed.")
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.unlink(missing_ok=True)
    given = [f"-var={name}={value}" for name, value in variables.items()]
    for command in (["init", *templates], ["build", "-color=false", *given, *templates]):
        # From the folder itself: Packer has no -chdir (hashicorp/packer issue 12264).
        status = run_in_foreground(["packer", *command], folder)
        if status != 0:
            raise OperationError(f"packer {command[0]} failed with status {status}.")
    return images_in(manifest)


def identity_of(checkout: Path) -> dict[str, str]:
    """Tell which commit and which version of the service a checkout is, as Packer's variables.

    Raises:
        NotReadyError: It is no checkout of Git, or has changes that are in no commit: nobody could say what was built.
    """
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    commit, changes = (_git(checkout, *asked) for asked in (("rev-parse", "HEAD"), ("status", "--porcelain")))
    if changes:
        raise NotReadyError("There are changes that are not committed: an image is tagged with its commit.")
    return {"commit": commit, "service_version": str(project["version"])}


def _git(checkout: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(checkout), *arguments],  # noqa: S607  # wherever it is installed
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotReadyError(f"Git cannot tell which commit {checkout} is ({error}).") from error
    return done.stdout.strip()


def images_in(manifest: Path) -> list[str]:
    """Read which images the last run of Packer made: `region:ami-…`, several of them with commas between.

    Raises:
        OperationError: There is no manifest that tells.
    """
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
        last = told["last_run_uuid"]
        found = [
            part.rpartition(":")[2]
            for one in told["builds"]
            if one["packer_run_uuid"] == last
            for part in one["artifact_id"].split(",")
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OperationError(f"Packer's manifest {manifest} does not tell what was built.") from error
    if not found:
        raise OperationError(f"Packer's manifest {manifest} names no image.")
    return found


def publish(
    environment: Environment,
    images: Images,
    parameters: Parameters,
    image_ids: Sequence[str],
    say: Callable[[str], None],
) -> None:
    """Write the ids into the parameters that Terraform reads, for each fleet of an environment.

    Raises:
        OperationError: An image is not there.
    """
    for image_id in image_ids:
        image = images.read(image_id)
        if image is None:
            raise OperationError(f"The image {image_id} is not there.")
        for fleet in FLEETS:
            name = environment.ami_parameter(fleet, image.architecture)
            parameters.write(name, image_id, f"Image of the {fleet} fleet, {image.architecture}")
            say(f"{name} = {image.describe()}")
