"""Brings an image to a fleet, and the fleet back where that does not go well.

Terraform makes the version of the launch template, and AWS moves the group to it: the refresh is started here, with
the new version as its desired configuration, while the group still names the old one. So there is something that AWS
can roll back to, which there is not when the provider starts the refresh (hashicorp/terraform-provider-aws issue
34189).
https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from files_api.operations.cloud.groups import IN_SERVICE, templates_of
from files_api.operations.cloud.parameters import taking_back, value_before
from files_api.operations.cloud.refreshes import SUCCESSFUL
from files_api.operations.errors import NotReadyError, OperationError
from files_api.operations.naming import ARCHITECTURES
from files_api.operations.running import serving_group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from files_api.operations.cloud.groups import Group, Groups
    from files_api.operations.cloud.images import Image, Images
    from files_api.operations.cloud.parameters import Parameters
    from files_api.operations.cloud.refreshes import Refreshes
    from files_api.operations.following import Follower
    from files_api.operations.naming import Environment
    from files_api.operations.terraform import Terraform

_TEMPLATES = "module.compute.aws_launch_template.this"


@dataclass(frozen=True, slots=True)
class Deployments:
    """Deploys to one environment.

    Attributes:
        environment: Which one.
        groups: Its groups.
        images: The images of the account.
        parameters: What says which image a fleet runs.
        refreshes: The refreshes of the groups.
        follower: Waits for their end.
        terraform: Terraform in the environment's folder.
        say: Takes a line for the person who waits.
    """

    environment: Environment
    groups: Groups
    images: Images
    parameters: Parameters
    refreshes: Refreshes
    follower: Follower
    terraform: Terraform
    say: Callable[[str], None]

    def deploy(self, fleet: str | None, image_ids: Sequence[str]) -> None:
        """Bring images, one for each architecture, to all instances of a fleet: the serving one where none is named.

        Raises:
            NotReadyError: They cannot be deployed there; nothing was changed.
            OperationError: It was tried, and AWS or Terraform went back or stopped. The parameters name the old image
                again.
        """
        group = serving_group(self.groups, self.environment, fleet)
        fleet = self.environment.fleet_of(group.name)
        self._check_that_nothing_goes_on(group.name)
        images = self._images(fleet, image_ids)
        before = self._values(fleet, images)
        self.say(f"Deploying {', '.join(image.describe() for image in images.values())} to {group.name}.")
        self._write(fleet, {architecture: image.image_id for architecture, image in images.items()})
        try:
            self._roll_out(group)
        except OperationError as error:
            self._take_back(fleet, images, self._safe_values(before, group))
            raise OperationError(
                f"{error} The parameters of {group.name} name the old image again; the next `make tf-apply` makes "
                "Terraform's state agree."
            ) from error
        self._check_result(fleet, images)

    def roll_back(self, fleet: str | None) -> None:
        """Bring back the images that a fleet ran before the ones that it runs now.

        Raises:
            NotReadyError: There was nothing before.
            OperationError: As for `deploy`.
        """
        group = serving_group(self.groups, self.environment, fleet)
        fleet = self.environment.fleet_of(group.name)
        before: list[str] = []
        for architecture in ARCHITECTURES:
            history = self.parameters.history(self.environment.ami_parameter(fleet, architecture))
            if history and (value := value_before(history)) is not None:
                before.append(value)
        if not before:
            raise NotReadyError(f"The fleet {fleet} of {self.environment.name} never ran another image.")
        self.deploy(fleet, before)

    def _roll_out(self, group: Group) -> None:
        self.terraform.apply("-auto-approve", f"-target={_TEMPLATES}")
        configuration = self.groups.next_configuration(group.name)
        if templates_of(configuration) == group.templates:
            self.say(f"{group.name} has this launch template already.")
            return
        preferences = self.terraform.outputs().get("refresh_preferences")
        if not isinstance(preferences, dict):
            raise OperationError(
                "The environment has no output refresh_preferences: run `make tf-apply` once."
            )
        refresh_id = self.refreshes.start(group.name, configuration, preferences)
        refresh = self.follower.follow(group.name, refresh_id)
        if refresh.status != SUCCESSFUL:
            raise OperationError(
                f"The instance refresh of {group.name} did not end well: {refresh.describe()}."
            )

    def _check_result(self, fleet: str, images: Mapping[str, Image]) -> None:
        group = serving_group(self.groups, self.environment, fleet)
        wanted = {image.image_id for image in images.values()}
        others = [
            member.instance_id
            for member in group.members
            if member.state == IN_SERVICE and member.architecture in images and member.image_id not in wanted
        ]
        if others:
            raise OperationError(
                f"{group.name} has instances with another image, {', '.join(others)}: something launched them beside "
                "the refresh."
            )
        for target_group in group.target_groups:
            health = self.groups.health(target_group)
            ill = [
                member.instance_id
                for member in group.in_service
                if health.get(member.instance_id) != "healthy"
            ]
            if ill:
                raise OperationError(f"{group.name} runs the image, but {', '.join(ill)} is not healthy.")
        self.say(
            f"{group.name}: {len(group.in_service)} instances, all healthy, run {', '.join(sorted(wanted))}."
        )

    def _check_that_nothing_goes_on(self, group: str) -> None:
        newest = self.refreshes.newest(group)
        if newest is not None and not newest.has_ended:
            raise NotReadyError(f"A refresh of {group} goes on already: {newest.describe()}.")

    def _images(self, fleet: str, image_ids: Sequence[str]) -> dict[str, Image]:
        """Look at the images, and whether the fleet can run them."""
        found: dict[str, Image] = {}
        unfit: list[str] = []
        for image_id in image_ids:
            image = self.images.read(image_id)
            if image is None:
                raise NotReadyError(f"There is no image {image_id} that this account may use in this region.")
            if image.state != "available":
                raise NotReadyError(f"The image {image_id} is {image.state or 'in no state'}, not available.")
            if image.architecture in found:
                raise NotReadyError(
                    f"{found[image.architecture].image_id} and {image_id} are both for {image.architecture}."
                )
            if self.parameters.read(self.environment.ami_parameter(fleet, image.architecture)) is None:
                # The pipeline builds for all processors, and an environment may have one of them.
                unfit.append(f"{image_id} is for {image.architecture}")
                continue
            found[image.architecture] = image
        for sentence in unfit:
            self.say(f"{sentence}, of which the fleet {fleet} has none: passed over.")
        if not found:
            raise NotReadyError(f"{', '.join(unfit)}, and the fleet {fleet} has no image of that kind.")
        return found

    def _values(self, fleet: str, images: Mapping[str, Image]) -> dict[str, str | None]:
        return {
            architecture: self.parameters.read(self.environment.ami_parameter(fleet, architecture))
            for architecture in images
        }

    @staticmethod
    def _safe_values(before: Mapping[str, str | None], group: Group) -> dict[str, str]:
        """What the parameters should name again: what runs, since `make ami` may have written the new id before."""
        running = group.images()
        return {
            architecture: value
            for architecture, was in before.items()
            if (value := running.get(architecture, was)) is not None
        }

    def _take_back(self, fleet: str, images: Mapping[str, Image], values: Mapping[str, str]) -> None:
        for architecture, image_id in values.items():
            refused = images[architecture].image_id
            if refused != image_id:
                name = self.environment.ami_parameter(fleet, architecture)
                self.parameters.write(name, image_id, taking_back(refused))

    def _write(self, fleet: str, values: Mapping[str, str]) -> None:
        for architecture, image_id in values.items():
            name = self.environment.ami_parameter(fleet, architecture)
            if self.parameters.read(name) != image_id:
                self.parameters.write(name, image_id, f"Image of the {fleet} fleet, {architecture}")
