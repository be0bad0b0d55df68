"""Our Signature Version 4 beside botocore's (`adapters.s3.signing`)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from files_api.adapters.s3.endpoint import Endpoint
from files_api.adapters.s3.signing import EMPTY_SHA256_HASH, UNSIGNED_PAYLOAD, Signer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOMENT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
AMAZON = Endpoint("https", "bucket.s3.eu-central-1.amazonaws.com", 443, "/", "eu-central-1")
OTHER = Endpoint("http", "127.0.0.1", 9000, "/bucket/", "us-east-1")
# What can stand in a field that S3 keeps.
VALUES = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)
NAMES = st.from_regex(r"x-amz-meta-[a-z0-9-]{1,10}", fullmatch=True)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One moment for both."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: MOMENT)
    moment = time.gmtime(MOMENT.timestamp())
    monkeypatch.setattr("files_api.adapters.s3.signing.time.gmtime", lambda: moment)
    yield
    monkeypatch.undo()


class BotocoreSigner(S3SigV4Auth):
    """botocore's own, told the hash of the payload instead of the payload."""

    def payload(self, request: AWSRequest) -> str:
        sha256: str = request.context["sha256"]
        return sha256


def by_botocore(
    credentials: Credentials,
    endpoint: Endpoint,
    method: str,
    target: str,
    headers: Mapping[str, str],
    sha256: str,
) -> dict[str, str]:
    request = AWSRequest(method, endpoint.origin + target, headers)
    request.context["sha256"] = sha256
    BotocoreSigner(credentials.get_frozen_credentials(), "s3", endpoint.region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@pytest.mark.parametrize("endpoint", [AMAZON, OTHER], ids=["Amazon", "another server"])
@pytest.mark.parametrize("token", [None, "a-session-token"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT"]),
    key=st.text(min_size=1).filter(
        lambda key: "\ud800" not in key and not any("\ud800" <= c <= "\udfff" for c in key)
    ),
    metadata=st.dictionaries(NAMES, VALUES, max_size=3),
    sha256=st.sampled_from([EMPTY_SHA256_HASH, UNSIGNED_PAYLOAD, "ab" * 32]),
    query=st.dictionaries(
        st.sampled_from(["partNumber", "uploadId", "prefix", "list-type"]), st.text("ab/+ é%=&")
    ),
)
def test_the_signature_is_botocores_byte_for_byte(  # what a request consists of
    endpoint: Endpoint,
    token: str | None,
    method: str,
    key: str,
    metadata: dict[str, str],
    sha256: str,
    query: dict[str, str],
) -> None:
    credentials = Credentials("AKIDEXAMPLE", "secret/+=", token)
    target = endpoint.target_of(key)
    if query:
        target += "?" + "&".join(f"{name}={quote(value, safe='-._~')}" for name, value in query.items())
    headers = {"Content-Type": "text/plain; charset=utf-8", "Range": "bytes=0-1", **metadata}

    ours = Signer(credentials, endpoint).sign(method, target, headers, sha256)

    theirs = by_botocore(credentials, endpoint, method, target, headers, sha256)
    assert ours == {**theirs, "host": endpoint.authority}


def test_the_next_day_has_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer(Credentials("id", "secret"), AMAZON)
    today = signer.sign("GET", "/a", {}, EMPTY_SHA256_HASH)["authorization"]
    tomorrow = time.struct_time((2026, 11, 25, 1, 2, 3, 2, 329, 0))
    monkeypatch.setattr("files_api.adapters.s3.signing.time.gmtime", lambda: tomorrow)

    assert "/20261125/" in signer.sign("GET", "/a", {}, EMPTY_SHA256_HASH)["authorization"]
    assert "/20261124/" in today


def test_without_credentials_nothing_is_signed() -> None:
    with pytest.raises(NoCredentialsError):
        Signer(None, AMAZON).sign("GET", "/a", {}, EMPTY_SHA256_HASH)
