"""Images: building them, and removing old ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from files_api.operations.cloud import Cloud
from files_api.operations.cloud.images import Images
from files_api.operations.cloud.parameters import Parameters
from files_api.operations.commands.options import ENVIRONMENT, root_option
from files_api.operations.image_building import build, identity_of, publish
from files_api.operations.naming import ARCHITECTURES
from files_api.operations.preflight import find_place
from files_api.operations.pruning import images_in_use, prune

if TYPE_CHECKING:
    from files_api.operations.naming import Environment


@click.command("ami")
@click.option(
    "--env", "environment", type=ENVIRONMENT, help="Whose parameters get the id; none where it is not said."
)
@root_option
@click.option(
    "--architecture",
    "architectures",
    type=click.Choice(ARCHITECTURES),
    multiple=True,
    default=ARCHITECTURES,
    show_default=True,
    help="The processors; an image for each.",
)
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable of Packer.")
@click.option(
    "--ids",
    "ids_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the ids into this file, too, on one line.",
)
def ami(
    environment: Environment | None,
    root: Path,
    architectures: tuple[str, ...],
    variables: tuple[str, ...],
    ids_file: Path | None,
) -> None:
    """Build images of this checkout, and write their ids where Terraform reads them."""
    cloud = Cloud()
    place = find_place(cloud)
    manifest = root / ".run" / "packer-manifest.json"
    told = {
        "region": place.region,
        "manifest": str(manifest.resolve()),
        **identity_of(root),
        **dict(one.partition("=")[::2] for one in variables),
    }
    ids: list[str] = []
    for architecture in architectures:
        ids += build(root / "packer", manifest, {**told, "architecture": architecture})
    if environment is not None:
        publish(environment, Images(cloud.ec2), Parameters(cloud.ssm), ids, click.echo)
    if ids_file is not None:
        ids_file.parent.mkdir(parents=True, exist_ok=True)
        ids_file.write_text(f"{' '.join(ids)}\n", encoding="utf-8")
    click.echo(" ".join(ids))


@click.command("amis-prune")
@click.option(
    "--keep", type=click.IntRange(min=1), default=5, show_default=True, help="So many stay of each kind."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def amis_prune(keep: int, *, dry_run: bool) -> None:
    """Deregister old images, never one that is in use or may be gone back to."""
    cloud = Cloud()
    find_place(cloud)
    used = images_in_use(cloud.ec2, cloud.autoscaling, Parameters(cloud.ssm))
    prune(Images(cloud.ec2), used, keep, click.echo, dry_run=dry_run)


COMMANDS = (ami, amis_prune)
