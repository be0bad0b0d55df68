"""Signature Version 4, by botocore's own signer.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.auth import EMPTY_SHA256_HASH, UNSIGNED_PAYLOAD, S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.compat import HTTPHeaders
    from botocore.credentials import Credentials

    from files_api.adapters.s3.endpoint import Endpoint

__all__ = ["EMPTY_SHA256_HASH", "UNSIGNED_PAYLOAD", "Signer"]


@lru_cache(maxsize=8)
def _signing_key(secret_key: str, scope: str) -> bytes:
    """The key of a day, a region and a service, which `scope` names; the same for all requests of a day."""
    key = f"AWS4{secret_key}".encode()
    for message in scope.split("/"):
        key = hmac.digest(key, message.encode(), "sha256")
    return key


class _Auth(S3SigV4Auth):
    """botocore's, without what it does again for each request: half of its time."""

    def payload(self, request: AWSRequest) -> str:
        # Whoever sends a body has hashed it already.
        sha256: str = request.context["payload_sha256"]
        return sha256

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        # Asked for once before and once after signing, which adds a field that is not signed.
        if "headers_to_sign" not in request.context:
            request.context["headers_to_sign"] = super().headers_to_sign(request)
        headers: HTTPHeaders = request.context["headers_to_sign"]
        return headers

    def signature(self, string_to_sign: str, request: AWSRequest) -> str:
        key = _signing_key(self.credentials.secret_key, self.credential_scope(request))
        return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


class Signer:
    """Signs requests to one endpoint.

    Args:
        credentials: As boto3 finds them; they may renew themselves. None where it found none.
        endpoint: The bucket.
    """

    def __init__(self, credentials: Credentials | None, endpoint: Endpoint) -> None:
        self._credentials = credentials
        self._endpoint = endpoint

    def sign(
        self, method: str, target: str, headers: Mapping[str, str], payload_sha256: str
    ) -> list[tuple[str, str]]:
        """Return all the fields of the request, the signature among them.

        Args:
            method: The HTTP method.
            target: The request target, with its query.
            headers: The fields of the request.
            payload_sha256: Of the body, in hexadecimal digits, or UNSIGNED_PAYLOAD.

        Raises:
            BotoCoreError: There are no credentials, or they could not be renewed.
        """
        if self._credentials is None:
            raise NoCredentialsError
        # With the host said, botocore need not work it out of the URL.
        request = AWSRequest(
            method, self._endpoint.origin + target, {"Host": self._endpoint.authority, **headers}
        )
        request.context["payload_sha256"] = payload_sha256
        frozen = self._credentials.get_frozen_credentials()
        _Auth(frozen, "s3", self._endpoint.region).add_auth(request)
        fields: list[tuple[str, str]] = request.headers.items()
        return fields
