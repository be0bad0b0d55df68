"""The metadata of the instance that this runs on, by IMDSv2.

A PUT gets a token, which each GET must show
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html). What can be asked for:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html.
"""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where EC2 answers; AWS_EC2_METADATA_SERVICE_ENDPOINT names another place, for botocore, too.
DEFAULT_ENDPOINT = "http://169.254.169.254"
#: It is on the same host, so that a second is long; but it may be slow while an instance boots.
TIMEOUT_SECONDS = 2.0
_ATTEMPTS = 3
_PAUSE_SECONDS = 0.5
# The longest that there is: six hours.
_TOKEN_SECONDS = 21_600
# Nothing that is asked for is longer than a tag's value (256 characters); what is, is no answer of EC2's.
_MOST_BYTES = 64 * 1024
# What the name of a tag may have when metadata shows it.
_SAFE_IN_TAGS = "+-=.,_:@"


class MetadataUnavailableError(Exception):
    """The metadata service does not answer, or not as it should. The text is one sentence."""


class InstanceMetadata:
    """Reads metadata. Not for several threads.

    Args:
        endpoint: Where it answers.
        timeout_seconds: For connecting, and for each piece of an answer.
        attempts: Tries of one question, the first included.
        pause: Waits for so many seconds between them.

    Raises:
        ValueError: The endpoint is no http URL.
    """

    def __init__(
        self,
        endpoint: str = DEFAULT_ENDPOINT,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        attempts: int = _ATTEMPTS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"{endpoint!r} is not an http URL")
        self._host = parts.hostname
        self._port = parts.port or 80
        self._prefix = parts.path.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._attempts = attempts
        self._pause = pause
        self._token: str | None = None

    def instance_id(self) -> str:
        """Tell the instance's id. This and all others here raise MetadataUnavailableError."""
        return self._required("instance-id")

    def region(self) -> str:
        """Tell the region that the instance is in."""
        return self._required("placement/region")

    def tags(self) -> dict[str, str]:
        """Tell the instance's tags; none where the instance does not show them."""
        names = self.get("tags/instance")
        if names is None:
            return {}
        found = {name: self.get(f"tags/instance/{quote(name, safe=_SAFE_IN_TAGS)}") for name in names.split()}
        # A tag may be taken off between the two questions.
        return {name: value for name, value in found.items() if value is not None}

    def target_lifecycle_state(self) -> str | None:
        """Tell the state that Auto Scaling is taking the instance to; None where it is in no group.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
        """
        return self.get("autoscaling/target-lifecycle-state")

    def spot_instance_action(self) -> str | None:
        """Tell that a spot instance is about to be taken away, as JSON; None while it is not.

        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
        """
        return self.get("spot/instance-action")

    def get(self, name: str) -> str | None:
        """Read what is called so under meta-data; None where there is no such thing.

        Raises:
            MetadataUnavailableError: No usable answer after all attempts.
        """
        problem = ""
        for attempt in range(self._attempts):
            if attempt:
                self._pause(_PAUSE_SECONDS * attempt)
            try:
                status, text = self._ask(f"/latest/meta-data/{name}")
            except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
                problem = type(error).__name__
                continue
            if status == http.HTTPStatus.OK:
                return text
            if status == http.HTTPStatus.NOT_FOUND:
                return None
            if status == http.HTTPStatus.UNAUTHORIZED:
                self._token = None  # it has ended
            problem = f"status {status}"
        raise MetadataUnavailableError(f"The instance metadata service does not tell {name}: {problem}.")

    def _required(self, name: str) -> str:
        text = self.get(name)
        if not text:
            raise MetadataUnavailableError(f"The instance metadata service does not know {name}.")
        return text

    def _ask(self, path: str) -> tuple[int, str]:
        if self._token is None:
            wanted = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
            status, token = self._request("PUT", "/latest/api/token", wanted)
            if status != http.HTTPStatus.OK:
                return (status if status != http.HTTPStatus.NOT_FOUND else http.HTTPStatus.FORBIDDEN), ""
            self._token = token
        return self._request("GET", path, {"X-aws-ec2-metadata-token": self._token})

    def _request(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        # Not urllib.request: it would send this, with the token, to a proxy that the environment names.
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_seconds)
        try:
            connection.request(method, f"{self._prefix}{path}", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(_MOST_BYTES).decode("utf-8")
        finally:
            connection.close()
