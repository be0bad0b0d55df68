"""`packer build`, from the source image to the clean-up."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.image.conftest import COMMIT
from tests.image.packer_run import DEBIAN, TEMPLATES, VERSION, only_for_newer

from files_api.operations.image_building import images_in

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.conftest import Build

_TEMPLATE = (TEMPLATES / "files-api.pkr.hcl").read_text(encoding="utf-8")


def _tags(thing: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing["Tags"]}


def test_it_makes_one_image(build: Build) -> None:
    assert build.packer.status == 0
    assert len(build.packer.images) == 1


def test_it_ran_the_whole_playbook_and_not_nothing(build: Build) -> None:
    # With a wrong group of hosts Ansible does nothing, and Packer makes an image of that.
    recap = re.search(r"ok=(\d+)\s+changed=(\d+)\s+unreachable=0\s+failed=0", build.packer.output)

    assert recap is not None
    assert int(recap[1]) > 40


def test_it_begins_with_the_newest_image_of_debians_own_account(build: Build) -> None:
    assert [one["ImageId"] for one in build.packer.instances] == [DEBIAN]


def test_the_image_tells_what_it_was_made_of(build: Build) -> None:
    (image,) = build.packer.images
    tags = _tags(image)

    assert tags["Project"] == "files-api"
    assert (tags["Version"], tags["Commit"], tags["Architecture"]) == (VERSION, COMMIT, "x86_64")
    assert (tags["BaseImage"], tags["BaseImageName"]) == (DEBIAN, "debian-13-amd64-20261101-2200")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", tags["BuiltAt"])
    assert tags["Name"] == image["Name"]


def test_its_snapshots_tell_the_same(build: Build) -> None:
    (image,) = build.packer.images

    assert [_tags(one)["Commit"] for one in build.packer.snapshots] == [COMMIT]
    assert _tags(build.packer.snapshots[0])["Name"] == image["Name"]


def test_the_manifest_names_it_as_make_ami_reads_it(build: Build, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(build.packer.manifest), encoding="utf-8")

    assert images_in(file) == [build.packer.images[0]["ImageId"]]


def test_nothing_else_is_left_of_the_build(build: Build) -> None:
    assert [one["State"]["Name"] for one in build.packer.instances] == ["terminated"]
    assert (build.packer.groups, build.packer.keys) == ([], [])


def test_the_disk_is_encrypted_and_of_the_current_kind() -> None:
    mappings = re.search(r"launch_block_device_mappings \{(.*?)\n  \}", _TEMPLATE, re.DOTALL)

    assert mappings is not None
    said = dict(re.findall(r"(\w+)\s*= (\S+)", mappings[1]))
    assert (said["volume_type"], said["encrypted"], said["delete_on_termination"]) == (
        '"gp3"',
        "true",
        "true",
    )


def test_newer_packers_ask_for_imdsv2_with_one_hop() -> None:
    said = dict(re.findall(r"^\s*(\w+)\s*= (\S+)$", only_for_newer(_TEMPLATE), re.MULTILINE))

    assert said == {
        "http_endpoint": '"enabled"',
        "http_tokens": '"required"',
        "http_put_response_hop_limit": "1",
        "imds_support": '"v2.0"',
        "temporary_security_group_source_public_ip": "true",
    }


def test_plugins_are_bounded() -> None:
    text = (TEMPLATES / "plugins.pkr.hcl").read_text(encoding="utf-8")

    assert re.findall(r'source  = "(\S+)"', text) == [
        "github.com/hashicorp/amazon",
        "github.com/hashicorp/ansible",
    ]
    assert all("<" in version for version in re.findall(r'  version = "(.*)"', text))
