"""Makes what an account needs once, and moves its own state into the bucket that it has made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from files_api.operations.errors import NotReadyError, OperationError
from files_api.operations.preflight import check_variables_in, find_place, has_state_bucket
from files_api.operations.terraform import Terraform, version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from files_api.operations.cloud import Cloud

#: Written by the first run, and not kept in Git: it names the account.
BACKEND_FILE = "backend.tf"
_LOCAL_STATES = ("terraform.tfstate", "terraform.tfstate.backup")


def run(cloud: Cloud, folder: Path, say: Callable[[str], None], *, approved: bool) -> None:
    """Apply the bootstrap. The first time its state is local, and then moved; after that it is in the bucket.

    Raises:
        NotReadyError: Something is missing; nothing was begun.
        OperationError: Terraform failed. What is there is in the state, local or in the bucket: run it again.
    """
    version()
    place = find_place(cloud)
    check_variables_in(folder, place.region)
    file = folder / BACKEND_FILE
    local = folder / _LOCAL_STATES[0]
    terraform = Terraform(folder, {})
    if not file.exists() and not local.exists() and has_state_bucket(cloud, place):
        raise NotReadyError(
            f"This account has been bootstrapped from another checkout: copy its {file.name} to {folder}, or write one "
            f"with bucket {place.state_bucket} and key files-api/bootstrap/terraform.tfstate."
        )
    terraform.init()
    terraform.apply(*(["-auto-approve"] if approved else []))
    outputs = terraform.outputs()
    backend = outputs.get("backend")
    if not isinstance(backend, str):
        raise OperationError("The bootstrap has no output backend: it was not applied.")
    if not file.exists():
        file.write_text(backend, encoding="utf-8")
        try:
            terraform.init("-migrate-state", "-force-copy")
        except OperationError:
            # With the file there, the next run would believe that the state is in the bucket.
            file.unlink()
            raise
        for name in _LOCAL_STATES:
            (folder / name).unlink(missing_ok=True)
        say(
            f"The state of the bootstrap is in {place.state_bucket} now. Keep {file}: it says so, and is not in Git."
        )
    for name in ("plan_role_arn", "review_role_arn", "image_role_arn", "apply_role_arns"):
        say(f"{name}: {outputs.get(name)}")
