"""Plans of the environments without an account: Terraform and the real provider over moto, for policies to look at.

Each is planned with the values of its own `terraform.tfvars.example`, so that these are tried, too.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import boto3
from moto.server import ThreadedMotoServer
from tests.infra.policy_stack import Stack
from tests.infra.static_terraform import copy_of_sources, environment_for_terraform, terraform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

REGION = "eu-central-1"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
#: What keeps a plan away from AWS and from the real state.
_OVERRIDE = """
terraform {
  backend "local" {}
}

provider "aws" {
  s3_use_path_style = true
  max_retries       = 3
}
"""
_FLEETS = ("blue", "green")
_ARCHITECTURES = ("x86_64", "arm64")


@contextmanager
def emulated_aws() -> Iterator[str]:
    """An AWS with nothing in it, and where it listens."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@cache
def plan_environment(name: str) -> dict[str, Any]:
    """Plan an environment from nothing, once in a process, and give the plan in JSON.

    Raises:
        TerraformFailedError: It cannot be planned; the text says why.
    """
    return _plan_environment(name, {})


@cache
def plan_without_a_domain() -> dict[str, Any]:
    """Plan dev for somebody who has no domain, as its example tells."""
    return _plan_environment("dev", {"plain_http": True, "domain_name": None, "zone_id": None})


def _plan_environment(name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    with emulated_aws() as url, copy_of_sources() as copy:
        _put_ami_ids(url, name)
        folder = copy / "terraform/environments" / name
        return plan_folder(folder, url, copy, changes)


def planned_types(environment: str) -> set[str]:
    """Find the types of all resources that an environment's plan makes."""
    return Stack.from_plan(plan_environment(environment)).types()


def plan_folder(
    folder: Path, url: str, scratch: Path, changes: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """Plan what is in a folder, over what listens at the URL.

    Args:
        folder: The root module.
        url: The AWS.
        scratch: For the configuration of the CLI.
        changes: Values of variables, in the place of those in the example.
    """
    (folder / "policy_override.tf").write_text(_OVERRIDE, encoding="utf-8")
    environment = {
        **environment_for_terraform(scratch),
        **_CREDENTIALS,
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": REGION,
    }
    example = folder / "terraform.tfvars.example"
    values = [f"-var-file={example}"] if example.exists() else []
    if changes:
        other = folder / "policy.tfvars.json"
        other.write_text(json.dumps(dict(changes)), encoding="utf-8")
        values.append(f"-var-file={other}")
    terraform(folder, "init", "-no-color", environment=environment)
    terraform(
        folder, "plan", "-no-color", "-lock=false", "-out=policy.tfplan", *values, environment=environment
    )
    plan: dict[str, Any] = json.loads(
        terraform(folder, "show", "-json", "policy.tfplan", environment=environment)
    )
    return plan


def _put_ami_ids(url: str, environment: str) -> None:
    """Write the parameters that `make deploy` writes, which a plan reads."""
    client = boto3.client(
        "ssm",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    for fleet in _FLEETS:
        for architecture in _ARCHITECTURES:
            client.put_parameter(
                Name=f"/files-api/{environment}/ami/{fleet}/{architecture}",
                Value="ami-0123456789abcdef0",
                Type="String",
                # An environment may be planned twice in a process, and moto's memory is the process's.
                Overwrite=True,
            )
