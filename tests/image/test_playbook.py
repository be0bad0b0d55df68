"""The playbook on a machine that boots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.image.conftest import Build


def test_a_plain_debian_becomes_an_image(build: Build) -> None:
    assert (build.first.status, build.first.failed, build.first.unreachable) == (0, 0, 0)
    # With a wrong group of hosts Ansible does nothing, and is content with that.
    assert build.first.ok > 40
    assert build.first.changed > 30


def test_the_second_time_nothing_changes(build: Build) -> None:
    # That was Packer's: on a machine that is an image already.
    assert re.search(r"changed=(\d+)", build.packer.output) is not None
    assert (
        re.findall(r"(?:TASK|HANDLER) \[[^\n]*\n(?:[^\n]*\n){0,3}?[^\n]*changed: [^\n]*", build.packer.output)
        == []
    )
    assert re.findall(r"changed=(\d+)", build.packer.output) == ["0"]


def test_nothing_is_downloaded_twice(build: Build) -> None:
    assert sorted(build.packages.requested) == ["/amazon-cloudwatch-agent.deb", "/amazon-ssm-agent.deb"]
