"""EC2: security group rules that keep their descriptions and can be changed, versions and tags of launch templates."""

from __future__ import annotations

from typing import Any

from moto.ec2.models import security_groups
from moto.ec2.models.amis import AmiBackend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.responses.amis import AmisResponse
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import convert_tag_spec, parse_user_data
from tests.infra.emulator.gaps import reads, replace, require_lacking, takes


class DescribedRule(SecurityGroupRule):
    """moto's rule, described whatever it refers to; moto keeps the description of an address range alone."""

    def __init__(self, *arguments: Any, prefix_list_id: dict[str, str] | None = None, **named: Any) -> None:
        # Some callers name the eighth argument, others do not.
        prefix_list = arguments[7] if len(arguments) > 7 else prefix_list_id
        if len(arguments) <= 7:
            named["prefix_list_id"] = prefix_list_id
        super().__init__(*arguments, **named)
        self.ip_range: dict[str, str | None]
        self.source_group: dict[str, str | None]
        self._prefix_list_description = (prefix_list or {}).get("Description")

    @property
    def description(self) -> str | None:
        return (
            self.ip_range.get("Description")
            or self.source_group.get("Description")
            or self._prefix_list_description
        )

    @property
    def referenced_group_info(self) -> dict[str, str | None] | None:
        if not self.source_group:
            return None
        return {name: value for name, value in self.source_group.items() if name != "Description"}

    def change(self, wanted: dict[str, Any]) -> None:
        """Do what moto leaves out of ModifySecurityGroupRules."""
        description = wanted.get("Description")
        if wanted.get("ReferencedGroupId"):
            self.ip_range = {}
            self.source_group = {
                **self.source_group,
                "GroupId": wanted["ReferencedGroupId"],
                "Description": description,
            }
        elif wanted.get("PrefixListId"):
            self.ip_range = {}
            self.prefix_list_id = wanted["PrefixListId"]
            self._prefix_list_description = description
        elif wanted.get("CidrIpv6"):
            self.ip_range = {"CidrIpv6": wanted["CidrIpv6"], "Description": description}


def extend() -> None:
    """Put the described rules in the place of moto's."""
    require_lacking(
        "describe every rule", lacking=not reads(SecurityGroupRule.description.fget, "source_group")
    )
    require_lacking(
        "change rules that name a group",
        lacking=reads(SecurityGroupBackend.modify_security_group_rules, "TODO: Handle cidr_ipv6"),
    )
    replace(security_groups, "SecurityGroupRule", DescribedRule)
    stock = SecurityGroupBackend.modify_security_group_rules

    def modify_security_group_rules(backend: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        stock(backend, group_id, rules)
        group = backend.get_security_group_by_name_or_id(group_id)
        for rule_id, wanted in rules.items():
            group.get_rule(rule_id).change(wanted)

    replace(SecurityGroupBackend, "modify_security_group_rules", modify_security_group_rules)
    _keep_tags_of_templates_apart()
    _make_versions_from_others()
    _register_images_for_processors()


def _register_images_for_processors() -> None:
    """Keep for which processors an image is registered."""
    require_lacking(
        "keep an image's architecture", lacking=not takes(AmiBackend.register_image, "architecture")
    )
    asked = AmisResponse.register_image

    def register_image(response: Any) -> Any:
        answer = asked(response)
        image = response.ec2_backend.amis[answer.result["ImageId"]]
        # i386 is what EC2 takes where nothing is said, for images that nobody makes any more.
        image.architecture = response._get_param("Architecture") or "i386"
        return answer

    replace(AmisResponse, "register_image", register_image)


def _keep_tags_of_templates_apart() -> None:
    """Keep the tags of a launch template itself out of its data, where moto puts them beside those of instances."""
    require_lacking(
        "tell a template's tags from its data",
        lacking=reads(
            LaunchTemplates.create_launch_template, 'parsed_template_data["TagSpecifications"].extend'
        ),
    )
    stock = LaunchTemplate.__init__

    def make(template: Any, backend: Any, name: str, template_data: dict[str, Any], *others: Any) -> None:
        kept = [
            one
            for one in template_data.get("TagSpecifications", [])
            if one["ResourceType"] != "launch-template"
        ]
        data = {**template_data, "TagSpecifications": kept}
        stock(template, backend, name, data if kept else _without(data, "TagSpecifications"), *others)

    replace(LaunchTemplate, "__init__", make)


def _make_versions_from_others() -> None:
    """Let a version of a launch template have what its source has; moto takes what is given alone."""
    require_lacking(
        "make a version of a template from another",
        lacking=not reads(LaunchTemplates.create_launch_template_version, "SourceVersion"),
    )
    stock = LaunchTemplates.create_launch_template_version

    def create_launch_template_version(response: Any) -> Any:
        answer = stock(response)
        made = answer.result["LaunchTemplateVersion"]
        template = response.ec2_backend.get_launch_template(made["LaunchTemplateId"])
        version = template.get_version(made["VersionNumber"])
        source = response._get_param("SourceVersion")
        inherited = template.get_version(source).data if source else {}
        if "UserData" in version.data:
            version.data["UserData"] = parse_user_data(version.data["UserData"])
        # In place: the answer tells of the same data.
        version.data.update({**inherited, **version.data})
        version.instance_tags = convert_tag_spec(version.data.get("TagSpecifications", [])).get(
            "instance", {}
        )
        return answer

    replace(LaunchTemplates, "create_launch_template_version", create_launch_template_version)


def _without(given: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}
