"""What a group launches: a version of a launch template, or a choice of them in a mixed instances policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.launch_templates import LaunchTemplateVersion

#: For a policy that describes its instances by requirements instead of naming types.
_SOME_INSTANCE_TYPE = "m7g.medium"


@dataclass(frozen=True)
class Choice:
    """One way to launch an instance.

    Attributes:
        template_id: The launch template.
        template_name: Its name.
        version: Its version, always a number.
        instance_type: The type that is asked for; None for the launch template's own.
    """

    template_id: str
    template_name: str
    version: str
    instance_type: str | None

    @property
    def specification(self) -> dict[str, str]:
        return {
            "LaunchTemplateId": self.template_id,
            "LaunchTemplateName": self.template_name,
            "Version": self.version,
        }

    def template(self, ec2: EC2Backend) -> LaunchTemplateVersion:
        return ec2.get_launch_template(self.template_id).get_version(self.version)


@dataclass(frozen=True)
class Configuration:
    """What a group, or a refresh of it, wants its instances to be.

    Attributes:
        launch_template: A LaunchTemplateSpecification, or None.
        mixed_instances_policy: A MixedInstancesPolicy, or None.
    """

    launch_template: dict[str, Any] | None
    mixed_instances_policy: dict[str, Any] | None

    @classmethod
    def from_request(cls, wanted: dict[str, Any]) -> Self:
        """Read a DesiredConfiguration."""
        return cls(wanted.get("LaunchTemplate"), wanted.get("MixedInstancesPolicy"))

    def choices(self, ec2: EC2Backend) -> list[Choice]:
        """List every way in which an instance may be launched, in the order of the policy's overrides."""
        if self.mixed_instances_policy is None:
            return [_choice(self.launch_template or {}, None, ec2)]
        template = self.mixed_instances_policy["LaunchTemplate"]
        usual = template["LaunchTemplateSpecification"]
        overrides = template.get("Overrides") or [{}]
        return [
            _choice(
                override.get("LaunchTemplateSpecification") or usual,
                _SOME_INSTANCE_TYPE if "InstanceRequirements" in override else override.get("InstanceType"),
                ec2,
            )
            for override in overrides
        ]


def _choice(specification: dict[str, Any], instance_type: str | None, ec2: EC2Backend) -> Choice:
    if specification.get("LaunchTemplateId"):
        template = ec2.get_launch_template(specification["LaunchTemplateId"])
    else:
        template = ec2.get_launch_template_by_name(specification["LaunchTemplateName"])
    version = specification.get("Version") or "$Default"
    moving = {"$Default": template.default_version_number, "$Latest": template.latest_version_number}
    number = moving.get(version, version)
    return Choice(template.id, template.name, str(number), instance_type)
