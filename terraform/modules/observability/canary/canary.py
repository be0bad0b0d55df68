"""The canary: asks the service what a client would, from outside. Runs in CloudWatch Synthetics (Python 3.12).

A run fails by an exception, whose text is what an operator reads first. It needs nothing but boto3 of the runtime, and
no browser.

SERVICE_URL    where the service is, without a path
KEY_PARAMETER  name of the SSM parameter with its API key; without it the health checks are all it does
"""

# Synthetics loads this file alone, not a package.
# ruff: noqa: INP001

from __future__ import annotations

import http.client
import logging
import os
import ssl
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

#: Seconds for one answer. A small file takes half a second; who waits for ten has a service that is down.
_TIMEOUT_SECONDS = 10

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)


class CanaryError(Exception):
    """The service did not do what it should; the text says what, and names the request to look for in the log."""


def handler(_event: object, _context: object) -> str:
    """Run once. What Synthetics calls.

    Raises:
        CanaryError: The service answered, and not as it should.
        OSError: It did not answer: no such name, no connection, a bad certificate, no answer in time.
    """
    url = os.environ["SERVICE_URL"]
    check_health(Service(url))
    parameter = os.environ.get("KEY_PARAMETER")
    if parameter:
        check_round_trip(Service(url, {"Authorization": f"Bearer {_read_key(parameter)}"}))
    return "The service is well."


def check_health(service: Service) -> None:
    """See that the service is ready, and let it look at what it depends on.

    What is found there is logged by the service, and has alarms of its own: OpenAI's outage is no reason to wake
    somebody.
    """
    service.call("GET", "/health/ready", expected={200})
    service.call("GET", "/health/deep", expected={200, 503})


def check_round_trip(service: Service) -> None:
    """Store a file, read it, and delete it, whatever was read."""
    # Relative to the root of the key, which keeps it away from everybody's files.
    path = f"/v1/files/canary-{uuid.uuid4()}.txt"
    content = uuid.uuid4().hex.encode()
    try:
        service.call("PUT", path, expected={201}, body=content)
        found = service.call("GET", path, expected={200})
        if found != content:
            raise CanaryError(f"GET {path} gave {len(found)} other bytes than were stored.")
    finally:
        # 404 where nothing was stored: then the exception on its way tells why.
        service.call("DELETE", path, expected={204, 404})


class Service:
    """The service as its clients reach it: a new connection for each request, the certificate verified.

    Args:
        url: Where it is, without a path.
        headers: What each request carries. Redirects are not followed: a key is for this host alone.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self._parts = urlsplit(url)
        self._headers = {"User-Agent": "files-api-canary", **(headers or {})}

    def call(self, method: str, path: str, *, expected: Container[int], body: bytes | None = None) -> bytes:
        """Send one request and give the answer's body.

        Raises:
            CanaryError: Another status than was expected.
            OSError: No answer.
        """
        connection = self._connect()
        try:
            connection.request(method, path, body=body, headers=self._headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        _log.info("%s %s: %d", method, path, response.status)
        if response.status not in expected:
            request_id = response.getheader("X-Request-ID")
            raise CanaryError(
                f"{method} {path} gave {response.status}, request {request_id}: {content[:500]!r}"
            )
        return content

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS, context=context)
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)


def _read_key(parameter: str) -> str:
    answer = boto3.client("ssm").get_parameter(Name=parameter, WithDecryption=True)
    return str(answer["Parameter"]["Value"])
