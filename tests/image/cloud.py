"""The cloud that launched machines find themselves in: S3, DynamoDB and SSM (moto), OpenAI's stand-in, metadata."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import ExitStack
from string import Template
from typing import TYPE_CHECKING

from tests.image import relay
from tests.image.machine import Machine
from tests.image.prerequisites import ROOT
from tests.image.root_system import Overlay
from tests.integration.instance_aws import REGION, InstanceAws
from tests.integration.instance_metadata import InstanceMetadataService
from tests.integration.stack import BUCKET, KEYS_TABLE, SECRET, STATE_TABLE, OpenAi, StorageServer, aws_client

if TYPE_CHECKING:
    import itertools
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.image.network import Bridge

ENVIRONMENT = "tests"
PARAMETERS = f"/files-api/{ENVIRONMENT}"
PORT = 8000
_METADATA_ADDRESS = "169.254.169.254"
_USER_DATA = ROOT / "terraform/modules/compute/user_data.yaml.tftpl"
#: Where the programs of an instance find a cloud that is not Amazon's. This alone is the tests' on a launched machine.
_DROP_IN = "[Service]\nEnvironment={variables}\n"


class Cloud:
    """One region, and what there is in it for all machines.

    Args:
        address: This machine's, on the network of the machines.
        settings: Of the service, beside the usual ones.
    """

    def __init__(self, address: str, **settings: str) -> None:
        with ExitStack() as undoing:
            self.storage = StorageServer()
            undoing.callback(self.storage.stop)
            openai = OpenAi()
            undoing.callback(openai.stop)
            self.address = address
            self.url = self._reachable(undoing, self.storage.address[1])
            standin = openai.url.removeprefix("http://")
            place, _, path = standin.partition("/")
            openai_url = f"{self._reachable(undoing, int(place.rpartition(':')[2]))}/{path}"
            self._write_parameters(
                {
                    # As terraform/modules/settings has them.
                    "AWS_REGION": REGION,
                    "FILES_API_ACCESS": "open",
                    "FILES_API_BUCKET": BUCKET,
                    "FILES_API_ENVIRONMENT": ENVIRONMENT,
                    "FILES_API_HOST": "0.0.0.0",
                    "FILES_API_KEYS_TABLE": KEYS_TABLE,
                    "FILES_API_STATE_TABLE": STATE_TABLE,
                    "FILES_API_OPENAI_KEY_PARAMETER": f"{PARAMETERS}/secrets/openai-api-key",
                    "FILES_API_TRUSTED_PROXIES": f"{address}/32",
                    "FILES_API_KEEP_ALIVE_SECONDS": "135",
                    "FILES_API_SHUTDOWN_GRACE_SECONDS": "60",
                    "PORT": str(PORT),
                    "WEB_CONCURRENCY": "1",
                    # And where this cloud is.
                    "AWS_ENDPOINT_URL": self.url,
                    "OPENAI_BASE_URL": openai_url,
                    **settings,
                }
            )
            self._undoing = undoing.pop_all()

    def _reachable(self, undoing: ExitStack, port: int) -> str:
        made = relay.on_host(self.address, port)
        undoing.callback(made.close)
        return f"http://{self.address}:{made.port}"

    def _write_parameters(self, settings: dict[str, str]) -> None:
        ssm = aws_client("ssm", self.storage.url)
        for name, value in settings.items():
            ssm.put_parameter(Name=f"{PARAMETERS}/settings/{name}", Value=value, Type="String")
        ssm.put_parameter(Name=f"{PARAMETERS}/secrets/openai-api-key", Value=SECRET, Type="SecureString")

    def close(self) -> None:
        self._undoing.close()


class Launched:
    """A machine that was launched from the image, as an instance of an Auto Scaling group is.

    Args:
        name: Of the machine.
        overlay: Its root file system, as the image has it.
        cloud: Where it is.
        machine: Boots a machine of this name with that root.
        aws: Its group and its target group.
    """

    def __init__(
        self,
        name: str,
        overlay: Overlay,
        cloud: Cloud,
        machine: Callable[[str, Path], Machine],
        aws: InstanceAws,
    ) -> None:
        self.name = name
        self.aws = aws
        with ExitStack() as undoing:
            undoing.callback(overlay.close)
            undoing.callback(aws.stop)
            groups = relay.on_host(cloud.address, int(aws.url.rpartition(":")[2]))
            undoing.callback(groups.close)
            self.metadata = _metadata(aws)
            undoing.callback(self.metadata.stop)
            _give_user_data(overlay.root, name)
            groups_url = f"http://{cloud.address}:{groups.port}"
            _lead_to(overlay.root, "files-api-configure", AWS_ENDPOINT_URL=cloud.url)
            _lead_to(
                overlay.root,
                "files-api-lifecycle",
                AWS_ENDPOINT_URL_AUTO_SCALING=groups_url,
                AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2=groups_url,
            )
            aws.wait_at("ready")
            self.machine = machine(name, overlay.root)
            undoing.callback(self.machine.close)
            port = int(self.metadata.url.rpartition(":")[2])
            undoing.callback(relay.in_network_of(self.machine.leader, _METADATA_ADDRESS, 80, port).close)
            _ip_in(self.machine, "link", "set", "lo", "up")
            _ip_in(self.machine, "address", "add", f"{_METADATA_ADDRESS}/32", "dev", "lo")
            self._undoing = undoing.pop_all()

    @property
    def address(self) -> tuple[str, int]:
        return self.machine.address, PORT

    @property
    def url(self) -> str:
        return f"http://{self.machine.address}:{PORT}"

    def wait_in_service(self, seconds: float = 90.0) -> None:
        """Wait until the instance itself has told its group that it is ready."""
        try:
            self.aws.wait_for("CompleteLifecycleAction ready CONTINUE", seconds)
        except AssertionError as error:
            raise AssertionError(
                f"{error}\n{self.log()[-4000:]}\n{self.machine.journal()[-4000:]}"
            ) from error

    def terminate(self) -> None:
        """End it as Auto Scaling does: tell it, wait until it says that it has finished, and power it off."""
        self.aws.wait_at("drain")
        self.metadata.tell(target_lifecycle_state="Terminated")
        self.aws.wait_for("CompleteLifecycleAction drain CONTINUE", 150.0)
        self.machine.stop()

    def log(self) -> str:
        """What the service and its companions have logged."""
        return self.machine.attempt("cat", "/var/log/files-api/service.log").stdout

    def close(self) -> None:
        self._undoing.close()


def new_overlay(image: Path, folder: Path, numbers: itertools.count[int]) -> Overlay:
    """Another root file system that begins as the image."""
    place = folder / f"launched-{next(numbers)}"
    shutil.rmtree(place, ignore_errors=True)
    return Overlay(image, place)


def machine_maker(bridge: Bridge, cgroups: Sequence[Path]) -> Callable[[str, Path], Machine]:
    """Make what boots machines on a network."""
    return lambda name, root: Machine(name, root, bridge, cgroups)


def rendered_user_data() -> str:
    """What Terraform hands to each instance, for this environment."""
    return Template(_USER_DATA.read_text(encoding="utf-8")).substitute(
        environment=ENVIRONMENT, region=REGION, parameters=PARAMETERS, settings_digest="0"
    )


def _metadata(aws: InstanceAws) -> InstanceMetadataService:
    tags = {
        "Name": f"files-api-{ENVIRONMENT}",
        "Project": "files-api",
        "Environment": ENVIRONMENT,
        "Fleet": "blue",
        "AutoScalingGroup": aws.group,
        "TargetGroup": aws.target_group,
    }
    service = InstanceMetadataService(aws.instance_id, REGION, tags)
    service.tell(target_lifecycle_state="InService")
    service.give_credentials(
        "files-api",
        json.dumps(
            {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "LastUpdated": "2026-01-01T00:00:00Z",
                "AccessKeyId": "ASIATESTS",
                "SecretAccessKey": SECRET,
                "Token": "tests",
                "Expiration": "2099-01-01T00:00:00Z",
            }
        ),
    )
    return service


def _give_user_data(root: Path, name: str) -> None:
    """Hand over the user data where cloud-init's NoCloud looks for it."""
    seed = root / "var/lib/cloud/seed/nocloud"
    seed.mkdir(parents=True)
    (seed / "user-data").write_text(rendered_user_data(), encoding="utf-8")
    # JSON is YAML.
    told = json.dumps({"instance-id": f"i-{name}", "local-hostname": name})
    (seed / "meta-data").write_text(told, encoding="utf-8")


def _lead_to(root: Path, unit: str, **variables: str) -> None:
    folder = root / f"etc/systemd/system/{unit}.service.d"
    folder.mkdir(parents=True)
    text = " ".join(f"{name}={value}" for name, value in variables.items())
    (folder / "tests.conf").write_text(_DROP_IN.format(variables=text), encoding="utf-8")


def _ip_in(machine: Machine, *arguments: str) -> None:
    subprocess.run(["nsenter", f"--target={machine.leader}", "--net", "ip", *arguments], check=True)
