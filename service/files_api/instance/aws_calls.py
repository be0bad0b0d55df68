"""How the programs on an instance call AWS."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: For what nothing can go on without. The whole fleet calls at the same time when it is replaced, and AWS throttles
#: that: the standard mode waits longer and longer between its attempts, up to 20 seconds.
PATIENT = Config(
    connect_timeout=3.0, read_timeout=10.0, retries={"mode": "standard", "total_max_attempts": 6}
)
#: For what is tried again and again anyway, by somebody who has to look elsewhere in between: 16 seconds at most.
BRIEF = Config(connect_timeout=3.0, read_timeout=5.0, retries={"mode": "standard", "total_max_attempts": 2})


class AwsCallError(Exception):
    """A call that AWS refused, or that did not reach it, after all its attempts.

    Attributes:
        call: What was called.
        code: AWS's code of the error, or the class of the exception.
    """

    def __init__(self, call: str, code: str, message: str) -> None:
        super().__init__(f"{call} failed: {code}: {message}")
        self.call = call
        self.code = code
        self.message = message


@contextmanager
def aws_call(call: str) -> Iterator[None]:
    """Turn what boto3 raises into AwsCallError."""
    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        raise AwsCallError(call, told.get("Code", "unknown"), told.get("Message", "")) from error
    except BotoCoreError as error:
        raise AwsCallError(call, type(error).__name__, str(error)) from error
