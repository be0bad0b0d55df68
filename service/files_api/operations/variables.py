"""Keeps an environment's terraform.tfvars beside its state: for the pipeline, and for whoever works on it next.

It is not in Git, since it names domains and people. In the bucket of states it is encrypted, keeps its old versions,
and is read by exactly those who plan (terraform/bootstrap).
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from files_api.operations.errors import NotReadyError

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from files_api.operations.naming import Environment
    from files_api.operations.preflight import Place

NAME = "terraform.tfvars"


def key_of(environment: Environment) -> str:
    """Say where the file is in the bucket of states."""
    return str(PurePosixPath(environment.state_key).with_name(NAME))


def fetch(s3: S3Client, place: Place, environment: Environment, checkout: Path) -> Path:
    """Write the file where Terraform reads it; where it is.

    Raises:
        NotReadyError: Nobody has kept one, or there is another one here already.
    """
    file = environment.folder_in(checkout) / NAME
    try:
        answer = s3.get_object(
            Bucket=place.state_bucket, Key=key_of(environment), ExpectedBucketOwner=place.account
        )
    except s3.exceptions.NoSuchKey as error:
        raise NotReadyError(
            f"Nobody has kept the variables of {environment.name} yet: "
            f"`make tf-variables ENV={environment.name} KEEP=1` does, where they are."
        ) from error
    content = answer["Body"].read()
    if file.exists() and file.read_bytes() != content:
        raise NotReadyError(
            f"{file} is here already and says something else: keep it (KEEP=1), or move it away."
        )
    file.write_bytes(content)
    return file


def keep(s3: S3Client, place: Place, environment: Environment, checkout: Path) -> Path:
    """Put the file beside the state, for everybody who plans; which one it was.

    Raises:
        NotReadyError: There is none here.
    """
    file = environment.folder_in(checkout) / NAME
    if not file.exists():
        raise NotReadyError(f"{file} is not there: copy {NAME}.example beside it, and fill it in.")
    s3.put_object(
        Bucket=place.state_bucket,
        Key=key_of(environment),
        Body=file.read_bytes(),
        ContentType="text/plain; charset=utf-8",
        ExpectedBucketOwner=place.account,
    )
    return file
