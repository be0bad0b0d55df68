"""SSM parameters: which image a fleet runs, since when, and what was before; and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from files_api.operations.naming import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from types_boto3_ssm import SSMClient


# In the description of the version that was written instead.
_TAKEN_BACK = "took back "


@dataclass(frozen=True, slots=True)
class Version:
    """One value that a parameter has, or had.

    Attributes:
        number: Counted from 1.
        value: The value.
        description: What was said of it.
    """

    number: int
    value: str
    description: str = ""


def taking_back(value: str) -> str:
    """Describe a version that is written because another value did not do, so that nobody goes back to that one."""
    return f"{_TAKEN_BACK}{value}"


def value_before(history: Sequence[Version]) -> str | None:
    """Find the value that was good before the one that is there now; None where there was no other."""
    refused: set[str] = set()
    for version in reversed(history):
        if version.value != history[-1].value and version.value not in refused:
            return version.value
        if version.description.startswith(_TAKEN_BACK):
            refused.add(version.description.removeprefix(_TAKEN_BACK))
    return None


class Parameters:
    """Reads and writes parameters.

    IAM: ssm:GetParameter, GetParametersByPath, GetParameterHistory, PutParameter, DescribeParameters and
    AddTagsToResource.
    """

    def __init__(self, ssm: SSMClient) -> None:
        self._ssm = ssm

    def read(self, name: str) -> str | None:
        """Read a value; None where there is none."""
        try:
            return self._ssm.get_parameter(Name=name)["Parameter"].get("Value")
        except self._ssm.exceptions.ParameterNotFound:
            return None

    def below(self, path: str) -> dict[str, str]:
        """Read all values below a path, by name."""
        pages = self._ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
        return {
            parameter["Name"]: parameter.get("Value", "")
            for page in pages
            for parameter in page["Parameters"]
        }

    def history(self, name: str) -> list[Version]:
        """Read what the values were, oldest first; SSM keeps a hundred."""
        try:
            return sorted(self._history(name), key=lambda version: version.number)
        except self._ssm.exceptions.ParameterNotFound:
            return []

    def write(self, name: str, value: str, description: str) -> None:
        """Write a String; it is made where it is not there.

        Not of the type `aws:ec2:image`: SSM takes such a value only after a look at EC2, later than the call ends, so
        that a plan that follows would still read the old one.
        """
        try:
            self._ssm.put_parameter(
                Name=name,
                Value=value,
                Description=description,
                Type="String",
                # Tags may only be given to what is new.
                Tags=[{"Key": "Project", "Value": PROJECT}, {"Key": "ManagedBy", "Value": "operations"}],
            )
        except self._ssm.exceptions.ParameterAlreadyExists:
            self._ssm.put_parameter(
                Name=name, Value=value, Description=description, Type="String", Overwrite=True
            )

    def replace_secret(self, name: str, value: str) -> bool:
        """Give a SecureString that is there another value, under the same KMS key; False where it is not there."""
        pages = self._ssm.get_paginator("describe_parameters").paginate(
            ParameterFilters=[{"Key": "Name", "Values": [name]}]
        )
        found = next((parameter for page in pages for parameter in page["Parameters"]), None)
        if found is None or found.get("Type") != "SecureString":
            return False
        # Without a key it would be encrypted under the account's own one for SSM, which the instances may not use.
        if "KeyId" in found:
            self._ssm.put_parameter(
                Name=name, Value=value, Type="SecureString", Overwrite=True, KeyId=found["KeyId"]
            )
        else:
            self._ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)
        return True

    def _history(self, name: str) -> Iterator[Version]:
        for page in self._ssm.get_paginator("get_parameter_history").paginate(Name=name):
            for told in page["Parameters"]:
                yield Version(told["Version"], told.get("Value", ""), told.get("Description", ""))
