"""User data (terraform/modules/compute/user_data.yaml.tftpl): what cloud-init is told, and that it understands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types
from tests.prerequisites import need_program

from files_api.environment_file import parse_environment
from files_api.instance.configuration import InstanceFile, instance_file

TEMPLATE = Path(__file__).parents[3] / "terraform/modules/compute/user_data.yaml.tftpl"
VALUES = {
    "environment": "dev",
    "region": "eu-central-1",
    "parameters": "/files-api/dev",
    "settings_digest": "0123abc",
}
#: Of EC2, before it is encoded
#: (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html).
MOST_BYTES = 16 * 1024

if TYPE_CHECKING:
    from collections.abc import Mapping


def rendered(values: Mapping[str, str] = VALUES) -> str:
    """The template, as Terraform's templatefile renders it: it uses nothing but ${name}."""
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], TEMPLATE.read_text(encoding="utf-8"))


@pytest.fixture
def config() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(rendered())
    return parsed


def test_cloud_init_takes_it_for_cloud_config() -> None:
    assert rendered().startswith("#cloud-config\n")


def test_it_is_small() -> None:
    assert len(rendered().encode()) < MOST_BYTES / 8


def test_the_template_needs_exactly_what_terraform_gives() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")

    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(VALUES)
    assert "%{" not in text, "a directive that rendered() does not know"


def test_it_writes_the_file_that_the_instance_reads(config: dict[str, Any]) -> None:
    (file,) = config["write_files"]

    assert (file["path"], file["owner"], file["permissions"]) == (
        "/etc/files-api/instance",
        "root:root",
        "0644",
    )
    written = parse_environment(file["content"])
    assert instance_file(written) == InstanceFile("dev", "eu-central-1", "/files-api/dev")
    assert written["SETTINGS_DIGEST"] == "0123abc"


def test_it_starts_the_units_now_and_at_each_later_boot(config: dict[str, Any]) -> None:
    assert config["runcmd"] == [
        ["systemctl", "enable", "files-api.service", "files-api-lifecycle.service"],
        ["systemctl", "start", "--no-block", "files-api.service", "files-api-lifecycle.service"],
    ]


def test_it_does_nothing_else(config: dict[str, Any]) -> None:
    assert set(config) == {"write_files", "runcmd"}


def test_cloud_init_itself_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    need_program("cloud-init", "By cloud-init itself, the user data is")
    file = tmp_path / "user-data.yaml"
    file.write_text(rendered(), encoding="utf-8")

    checked = subprocess.run(
        ["cloud-init", "schema", "--config-file", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_cloud_init_would_find_something_wrong(tmp_path: Path) -> None:
    need_program("cloud-init", "By cloud-init itself, the user data is")
    file = tmp_path / "user-data.yaml"
    file.write_text(
        rendered().replace("write_files:\n  - path:", "write_files:\n  - puth:"), encoding="utf-8"
    )

    checked = subprocess.run(
        ["cloud-init", "schema", "--config-file", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert checked.returncode != 0
