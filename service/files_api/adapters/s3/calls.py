"""The calls to S3 that are made all the time: signed, sent and tried again without boto3 in between.

Everything else goes through boto3. The requests are those that boto3 would send, byte for byte where they must agree
(tests/integration/test_s3_calls.py); whether to try again, and after which pause, is decided by botocore's own policy
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html, standard mode).
"""

from __future__ import annotations

import base64
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote
from xml.etree import ElementTree as ET

from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.exceptions import HTTPClientError
from botocore.parsers import ResponseParserError
from botocore.retries import quota, standard

from files_api.adapters.s3.answers import read_listing
from files_api.adapters.s3.errors import S3Refused
from files_api.adapters.s3.signing import EMPTY_SHA256_HASH, UNSIGNED_PAYLOAD
from files_api.telemetry import metrics
from files_api.telemetry.tracing import client_span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.model import ServiceModel

    from files_api.adapters.s3.endpoint import Endpoint
    from files_api.adapters.s3.signing import Signer
    from files_api.adapters.s3.wire import Wire
    from files_api.adapters.s3.wire_answers import Answer
    from files_api.domain.models import Listing


class S3Body(Protocol):
    """The body of an answer, which botocore's StreamingBody is, too."""

    def read(self, size: int) -> bytes:
        """Read some bytes, nothing at the end; raise what botocore raises when S3 breaks off."""

    def readinto(self, room: memoryview) -> int:
        """The same into a buffer of the caller's; 0 at the end."""

    def close(self) -> None:
        """Give the connection up, where the body was not read to its end."""


@dataclass(frozen=True, slots=True)
class ObjectAnswer:
    """What S3 answered about an object: its fields, by their names in lower case, and its bytes where there are any."""

    headers: Mapping[str, str]
    body: S3Body


