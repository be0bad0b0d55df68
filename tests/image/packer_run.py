"""Runs `packer build` for real: with our templates, against a stand-in for EC2 (moto), on a machine that boots.

Debian's Packer is 1.6.6, the last one that is free software. What newer ones alone understand is left out of a copy of
the templates, and is checked as text.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.image.machine import wait_until
from tests.image.prerequisites import ROOT
from tests.integration.stack import aws_client

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEMPLATES = ROOT / "packer"
REGION = "us-east-1"
VERSION = "0.0.0"
#: An image of Debian's cloud team, an older one, and one of somebody else that would be newer than both.
DEBIAN = "ami-0debian13new00000"
_AMIS = (
    (DEBIAN, "136693071363", "debian-13-amd64-20261101-2200", "2026-11-01T22:00:00.000Z"),
    ("ami-0debian13old00000", "136693071363", "debian-13-amd64-20250901-2200", "2025-09-01T22:00:00.000Z"),
    ("ami-0somebodyelse0000", "210987654321", "debian-13-amd64-20261120-2200", "2026-11-20T22:00:00.000Z"),
)
_NEWER = re.compile(
    r"^ *# begin: newer than Packer 1\.6\n(.*?)^ *# end: newer than Packer 1\.6\n", re.MULTILINE | re.DOTALL
)
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "tests",
    "AWS_SECRET_ACCESS_KEY": "tests",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CONFIG_FILE": os.devnull,
    "CHECKPOINT_DISABLE": "1",
}


@dataclass(frozen=True, slots=True)
class PackerRun:
    """What came of a build, and what is left of it in EC2."""

    status: int
    output: str
    manifest: dict[str, Any] = field(repr=False)
    images: list[dict[str, Any]] = field(repr=False)
    snapshots: list[dict[str, Any]] = field(repr=False)
    instances: list[dict[str, Any]] = field(repr=False)
    groups: list[str]
    keys: list[str]


def only_for_newer(text: str) -> str:
    """The parts of a template that Packer 1.6 does not understand."""
    return "".join(_NEWER.findall(text))


def run_packer(folder: Path, address: str, key: Path, variables: Mapping[str, str], commit: str) -> PackerRun:
    """Build an image of the machine that is at an address."""
    folder.mkdir()
    templates = _stripped_copy(folder)
    manifest = folder / "manifest.json"
    given = dict(variables)
    hashes = {name: given.pop(f"{name}_agent_sha256") for name in ("ssm", "telemetry")}
    versions = {name: given.pop(f"{name}_agent_version") for name in ("ssm", "telemetry")}
    # The copy of the templates is not in the checkout, which the playbook would look for above it.
    extra = {
        **given,
        "files_api_checkout": str(ROOT),
        "telemetry_agent_config": str(ROOT / "observability/cloudwatch-agent/config.json"),
    }
    with _ec2(folder) as endpoint:
        ec2 = aws_client("ec2", endpoint)
        groups_before = {one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]}
        images_before = {one["ImageId"] for one in ec2.describe_images()["Images"]}
        values = {
            "region": REGION,
            "manifest": str(manifest),
            "commit": commit,
            "service_version": VERSION,
            "ec2_endpoint": endpoint,
            "ssh_host": address,
            "ssh_private_key_file": str(key),
            "ssm_agent_version": versions["ssm"],
            "ssm_agent_sha256": json.dumps({"x86_64": hashes["ssm"]}),
            "telemetry_agent_version": versions["telemetry"],
            "telemetry_agent_sha256": json.dumps({"x86_64": hashes["telemetry"]}),
            "extra_ansible_variables": json.dumps(extra),
        }
        done = subprocess.run(
            [
                *("packer", "build", "-color=false"),
                *(
                    f"-var={name}={value.replace(': ', ' = ') if value[:1] == '{' else value}"
                    for name, value in values.items()
                ),
                ".",
            ],
            cwd=templates,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=400,
            check=False,
            env={**os.environ, **_ENVIRONMENT},
        )
        assert done.returncode == 0, done.stdout[-6000:]
        images = [one for one in ec2.describe_images()["Images"] if one["ImageId"] not in images_before]
        owned = ec2.describe_snapshots(Filters=[{"Name": "tag:Project", "Values": ["files-api"]}])
        reservations = ec2.describe_instances()["Reservations"]
        groups = ec2.describe_security_groups()["SecurityGroups"]
        return PackerRun(
            status=done.returncode,
            output=done.stdout,
            manifest=json.loads(manifest.read_text(encoding="utf-8")),
            images=images,
            snapshots=owned["Snapshots"],
            instances=[one for reservation in reservations for one in reservation["Instances"]],
            groups=[one["GroupId"] for one in groups if one["GroupId"] not in groups_before],
            keys=[one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]],
        )


def _stripped_copy(folder: Path) -> Path:
    """Copy what Packer 1.6 understands of the templates."""
    templates = folder / "packer"
    templates.mkdir()
    for name in ("variables.pkr.hcl", "files-api.pkr.hcl"):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        (templates / name).write_text(_NEWER.sub("", text), encoding="utf-8")
    shutil.copy(TEMPLATES / "seal.sh", templates)
    for name in ("ansible", ".venv-tools"):
        (folder / name).symlink_to(ROOT / name)
    return templates


@contextmanager
def _ec2(folder: Path) -> Iterator[str]:
    """An EC2 that knows three images of Debian."""
    amis = [
        {
            "ami_id": ami,
            "owner_id": owner,
            "name": name,
            "creation_date": created,
            "description": "Debian 13",
            "public": True,
            "architecture": "x86_64",
            "virtualization_type": "hvm",
            "hypervisor": "xen",
            "root_device_type": "ebs",
            "root_device_name": "/dev/xvda",
            "state": "available",
            "image_type": "machine",
        }
        for ami, owner, name, created in _AMIS
    ]
    file = folder / "amis.json"
    file.write_text(json.dumps(amis), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ENVIRONMENT, "MOTO_AMIS_PATH": str(file)},
    )
    try:

        def answers() -> bool:
            with socket.socket() as client:
                return client.connect_ex(("127.0.0.1", port)) == 0

        wait_until(answers, "moto answers", 30.0)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)
