"""Removes old images, never one that is in use or may be gone back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from files_api.operations.cloud.groups import templates_of
from files_api.operations.naming import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_ec2 import EC2Client

    from files_api.operations.cloud.images import Image, Images
    from files_api.operations.cloud.parameters import Parameters


def images_in_use(ec2: EC2Client, autoscaling: AutoScalingClient, parameters: Parameters) -> set[str]:
    """Find the images that something of this account and region can still launch, or runs.

    Instances in whatever state, versions of launch templates that a group names or that are a template's default or
    newest, and all parameters of the project with the values that they had before (`make rollback`).

    IAM: ec2:DescribeInstances, DescribeLaunchTemplates, DescribeLaunchTemplateVersions,
    autoscaling:DescribeAutoScalingGroups, and what `Parameters` needs.
    """
    used: set[str] = set()
    for page in ec2.get_paginator("describe_instances").paginate():
        for reservation in page["Reservations"]:
            used.update(instance["ImageId"] for instance in reservation["Instances"])
    used.update(_launchable(ec2, _versions_of_members(autoscaling)))
    for name in parameters.below(f"/{PROJECT}"):
        if "/ami/" in name:
            used.update(version.value for version in parameters.history(name))
    return used


def _versions_of_members(autoscaling: AutoScalingClient) -> dict[str, set[str]]:
    """The versions, by id of the launch template, that groups name."""
    named: dict[str, set[str]] = {}
    for page in autoscaling.get_paginator("describe_auto_scaling_groups").paginate():
        for group in page["AutoScalingGroups"]:
            for template_id, version in templates_of(group):
                named.setdefault(template_id, set()).add(version)
    return named


def _launchable(ec2: EC2Client, named: Mapping[str, set[str]]) -> Iterator[str]:
    """The images of all launch templates: in the versions that are named, the default one and the newest."""
    for page in ec2.get_paginator("describe_launch_templates").paginate():
        for template in page["LaunchTemplates"]:
            template_id = template["LaunchTemplateId"]
            told = ec2.describe_launch_template_versions(
                LaunchTemplateId=template_id,
                Versions=sorted(named.get(template_id, set()) | {"$Default", "$Latest"}),
            )
            for version in told["LaunchTemplateVersions"]:
                if image := version["LaunchTemplateData"].get("ImageId"):
                    yield image


def removable(images: list[Image], used: set[str], keep: int) -> list[Image]:
    """Choose what may go: of each architecture, all but the newest `keep` and what is in use."""
    seen: dict[str, int] = {}
    chosen: list[Image] = []
    for image in images:
        seen[image.architecture] = seen.get(image.architecture, 0) + 1
        if seen[image.architecture] > keep and image.image_id not in used:
            chosen.append(image)
    return chosen


def prune(images: Images, used: set[str], keep: int, say: Callable[[str], None], *, dry_run: bool) -> None:
    """Deregister what may go, with its snapshots.

    Args:
        images: The images of the account.
        used: What may not go.
        keep: How many of each architecture stay in any case.
        say: Takes a line about each.
        dry_run: Only say what would go.
    """
    chosen = removable(images.ours(), used, keep)
    for image in chosen:
        if dry_run:
            say(f"would remove {image.describe()}")
            continue
        kept = images.remove(image)
        say(f"removed {image.describe()}" + (f"; kept its snapshots {', '.join(kept)}" if kept else ""))
    if not chosen:
        say("There is no image to remove.")
