"""Options that several commands have, and what they all need."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from files_api.operations.clock import SystemClock
from files_api.operations.cloud import Cloud
from files_api.operations.cloud.groups import Groups
from files_api.operations.cloud.images import Images
from files_api.operations.cloud.parameters import Parameters
from files_api.operations.cloud.refreshes import Refreshes
from files_api.operations.deployment import Deployments
from files_api.operations.following import POLL_SECONDS, Follower
from files_api.operations.naming import ENVIRONMENTS, FLEETS, REPOSITORY, Environment
from files_api.operations.preflight import check
from files_api.operations.terraform import Terraform, s3_backend

if TYPE_CHECKING:
    from files_api.operations.preflight import Place


class _EnvironmentName(click.ParamType[Environment]):
    name = "|".join(ENVIRONMENTS)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Environment:
        if isinstance(value, Environment):
            return value
        if value not in ENVIRONMENTS:
            self.fail(f"{value!r} is no environment; say ENV={' or ENV='.join(ENVIRONMENTS)}.", param, ctx)
        return Environment(str(value))


ENVIRONMENT = _EnvironmentName()
environment_option = click.option(
    "--env", "environment", type=ENVIRONMENT, required=True, help="The environment."
)
fleet_option = click.option(
    "--fleet", type=click.Choice(FLEETS), help="The fleet; the one with instances where it is not said."
)
poll_option = click.option(
    "--poll-seconds",
    type=click.FloatRange(min=0),
    default=POLL_SECONDS,
    show_default=True,
    help="Seconds between two looks at a refresh.",
)
root_option = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=REPOSITORY,
    help="The checkout whose terraform/ and packer/ are used; this one, where it is not said.",
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What works on one environment, checked to be there.

    Attributes:
        environment: Which one.
        place: The account and region.
        cloud: AWS.
        terraform: Terraform in its folder.
        poll_seconds: Seconds between two looks at a refresh.
    """

    environment: Environment
    place: Place
    cloud: Cloud
    terraform: Terraform
    poll_seconds: float = POLL_SECONDS

    @property
    def groups(self) -> Groups:
        """Its Auto Scaling groups."""
        return Groups(self.cloud.autoscaling, self.cloud.ec2, self.cloud.elbv2)

    @property
    def refreshes(self) -> Refreshes:
        """Their refreshes."""
        return Refreshes(self.cloud.autoscaling)

    @property
    def follower(self) -> Follower:
        """What waits for a refresh."""
        return Follower(self.refreshes, SystemClock(), click.echo, self.poll_seconds)

    @property
    def deployments(self) -> Deployments:
        """What deploys."""
        return Deployments(
            environment=self.environment,
            groups=self.groups,
            images=Images(self.cloud.ec2),
            parameters=Parameters(self.cloud.ssm),
            refreshes=self.refreshes,
            follower=self.follower,
            terraform=self.terraform,
            say=click.echo,
        )


def open_desk(environment: Environment, root: Path, poll_seconds: float = POLL_SECONDS) -> Desk:
    """Check what working with Terraform on an environment needs.

    Raises:
        NotReadyError: Something is missing.
    """
    cloud = Cloud()
    place = check(cloud, environment, root)
    backend = s3_backend(place.state_bucket, environment.state_key, place.region)
    return Desk(environment, place, cloud, Terraform(environment.folder_in(root), backend), poll_seconds)
