"""Machine images (AMIs) of the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from files_api.operations.naming import PROJECT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_ec2 import EC2Client

_NOT_THERE = {"InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "InvalidAMIID.Unavailable"}
_IN_USE = "InvalidSnapshot.InUse"


@dataclass(frozen=True, slots=True)
class Image:
    """An image.

    Attributes:
        image_id: `ami-…`.
        name: Its name.
        state: `available`, `pending`, `failed`, ….
        architecture: `x86_64` or `arm64`.
        created: When it was made, as AWS writes it (ISO 8601 in UTC, so that it sorts).
        tags: Its tags.
        snapshots: The EBS snapshots that it stands on.
    """

    image_id: str
    name: str
    state: str
    architecture: str
    created: str
    tags: Mapping[str, str] = field(default_factory=dict)
    snapshots: tuple[str, ...] = ()

    def describe(self) -> str:
        """Say in a line which one it is."""
        version = self.tags.get("Version", "version not tagged")
        commit = self.tags.get("Commit", "commit not tagged")[:12]
        return f"{self.image_id} ({self.architecture}, {version}, {commit}, {self.created})"


class Images:
    """Looks at images, and removes them.

    IAM: ec2:DescribeImages, DeregisterImage, DeleteSnapshot.
    """

    def __init__(self, ec2: EC2Client) -> None:
        self._ec2 = ec2

    def read(self, image_id: str) -> Image | None:
        """Look at an image; None where there is none of this id that may be seen."""
        try:
            found = self._ec2.describe_images(ImageIds=[image_id])["Images"]
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return None
            raise
        return _image(found[0]) if found else None

    def ours(self) -> list[Image]:
        """List the images of the service in this account and region, newest first."""
        pages = self._ec2.get_paginator("describe_images").paginate(
            Owners=["self"], Filters=[{"Name": "tag:Project", "Values": [PROJECT]}]
        )
        found = [_image(told) for page in pages for told in page["Images"]]
        return sorted(found, key=lambda image: (image.created, image.image_id), reverse=True)

    def remove(self, image: Image) -> list[str]:
        """Deregister an image, and delete its snapshots; those that another image stands on are kept, and named."""
        self._ec2.deregister_image(ImageId=image.image_id)
        kept: list[str] = []
        for snapshot in image.snapshots:
            try:
                self._ec2.delete_snapshot(SnapshotId=snapshot)
            except ClientError as error:
                if error.response["Error"]["Code"] != _IN_USE:
                    raise
                kept.append(snapshot)
        return kept


def _image(told: Mapping[str, Any]) -> Image:
    return Image(
        image_id=told["ImageId"],
        name=told.get("Name", ""),
        state=told.get("State", ""),
        architecture=told.get("Architecture", ""),
        created=told.get("CreationDate", ""),
        tags={tag["Key"]: tag["Value"] for tag in told.get("Tags", [])},
        snapshots=tuple(
            device["Ebs"]["SnapshotId"]
            for device in told.get("BlockDeviceMappings", [])
            if device.get("Ebs", {}).get("SnapshotId")
        ),
    )
