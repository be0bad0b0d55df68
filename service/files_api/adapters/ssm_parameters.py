"""Secrets out of the SSM Parameter Store."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_ssm import SSMClient

#: One read and its retry stay well below the deadline of the request that waits for them.
_CONNECT_TIMEOUT_SECONDS = 2.0
_READ_TIMEOUT_SECONDS = 5.0
_ATTEMPTS = 2


class ParameterUnreadableError(Exception):
    """A parameter could not be read. The text names it and the reason, never its value."""


class SsmParameters:
    """Reads SecureString parameters. The client is made at the first read, hence after the fork.

    Args:
        region: Of the parameters; None for where boto3 finds one.
    """

    def __init__(self, region: str | None = None) -> None:
        self._region = region
        self._lock = threading.Lock()
        self._client: SSMClient | None = None

    def read(self, name: str) -> str:
        """Read and decrypt a parameter. IAM: ssm:GetParameter (and kms:Decrypt for a key of one's own).

        Raises:
            ParameterUnreadableError: It does not exist, may not be read, or SSM cannot be reached.
        """
        # Here, since a service that is given its key in the environment never needs them.
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            answer = self._connect().get_parameter(Name=name, WithDecryption=True)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "unknown")
            raise ParameterUnreadableError(f"SSM refuses the parameter {name}: {code}.") from error
        except BotoCoreError as error:
            problem = f"The parameter {name} cannot be read: {type(error).__name__}."
            raise ParameterUnreadableError(problem) from error
        return answer["Parameter"].get("Value", "")

    def _connect(self) -> SSMClient:
        import boto3  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        with self._lock:
            if self._client is None:
                # A session of its own: boto3's default one is shared, and not safe for threads.
                self._client = boto3.session.Session().client(
                    "ssm",
                    region_name=self._region,
                    config=Config(
                        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
                        read_timeout=_READ_TIMEOUT_SECONDS,
                        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                    ),
                )
            return self._client
