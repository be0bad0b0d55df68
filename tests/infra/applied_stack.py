"""An environment of the whole Terraform stack, applied to an emulated AWS of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.infra.applied_root import SECONDS, AppliedRoot
from tests.infra.emulated_aws import ROOT, EmulatedAws
from tests.infra.static_terraform import copy_of_sources

from files_api.operations.naming import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FLEETS = ("blue", "green")
ARCHITECTURES = ("x86_64", "arm64")
DOMAIN = "example.com"
#: What no emulator has. Off when the stack is applied; test_switches looks at their plans.
NOT_EMULATED = ("enable_valkey", "enable_synthetics", "enable_backup", "enable_replication")
#: More looks than a refresh takes; each lets 15 simulated seconds go by.
_LOOKS = 2000


class Stack:
    """One environment.

    Args:
        environment: dev or prod.
        aws: Where it is applied.
        sources: The copy of everything that Terraform reads.
    """

    def __init__(self, environment: str, aws: EmulatedAws, sources: Path) -> None:
        self.environment = environment
        self.name = f"files-api-{environment}"
        self.aws = aws
        self.autoscaling = aws.client("autoscaling")
        self.elb = aws.client("elbv2")
        self.ec2 = aws.client("ec2")
        self.ssm = aws.client("ssm")
        self._sources = sources
        terraform = sources / "terraform"
        #: What the root is told beside its example.
        self.variables: dict[str, Any] = {}
        self.bootstrap = AppliedRoot(terraform / "bootstrap", aws.environment, sources)
        self.root = AppliedRoot(terraform / "environments" / environment, aws.environment, sources)

    def start(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        """Start what a make target starts, on the copy; the caller waits for its end."""
        named = [] if command in ("bootstrap", "promote") else ["--env", self.environment]
        polled = ["--poll-seconds", "0"] if command in ("apply", "deploy", "rollback", "promote") else []
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "files_api.operations", command, "--root", str(self._sources)),
                *(*named, *polled, *arguments),
            ],
            cwd=ROOT,
            # moto serves buckets by path; nothing else is different for Terraform.
            env={**self.root.environment, "TF_CLI_ARGS_init": "-backend-config=use_path_style=true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def operate(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Do what a make target does, to its end."""
        process = self.start(command, *arguments)
        said, complained = process.communicate(timeout=SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, said, complained)

    def must(self, command: str, *arguments: str) -> str:
        """Do what a make target does; it must go well. Gives what it said."""
        done = self.operate(command, *arguments)
        assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr}"
        return done.stdout

    def apply_bootstrap(self) -> None:
        """What is done once for an account."""
        _take_example(self.bootstrap.folder, {})
        self.must("bootstrap", "--yes")

    def prepare(self) -> None:
        """What there is before the first apply: images, a zone for the domain, and where the state goes."""
        images = self.register_images("first")
        for fleet in FLEETS:
            self.write_images(fleet, images)
        zone = self.aws.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference=self.name)
        self.variables = {
            **dict.fromkeys(NOT_EMULATED, False),
            "zone_id": zone["HostedZone"]["Id"].rpartition("/")[2],
            "domain_name": f"{self.environment}.{DOMAIN}",
        }
        self.set_variables(self.variables)
        self.must("init")

    def set_variables(self, variables: Mapping[str, Any]) -> None:
        """Give the values of the example, and these instead of or beside them."""
        _take_example(self.root.folder, variables)

    def register_images(self, name: str, *, boots: bool = True) -> dict[str, str]:
        """Register an image for each architecture, and give the ids."""
        made = {}
        for architecture in ARCHITECTURES:
            made[architecture] = self.ec2.register_image(
                Name=f"{self.name}-{architecture}-{name}",
                RootDeviceName="/dev/xvda",
                Architecture=architecture,
            )["ImageId"]
            if not boots:
                tags = [{"Key": "emulator:boots", "Value": "no"}]
                self.ec2.create_tags(Resources=[made[architecture]], Tags=tags)
        return made

    def write_images(self, fleet: str, images: Mapping[str, str]) -> None:
        """Write the parameters that `make ami` writes."""
        for architecture, image in images.items():
            self.ssm.put_parameter(
                Name=self.image_parameter(fleet, architecture), Value=image, Type="String", Overwrite=True
            )

    def image_parameter(self, fleet: str, architecture: str) -> str:
        return Environment(self.environment).ami_parameter(fleet, architecture)

    def written_images(self, fleet: str) -> set[str]:
        """The images that Terraform is told to use, for the architectures that the fleet has."""
        values = {
            one: self.ssm.get_parameter(Name=self.image_parameter(fleet, one)) for one in self.architectures()
        }
        return {told["Parameter"]["Value"] for told in values.values()}

    def architectures(self) -> list[str]:
        return list(self.root.outputs()["ami_ids"]["blue"])

    def group(self, fleet: str) -> dict[str, Any]:
        """Look at a fleet's group; simulated time goes on by that."""
        found = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[f"{self.name}-{fleet}"])
        group: dict[str, Any] = found["AutoScalingGroups"][0]
        return group

    def versions(self, fleet: str) -> set[tuple[str, str]]:
        """The launch templates that a fleet's group names, with their versions."""
        return {(one["LaunchTemplateId"], one["Version"]) for one in templates_in(self.group(fleet))}

    def settle(self, fleet: str) -> dict[str, Any]:
        """Look until the fleet is what it should be, and every target of it healthy."""
        for _ in range(_LOOKS):
            group = self.group(fleet)
            states = [one["LifecycleState"] for one in group["Instances"]]
            wanted = group["DesiredCapacity"]
            if states == ["InService"] * wanted and self.target_states(group) == ["healthy"] * wanted:
                return group
        raise AssertionError(f"the fleet does not settle: {group['Instances']}")

    def target_states(self, group: Mapping[str, Any]) -> list[str]:
        (arn,) = group["TargetGroupARNs"]
        described = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return [target["TargetHealth"]["State"] for target in described]

    def instances(self, fleet: str) -> list[dict[str, Any]]:
        """The instances of a settled fleet, as EC2 describes them."""
        ids = [one["InstanceId"] for one in self.settle(fleet)["Instances"]]
        described = self.ec2.describe_instances(InstanceIds=ids)["Reservations"] if ids else []
        return [instance for reservation in described for instance in reservation["Instances"]]

    def images(self, fleet: str) -> set[str]:
        """The images that a settled fleet runs."""
        return {instance["ImageId"] for instance in self.instances(fleet)}

    def running_images(self, fleet: str) -> set[str]:
        """The images that a fleet runs while it is being changed; no time goes by."""
        filters = [
            {"Name": "tag:AutoScalingGroup", "Values": [f"{self.name}-{fleet}"]},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
        described = self.ec2.describe_instances(Filters=filters)["Reservations"]
        return {instance["ImageId"] for reservation in described for instance in reservation["Instances"]}

    def refresh_preferences(self) -> dict[str, Any]:
        """How the stack wants its instances replaced."""
        preferences: dict[str, Any] = self.root.outputs()["refresh_preferences"]
        return preferences

    def guards(self) -> list[str]:
        """What stands between the environment and its destruction."""
        return [one for one in self.root.resources() if "terraform_data.guard" in one]

    def lift_protection(self) -> None:
        """Do what docs/operations.md tells somebody who really wants to destroy a protected environment."""
        for guard in self.guards():
            self.root.forget(guard)
        self.variables["deletion_protection"] = False
        self.set_variables(self.variables)
        self.root.apply()


@contextmanager
def applied_stack(environment: str, folder: Path) -> Iterator[Stack]:
    """Apply the bootstrap and an environment, from the sources as they are."""
    with copy_of_sources() as sources, EmulatedAws(folder) as aws:
        stack = Stack(environment, aws, sources)
        stack.apply_bootstrap()
        stack.prepare()
        stack.must("apply", "--yes")
        yield stack


def templates_in(group: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every launch template that a group names, in place."""
    policy = group.get("MixedInstancesPolicy")
    if policy is None:
        return [group["LaunchTemplate"]]
    template = policy["LaunchTemplate"]
    overrides = [one.get("LaunchTemplateSpecification") for one in template.get("Overrides", [])]
    return [template["LaunchTemplateSpecification"], *(one for one in overrides if one is not None)]


def _take_example(folder: Path, variables: Mapping[str, Any]) -> None:
    """Use the example of the variables, as its reader would, so that it is tried, too."""
    example = folder / "terraform.tfvars.example"
    if example.exists():
        shutil.copy(example, folder / "terraform.tfvars")
    (folder / "tests.auto.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
