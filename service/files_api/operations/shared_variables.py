"""The variables of an environment, `terraform.tfvars`, kept beside its state for whoever works on it next.

They are not in Git: addresses and names of an account stand in them. The bucket is versioned and encrypted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from files_api.operations.errors import NotReadyError

if TYPE_CHECKING:
    from pathlib import Path

    from types_boto3_s3 import S3Client

    from files_api.operations.naming import Environment
    from files_api.operations.preflight import Place


def keep(s3: S3Client, place: Place, environment: Environment, file: Path) -> str:
    """Put the file beside the state; where it is then.

    IAM: s3:PutObject.

    Raises:
        NotReadyError: There is no such file.
    """
    try:
        text = file.read_bytes()
    except FileNotFoundError as error:
        raise NotReadyError(f"{file} is missing: there is nothing to keep.") from error
    s3.put_object(
        Bucket=place.state_bucket,
        Key=environment.variables_key,
        Body=text,
        ContentType="text/plain; charset=utf-8",
        ExpectedBucketOwner=place.account,
    )
    return f"s3://{place.state_bucket}/{environment.variables_key}"


def fetch(s3: S3Client, place: Place, environment: Environment, file: Path) -> None:
    """Write the file that is kept; one that is there already and says something else stays.

    IAM: s3:GetObject.

    Raises:
        NotReadyError: None is kept, or another one is there.
    """
    try:
        kept = s3.get_object(
            Bucket=place.state_bucket, Key=environment.variables_key, ExpectedBucketOwner=place.account
        )["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise NotReadyError(
            f"No variables of {environment.name} are kept: `make tf-variables ENV={environment.name} KEEP=1` does, "
            "where they are."
        ) from error
    if file.exists() and file.read_bytes() != kept:
        raise NotReadyError(
            f"{file} is there, and says something else than what is kept: remove it, or keep it by "
            f"`make tf-variables ENV={environment.name} KEEP=1`."
        )
    file.write_bytes(kept)
