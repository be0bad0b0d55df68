"""The variables of an environment, which are not in Git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from files_api.operations.cloud import Cloud
from files_api.operations.commands.options import environment_option, root_option
from files_api.operations.preflight import check_state_bucket, check_variables_in, find_place
from files_api.operations.variables import fetch, keep, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from files_api.operations.naming import Environment


@click.command("variables")
@environment_option
@root_option
@click.option("--keep", "keeps", is_flag=True, help="Put the file of this checkout there, for everybody.")
def variables(environment: Environment, root: Path, *, keeps: bool) -> None:
    """Fetch the environment's terraform.tfvars from beside its state, or keep this one there."""
    cloud = Cloud()
    place = find_place(cloud)
    check_state_bucket(cloud, place)
    if keeps:
        check_variables_in(environment.folder_in(root), place.region)
        file = keep(cloud.s3, place, environment, root)
        click.echo(f"Kept {file} as {key_of(environment)} in {place.state_bucket}.")
        return
    click.echo(f"Fetched {fetch(cloud.s3, place, environment, root)}.")


COMMANDS = (variables,)
