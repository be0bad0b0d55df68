"""The names that Terraform and the operators' tools agree on: an environment is found by its name alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROJECT = "files-api"
ENVIRONMENTS = ("dev", "prod")
FLEETS = ("blue", "green")
#: As EC2 writes them.
ARCHITECTURES = ("x86_64", "arm64")
#: Where `terraform/` is: this package is used from a checkout.
REPOSITORY = Path(__file__).parents[3]
BOOTSTRAP_STATE_KEY = f"{PROJECT}/bootstrap/terraform.tfstate"


@dataclass(frozen=True, slots=True)
class Environment:
    """One installation of the service.

    Attributes:
        name: `dev` or `prod`.
    """

    name: str

    @property
    def stack(self) -> str:
        """What its resources are called, or begin with."""
        return f"{PROJECT}-{self.name}"

    @property
    def is_protected(self) -> bool:
        """Whether nobody may destroy it in passing."""
        return self.name == "prod"

    @property
    def state_key(self) -> str:
        """Where its Terraform state is in the bucket."""
        return f"{PROJECT}/{self.name}/terraform.tfstate"

    @property
    def variables_key(self) -> str:
        """Where its variables are kept, beside the state: the pipeline has no other place to find them in."""
        return f"{PROJECT}/{self.name}/terraform.tfvars"

    def folder_in(self, checkout: Path) -> Path:
        """Say where its Terraform configuration is in a checkout."""
        return checkout / "terraform" / "environments" / self.name

    @property
    def parameters(self) -> str:
        """What all its SSM parameters begin with."""
        return f"/{PROJECT}/{self.name}"

    @property
    def openai_key_parameter(self) -> str:
        """The SecureString parameter with the key for OpenAI."""
        return f"{self.parameters}/secrets/openai-api-key"

    def group(self, fleet: str) -> str:
        """Name the Auto Scaling group of a fleet."""
        return f"{self.stack}-{fleet}"

    def fleet_of(self, group: str) -> str:
        """Tell the fleet whose Auto Scaling group has a name."""
        return group.removeprefix(f"{self.stack}-")

    def ami_parameter(self, fleet: str, architecture: str) -> str:
        """Name the SSM parameter that says which image a fleet runs."""
        return f"{self.parameters}/ami/{fleet}/{architecture}"

    def log_group(self, kind: str) -> str:
        """Name a log group: `service`, `audit`, …."""
        return f"{self.parameters}/{kind}"


def state_bucket(account: str, region: str) -> str:
    """Name the bucket of Terraform states, one for each account and region (terraform/bootstrap makes it)."""
    return f"{PROJECT}-terraform-state-{account}-{region}"