class S3Calls(Protocol):
    """The hot operations on one bucket, in S3's terms.

    `headers` are the request's fields as the S3 API reference names them. All raise S3Refused for an answer that is
    an error, and botocore's exceptions where there is no answer.
    """

    def get_object(self, key: str, headers: Mapping[str, str]) -> ObjectAnswer:
        """GetObject; whoever gets the answer closes its body."""

    def head_object(self, key: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """HeadObject: the fields of its answer."""

    def put_object(
        self, key: str, body: memoryview, sha256: str, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        """PutObject with the SHA-256 of the body (in base64) for S3 to check: the fields of its answer."""

    def upload_part(
        self, key: str, upload_id: str, number: int, body: memoryview, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        """UploadPart: the fields of its answer."""

    def list_objects(self, query: Mapping[str, str]) -> Listing:
        """ListObjectsV2 with these parameters of the S3 API reference."""


class SignedCalls:
    """The product's S3Calls.

    Args:
        endpoint: The bucket.
        wire: The connections to it.
        signer: Signs for it.
        model: botocore's model of S3, in which errors may be marked as worth another try.
        attempts: Tries of one call, the first included.
    """

    def __init__(
        self, endpoint: Endpoint, wire: Wire, signer: Signer, model: ServiceModel, *, attempts: int
    ) -> None:
        self._endpoint = endpoint
        self._wire = wire
        self._signer = signer
        self._model = model
        # As botocore puts its standard mode together (botocore.retries.standard.register_retry_handler).
        adapter = standard.RetryEventAdapter()
        throttling = standard.ThrottlingErrorDetector(adapter)
        self._quota = standard.RetryQuotaChecker(quota.RetryQuota(), throttling)
        policy = standard.RetryPolicy(
            standard.StandardRetryConditions(max_attempts=attempts),
            standard.ExponentialBackoff(service_name="s3", throttling_detector=throttling),
        )
        self._retries = standard.RetryHandler(policy, adapter, self._quota, service_name="s3")  # type: ignore[arg-type]  # wrong stubs

    def get_object(self, key: str, headers: Mapping[str, str]) -> ObjectAnswer:
        """See S3Calls.get_object."""
        answer = self._call("GetObject", "GET", self._endpoint.target_of(key), headers)
        return ObjectAnswer(answer.headers, answer)

    def head_object(self, key: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """See S3Calls.head_object."""
        return self._call("HeadObject", "HEAD", self._endpoint.target_of(key), headers).headers

    def put_object(
        self, key: str, body: memoryview, sha256: str, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        """See S3Calls.put_object."""
        fields = {**headers, "x-amz-sdk-checksum-algorithm": "SHA256", "x-amz-checksum-sha256": sha256}
        return self._write(
            "PutObject",
            self._endpoint.target_of(key),
            fields,
            body,
            # Known already: to sign the payload costs nothing more, and proves more than TLS alone.
            payload_sha256=base64.b64decode(sha256).hex(),
        )

    def upload_part(
        self, key: str, upload_id: str, number: int, body: memoryview, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        """See S3Calls.upload_part."""
        target = (
            f"{self._endpoint.target_of(key)}?partNumber={number}&uploadId={quote(upload_id, safe='-._~')}"
        )
        return self._write("UploadPart", target, headers, body, payload_sha256=UNSIGNED_PAYLOAD)

    def list_objects(self, query: Mapping[str, str]) -> Listing:
        """See S3Calls.list_objects."""
        pairs = {"list-type": "2", **query, "encoding-type": "url"}
        target = "&".join(f"{name}={quote(value, safe='-._~')}" for name, value in pairs.items())
        answer = self._call("ListObjectsV2", "GET", f"{self._endpoint.bucket_target}?{target}", {})
        try:
            return read_listing(answer.read_whole())
        except (ET.ParseError, KeyError, ValueError) as error:
            raise ResponseParserError(str(error)) from error

    def _write(
        self,
        operation: str,
        target: str,
        headers: Mapping[str, str],
        body: memoryview,
        *,
        payload_sha256: str,
    ) -> Mapping[str, str]:
        answer = self._call(operation, "PUT", target, headers, body, payload_sha256)
        # Nothing comes, but for the end of nothing: it sets the connection free.
        answer.read_whole()
        return answer.headers

    def _call(  # noqa: PLR0913, PLR0917  # what a request consists of
        self,
        operation: str,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | memoryview = b"",
        payload_sha256: str = EMPTY_SHA256_HASH,
    ) -> Answer:
        """Make one call, in as many attempts as botocore's policy grants it."""
        attributes = {"rpc.system": "aws-api", "rpc.service": "S3", "rpc.method": operation}
        with client_span(f"S3.{operation}", attributes, _is_answer):
            return self._try(operation, method, target, headers, body, payload_sha256)

    def _try(  # noqa: PLR0913, PLR0917  # likewise
        self,
        operation: str,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | memoryview,
        payload_sha256: str,
    ) -> Answer:
        context: dict[str, Any] = {}
        attempt = 1
        while True:
            began = time.monotonic()
            response: tuple[_Status, dict[str, Any]] | None = None
            failure: Exception
            try:
                fields = self._signer.sign(method, target, headers, payload_sha256)
                answer = self._wire.exchange(method, target, fields, body)
                if answer.status < 300:
                    metrics.record_s3_call(operation, outcome="ok", seconds=time.monotonic() - began)
                    self._quota.release_retry_quota(context, _Status(answer))  # type: ignore[arg-type]  # likewise
                    return answer
                failure = refused = _refusal(answer, operation, attempt)
                response = (_Status(answer), {"Error": {"Code": refused.code}})
                outcome = "ok" if _is_answer(refused) else "refused"
                if answer.status in {429, 503}:
                    outcome = "throttled"
            except (BotoConnectionError, HTTPClientError) as error:
                failure = error
                outcome = "unreachable"
            metrics.record_s3_call(operation, outcome=outcome, seconds=time.monotonic() - began)
            pause = self._retries.needs_retry(
                response=response,
                attempts=attempt,
                operation=self._model.operation_model(operation),
                caught_exception=None if response else failure,
                request_dict={"context": context},
            )
            if pause is None:
                raise failure
            attempt += 1
            metrics.record_s3_retry(operation)
            time.sleep(pause)


@dataclass(frozen=True, slots=True)
class _Status:
    """An answer as botocore's policy wants to see it."""

    answer: Answer

    @property
    def status_code(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.answer.headers


def _is_answer(error: Exception) -> bool:
    """Whether S3 has only said what was asked: there is no such file, it is another one, or it is not so long."""
    return isinstance(error, S3Refused) and error.status in {304, 404, 412, 416}


def _refusal(answer: Answer, operation: str, attempt: int) -> S3Refused:
    """Read what S3 says is wrong; HEAD has nothing but the status to say it with."""
    document = answer.read_whole()
    code = str(answer.status)
    if document:
        # Where something in between has answered, the status says enough.
        with suppress(ET.ParseError):
            code = ET.fromstring(document).findtext("{*}Code") or code  # noqa: S314  # S3's own
    return S3Refused(
        code,
        answer.status,
        operation,
        was_retried=attempt > 1,
        bucket_region=answer.headers.get("x-amz-bucket-region"),
    )
