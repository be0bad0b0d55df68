"""What must be there before anything is begun, and what is missing, in a sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ProfileNotFound,
    SSOError,
)

from files_api.operations import terraform
from files_api.operations.errors import NotReadyError, sentence_of
from files_api.operations.naming import state_bucket

if TYPE_CHECKING:
    from pathlib import Path

    from files_api.operations.cloud import Cloud
    from files_api.operations.naming import Environment

_REGION = re.compile(r'^\s*(?:aws_)?region\s*=\s*"(?P<region>[^"]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one works.

    Attributes:
        account: The id of the AWS account.
        region: AWS's name of the region.
        caller: The ARN of whoever has the credentials.
    """

    account: str
    region: str
    caller: str

    @property
    def state_bucket(self) -> str:
        """The bucket of Terraform states."""
        return state_bucket(self.account, self.region)


def find_place(cloud: Cloud) -> Place:
    """Find out who is asking, and where.

    Raises:
        NotReadyError: There is no region, or there are no credentials that are good.
    """
    region = cloud.region
    if region is None:
        raise NotReadyError("There is no region: set AWS_REGION, or the region of your AWS profile.")
    try:
        identity = cloud.sts.get_caller_identity()
    except (NoCredentialsError, CredentialRetrievalError, SSOError, ProfileNotFound) as error:
        raise NotReadyError(
            "There are no usable AWS credentials: sign in (`aws sso login`), or set AWS_PROFILE "
            f"({' '.join(str(error).split()).rstrip('.')})."
        ) from error
    except (ClientError, BotoCoreError) as error:
        raise NotReadyError(f"The AWS credentials were not accepted: {sentence_of(error)}") from error
    return Place(account=identity["Account"], region=region, caller=identity["Arn"])


def check_variables_in(folder: Path, region: str) -> None:
    """Look whether the variables of a root of Terraform are there, and are about the same region.

    Raises:
        NotReadyError: They are not.
    """
    file = folder / "terraform.tfvars"
    if not file.exists():
        raise NotReadyError(
            f"{_short(file)} is missing: copy terraform.tfvars.example beside it, and fill it in."
        )
    found = _REGION.search(file.read_text(encoding="utf-8"))
    if found is not None and found["region"] != region:
        raise NotReadyError(
            f"{_short(file)} is about {found['region']}, and the credentials about {region}: set AWS_REGION."
        )


def check_state_bucket(cloud: Cloud, place: Place) -> None:
    """Look whether the bucket of states is there, and is this account's own.

    Raises:
        NotReadyError: It is not.
    """
    if not has_state_bucket(cloud, place):
        raise NotReadyError(
            f"The state bucket {place.state_bucket} is not there: run `make tf-bootstrap` once for this account."
        )


def has_state_bucket(cloud: Cloud, place: Place) -> bool:
    """Tell whether there is a bucket of states.

    Raises:
        NotReadyError: It is somebody else's, or may not be used.
    """
    try:
        # Names of buckets are the world's: the owner is asked for, lest a state goes to a stranger.
        cloud.s3.head_bucket(Bucket=place.state_bucket, ExpectedBucketOwner=place.account)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if status == 404:
            return False
        if status == 403:
            raise NotReadyError(
                f"The state bucket {place.state_bucket} may not be used by {place.caller}, or is not account "
                f"{place.account}'s."
            ) from error
        raise
    return True


def check(cloud: Cloud, environment: Environment, checkout: Path) -> Place:
    """Check all that working on an environment of a checkout with Terraform needs.

    Raises:
        NotReadyError: Something is missing; the first thing that is.
    """
    terraform.version()
    place = find_place(cloud)
    check_variables_in(environment.folder_in(checkout), place.region)
    check_state_bucket(cloud, place)
    return place


def _short(file: Path) -> str:
    return "/".join(file.parts[-4:])
