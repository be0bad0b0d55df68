"""The whole stack of an environment, by Terraform: bootstrap, init, plan, apply, destroy, drift."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from files_api.operations import bootstrap as bootstrapping
from files_api.operations.cloud import Cloud
from files_api.operations.commands.options import (
    Desk,
    environment_option,
    open_desk,
    poll_option,
    root_option,
)
from files_api.operations.errors import NotReadyError, OperationError
from files_api.operations.naming import FLEETS, Environment
from files_api.operations.preflight import check_state_bucket, find_place
from files_api.operations.shared_variables import fetch, keep

_yes_option = click.option("--yes", is_flag=True, help="Do not ask: the plan is approved already.")


@click.command("bootstrap")
@root_option
@_yes_option
def bootstrap(root: Path, *, yes: bool) -> None:
    """Make what an account needs once: the bucket of states, the pipeline's roles, the rules of sessions."""
    bootstrapping.run(Cloud(), root / "terraform" / "bootstrap", approved=yes, say=click.echo)


@click.command("variables")
@environment_option
@root_option
@click.option(
    "--keep",
    "keeps",
    is_flag=True,
    help="Keep the file that is here, instead of fetching the one that is kept.",
)
def variables(environment: Environment, root: Path, *, keeps: bool) -> None:
    """Fetch terraform.tfvars, which is kept beside the state, or keep it there."""
    cloud = Cloud()
    place = find_place(cloud)
    check_state_bucket(cloud, place)
    file = environment.folder_in(root) / "terraform.tfvars"
    if keeps:
        click.echo(f"Kept as {keep(cloud.s3, place, environment, file)}.")
        return
    fetch(cloud.s3, place, environment, file)
    click.echo(f"{file} is what is kept.")


@click.command("init")
@environment_option
@root_option
def init(environment: Environment, root: Path) -> None:
    """Prepare Terraform in the environment's folder."""
    open_desk(environment, root).terraform.init()


@click.command("plan")
@environment_option
@root_option
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Keep the plan, so that it can be applied."
)
@click.option(
    "--no-lock", is_flag=True, help="Read the state without its lock: for a role that may not write."
)
@click.option("--no-refresh", is_flag=True, help="Compare with the state alone, and ask AWS for nothing.")
def plan(environment: Environment, root: Path, out: Path | None, *, no_lock: bool, no_refresh: bool) -> None:
    """Show what would be changed."""
    desk = _prepared(environment, root)
    arguments = [*(["-lock=false"] if no_lock else []), *(["-refresh=false"] if no_refresh else [])]
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        desk.terraform.plan(out, *arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        desk.terraform.plan(Path(folder, "unkept.tfplan"), *arguments)


@click.command("apply")
@environment_option
@root_option
@poll_option
@_yes_option
@click.option(
    "--plan",
    "saved",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Apply this very plan, and ask nothing.",
)
def apply(
    environment: Environment, root: Path, poll_seconds: float, saved: Path | None, *, yes: bool
) -> None:
    """Make the stack what the configuration says, and follow the replacement of instances where there is one."""
    desk = _prepared(environment, root, poll_seconds)
    if saved is not None:
        desk.terraform.apply(str(saved.resolve()))
    else:
        desk.terraform.apply(*(["-auto-approve"] if yes else []))
    # Terraform starts a refresh of the instances and does not wait for it.
    for fleet in FLEETS:
        desk.follower.follow_newest(environment.group(fleet))
    for name, value in desk.terraform.outputs().items():
        if isinstance(value, str):
            click.echo(f"{name}: {value}")


@click.command("destroy")
@environment_option
@root_option
@_yes_option
@click.option(
    "--confirm", metavar="NAME", help="The name of the environment, once more, where it is protected."
)
def destroy(environment: Environment, root: Path, confirm: str | None, *, yes: bool) -> None:
    """Destroy an environment with everything in it. A protected one wants its name typed."""
    if environment.is_protected and confirm != environment.name:
        if confirm is not None or yes:
            raise NotReadyError(
                f"{environment.name} is protected: say CONFIRM={environment.name} to destroy all of it."
            )
        typed = click.prompt(
            f"This destroys {environment.stack} with all files. Type {environment.name} to go on"
        )
        if typed.strip() != environment.name:
            raise NotReadyError(f"{typed.strip()!r} is not {environment.name}: nothing was destroyed.")
    desk = _prepared(environment, root)
    status = desk.terraform.run("destroy", *(["-auto-approve"] if yes else []))
    if status != 0:
        raise OperationError(f"terraform destroy failed with status {status}.")


@click.command("drift")
@environment_option
@root_option
def drift(environment: Environment, root: Path) -> None:
    """Fail when AWS is not what the configuration says; change nothing, and lock nothing."""
    desk = _prepared(environment, root)
    with tempfile.TemporaryDirectory() as folder:
        if desk.terraform.plan(Path(folder, "drift.tfplan"), "-lock=false"):
            raise OperationError(
                f"{environment.stack} is not what the configuration says: see the plan above."
            )
    click.echo(f"{environment.stack} is what the configuration says.")


def _prepared(environment: Environment, root: Path, poll_seconds: float | None = None) -> Desk:
    desk = (
        open_desk(environment, root) if poll_seconds is None else open_desk(environment, root, poll_seconds)
    )
    desk.terraform.init_once()
    return desk


COMMANDS = (bootstrap, variables, init, plan, apply, destroy, drift)
