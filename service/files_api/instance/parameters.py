"""The settings in the SSM Parameter Store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from files_api.instance.aws_calls import aws_call

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient


class SecretParameterError(Exception):
    """Among the parameters is a secret. The text is one sentence that names it."""


def read_parameters(client: SSMClient, path: str) -> dict[str, str]:
    """Read all parameters right under a path, by the last part of their names. IAM: ssm:GetParametersByPath.

    Raises:
        AwsCallError: The call failed.
        SecretParameterError: One of them is a SecureString. What is read here is written to the disk.
    """
    found = {}
    with aws_call("GetParametersByPath"):
        for page in client.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=False):
            for parameter in page["Parameters"]:
                name = parameter.get("Name", "")
                if parameter.get("Type") == "SecureString":
                    raise SecretParameterError(
                        f"{name} is a SecureString: secrets do not belong among the settings."
                    )
                found[name.rpartition("/")[2]] = parameter.get("Value", "")
    return found
