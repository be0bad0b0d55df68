"""Bringing an image to an environment, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from files_api.operations.cloud import Cloud
from files_api.operations.cloud.groups import Groups
from files_api.operations.cloud.images import Images
from files_api.operations.cloud.parameters import Parameters
from files_api.operations.commands.options import (
    ENVIRONMENT,
    environment_option,
    fleet_option,
    open_desk,
    poll_option,
    root_option,
)
from files_api.operations.image_building import publish
from files_api.operations.naming import FLEETS
from files_api.operations.running import running_images

if TYPE_CHECKING:
    from pathlib import Path

    from files_api.operations.naming import Environment


@click.command("deploy")
@environment_option
@fleet_option
@root_option
@poll_option
@click.argument("images", nargs=-1, required=True, metavar="AMI...")
def deploy(
    environment: Environment, fleet: str | None, root: Path, poll_seconds: float, images: tuple[str, ...]
) -> None:
    """Bring an image (one for each architecture) to a fleet, and follow the refresh of its instances to the end."""
    desk = open_desk(environment, root, poll_seconds)
    desk.terraform.init_once()
    desk.deployments.deploy(fleet, images)


@click.command("rollback")
@environment_option
@fleet_option
@root_option
@poll_option
def rollback(environment: Environment, fleet: str | None, root: Path, poll_seconds: float) -> None:
    """Bring back the image that ran before."""
    desk = open_desk(environment, root, poll_seconds)
    desk.terraform.init_once()
    desk.deployments.roll_back(fleet)


@click.command("promote")
@click.option(
    "--from", "source", type=ENVIRONMENT, required=True, help="The environment that runs the image."
)
@click.option(
    "--to", "target", type=ENVIRONMENT, required=True, help="The environment that is to run it, too."
)
@root_option
@poll_option
def promote(source: Environment, target: Environment, root: Path, poll_seconds: float) -> None:
    """Bring the very image that one environment runs to another one of the account; the first one is only named."""
    if source == target:
        raise click.UsageError("An image is promoted from one environment to another.")
    cloud = Cloud()
    groups = Groups(cloud.autoscaling, cloud.ec2, cloud.elbv2)
    images = running_images(groups, source)
    if not any(groups.read(target.group(fleet)) for fleet in FLEETS):
        publish(target, Images(cloud.ec2), Parameters(cloud.ssm), images, click.echo)
        click.echo(
            f"{target.stack} is not there yet: `make tf-apply ENV={target.name}` makes it with this image."
        )
        return
    desk = open_desk(target, root, poll_seconds)
    desk.terraform.init_once()
    desk.deployments.deploy(None, images)


COMMANDS = (deploy, rollback, promote)
