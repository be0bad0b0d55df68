"""What an environment runs at this moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from files_api.operations.errors import NotReadyError
from files_api.operations.naming import FLEETS

if TYPE_CHECKING:
    from files_api.operations.cloud.groups import Group, Groups
    from files_api.operations.naming import Environment


def serving_group(groups: Groups, environment: Environment, fleet: str | None = None) -> Group:
    """Find the group of a fleet, or that of the only fleet with instances.

    Raises:
        NotReadyError: There is none, or it is not clear which.
    """
    if fleet is not None:
        group = groups.read(environment.group(fleet))
        if group is None:
            raise NotReadyError(
                f"There is no Auto Scaling group {environment.group(fleet)}: run `make tf-apply` first."
            )
        return group
    found = {
        name: group
        for name in FLEETS
        if (group := groups.read(environment.group(name))) is not None and group.desired
    }
    if not found:
        raise NotReadyError(
            f"{environment.name} has no instances yet: run `make tf-apply ENV={environment.name}` first."
        )
    if len(found) > 1:
        raise NotReadyError(f"Several fleets have instances: say which, by FLEET={' or FLEET='.join(found)}.")
    return next(iter(found.values()))


def running_images(groups: Groups, environment: Environment, fleet: str | None = None) -> list[str]:
    """Tell which images the instances of a fleet run, one for each architecture.

    Raises:
        NotReadyError: It has no instances, or they run several images of one architecture.
    """
    group = serving_group(groups, environment, fleet)
    running = {member.image_id for member in group.in_service}
    if not running or len(running) != len(group.images()):
        raise NotReadyError(
            f"{group.name} runs no single image ({', '.join(sorted(running)) or 'no instance is in service'}): "
            "wait for its refresh to end."
        )
    return sorted(running)
