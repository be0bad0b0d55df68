"""Signature Version 4 of the requests that are made all the time.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

botocore's signer makes the same signatures, which a test compares byte for byte, at four times the cost: it works on
headers that are e-mail messages.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from functools import lru_cache
from typing import TYPE_CHECKING

from botocore.auth import EMPTY_SHA256_HASH, UNSIGNED_PAYLOAD
from botocore.exceptions import NoCredentialsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import Credentials

    from files_api.adapters.s3.endpoint import Endpoint

__all__ = ["EMPTY_SHA256_HASH", "UNSIGNED_PAYLOAD", "Signer"]

_ALGORITHM = "AWS4-HMAC-SHA256"


@lru_cache(maxsize=8)
def _signing_key(secret_key: str, scope: str) -> bytes:
    """The key of a day, a region and a service, which `scope` names; the same for all requests of a day."""
    key = f"AWS4{secret_key}".encode()
    for message in scope.split("/"):
        key = hmac.digest(key, message.encode(), "sha256")
    return key


class Signer:
    """Signs requests to one endpoint.

    Args:
        credentials: As boto3 finds them; they may renew themselves. None where it found none.
        endpoint: The bucket.
    """

    def __init__(self, credentials: Credentials | None, endpoint: Endpoint) -> None:
        self._credentials = credentials
        self._host = endpoint.authority
        self._scope = f"{endpoint.region}/s3/aws4_request"

    def sign(
        self, method: str, target: str, headers: Mapping[str, str], payload_sha256: str
    ) -> dict[str, str]:
        """Return all the fields of the request, by their names in lower case, the signature among them.

        Args:
            method: The HTTP method.
            target: The request target, percent-encoded, with its query; every parameter of it has a `=`.
            headers: The fields of the request; all of them are signed.
            payload_sha256: Of the body, in hexadecimal digits, or UNSIGNED_PAYLOAD.

        Raises:
            BotoCoreError: There are no credentials, or they could not be renewed.
        """
        if self._credentials is None:
            raise NoCredentialsError
        frozen = self._credentials.get_frozen_credentials()
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        fields = {name.lower(): value for name, value in headers.items()}
        fields["host"] = self._host
        fields["x-amz-content-sha256"] = payload_sha256
        fields["x-amz-date"] = moment
        if frozen.token:
            fields["x-amz-security-token"] = frozen.token
        names = sorted(fields)
        signed_names = ";".join(names)
        path, _, query = target.partition("?")
        canonical = "\n".join(
            [
                method,
                path,
                "&".join(sorted(query.split("&"))),
                *[f"{name}:{' '.join(fields[name].split())}" for name in names],
                "",
                signed_names,
                payload_sha256,
            ]
        )
        scope = f"{moment[:8]}/{self._scope}"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = _signing_key(frozen.secret_key, scope)
        signature = hmac.digest(key, f"{_ALGORITHM}\n{moment}\n{scope}\n{digest}".encode(), "sha256").hex()
        fields["authorization"] = (
            f"{_ALGORITHM} Credential={frozen.access_key}/{scope}, SignedHeaders={signed_names}, "
            f"Signature={signature}"
        )
        return fields
