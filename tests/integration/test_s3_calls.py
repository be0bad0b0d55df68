"""The hot calls to S3 (`adapters.s3.calls`) beside boto3: what goes over the wire is the same where it must be."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import boto3
import botocore.auth
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.loaders import Loader
from botocore.model import ServiceModel
from tests.benchmarks.plain_boto3 import Boto3Calls

from files_api.adapters.s3.calls import S3Calls, SignedCalls
from files_api.adapters.s3.endpoint import Endpoint
from files_api.adapters.s3.signing import Signer
from files_api.adapters.s3.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from types_boto3_s3 import S3Client

BUCKET = "files"
BODY = memoryview(b"hello")
SHA256 = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
LIST = (
    b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Name>files</Name>'
    b"<EncodingType>url</EncodingType></ListBucketResult>"
)
# What boto3 tells of itself, and what each of the two says by itself of a body.
OF_ITS_OWN = {
    "user-agent",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "accept-encoding",
    "expect",
    "connection",
}
# Changes with the moment, or with the set of fields.
OF_THE_SIGNATURE = {"authorization", "x-amz-date", "x-amz-content-sha256"}


@dataclass(frozen=True)
class Sent:
    """One request as it came over the wire."""

    method: str
    target: str
    fields: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> frozenset[str]:
        return frozenset(self.target.partition("?")[2].split("&"))

    @property
    def essentials(self) -> tuple[str, str, frozenset[str], dict[str, str], bytes]:
        ignored = OF_ITS_OWN | OF_THE_SIGNATURE
        fields = {name: value for name, value in self.fields.items() if name not in ignored}
        return self.method, self.path, self.query, fields, self.body


class Recorder:
    """Takes requests, remembers them, and answers each with success."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode().split(" ")
                fields = {}
                while (header := stream.readline().decode("latin-1")).strip():
                    name, _, value = header.partition(":")
                    fields[name.lower()] = value.strip()
                if fields.get("expect"):
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = stream.read(int(fields.get("content-length", 0)))
                self.sent.append(Sent(method, target, fields, body))
                answer = LIST if "list-type=2" in target else b""
                connection.sendall(
                    b'HTTP/1.1 200 OK\r\nETag: "e"\r\nLast-Modified: Tue, 24 Nov 2026 01:02:03 GMT\r\n'
                    + f"Content-Length: {len(answer)}\r\n\r\n".encode()
                    + answer
                )

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in (self._accepting, *self._threads):
            thread.join(10)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as running:
        yield running


@pytest.fixture(params=[None, "a-session-token"], ids=["keys", "temporary keys"])
def token(request: pytest.FixtureRequest) -> str | None:
    token: str | None = request.param
    return token


@pytest.fixture
def ours(recorder: Recorder, token: str | None) -> Iterator[S3Calls]:
    endpoint = Endpoint("http", "127.0.0.1", recorder.port, f"/{BUCKET}/", "us-east-1")
    wire = Wire(endpoint, connect_seconds=5, read_seconds=5, idle_connections=1)
    model = ServiceModel(Loader().load_service_model("s3", "service-2"))
    yield SignedCalls(endpoint, wire, Signer(Credentials("id", "secret", token), endpoint), model, attempts=1)
    wire.close()


@pytest.fixture
def theirs(recorder: Recorder, token: str | None) -> Iterator[S3Calls]:
    client: S3Client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{recorder.port}",
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
        aws_session_token=token,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            proxies={},
        ),
    )
    yield Boto3Calls(client, BUCKET)
    client.close()


def get(key: str, **headers: str) -> Callable[[S3Calls], object]:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}

    def call(calls: S3Calls) -> None:
        body = calls.get_object(key, fields).body
        body.read(1)
        body.close()

    return call


ATTRIBUTES = {
    "Content-Type": "text/plain; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Encoding": "gzip",
    "Content-Language": "de",
    "x-amz-meta-a-b": "one  two",
}
CALLS: dict[str, Callable[[S3Calls], object]] = {
    "get": get("a"),
    "a range on condition": get("a", Range="bytes=0-1", If_Match='"e"'),
    "get with its digest": get("a", x_amz_checksum_mode="ENABLED"),
    "head": lambda calls: calls.head_object("a", {}),
    "head with its digest": lambda calls: calls.head_object("a", {"x-amz-checksum-mode": "ENABLED"}),
    "put": lambda calls: calls.put_object("a", BODY, SHA256, {"Content-Type": "text/plain"}),
    "an empty put": lambda calls: calls.put_object(
        "a",
        memoryview(b""),
        base64.b64encode(hashlib.sha256().digest()).decode(),
        {"Content-Type": "text/plain"},
    ),
    "put with everything": lambda calls: calls.put_object(
        "a", BODY, SHA256, {**ATTRIBUTES, "If-None-Match": "*"}
    ),
    "a part": lambda calls: calls.upload_part(
        "a", "upload+/=", 3, BODY, {"x-amz-checksum-crc32": "NhCmhg=="}
    ),
    "list": lambda calls: calls.list_objects({"prefix": "", "max-keys": "1"}),
    "list a folder's second page": lambda calls: calls.list_objects(
        {"prefix": "a b/é+&=/", "max-keys": "1000", "delimiter": "/", "continuation-token": "1/a+b=="}
    ),
}

# What of these is signed otherwise than by boto3, on purpose: with the hash of a file, and not of a part.
WITH_PAYLOAD = {"put", "an empty put", "put with everything", "a part"}
KEYS = [
    *("a b+c", "100%", "a%2Fb", "é/日本/😀", "~-._", "!$&'()*,;=:@", "?#[]", "a/b/c.txt", "\x7f"),
    *('<>"`{}|^', "a//b", "./a/..", " a ", "\\"),
]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_the_request_is_the_one_that_boto3_sends(
    recorder: Recorder, ours: S3Calls, theirs: S3Calls, call: Callable[[S3Calls], object]
) -> None:
    call(ours)
    call(theirs)

    assert recorder.sent[0].essentials == recorder.sent[1].essentials


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_spelled_as_boto3_spells_it(
    recorder: Recorder, ours: S3Calls, theirs: S3Calls, key: str
) -> None:
    get(key)(ours)
    get(key)(theirs)

    assert recorder.sent[0].path == recorder.sent[1].path


def signed_names(sent: Sent) -> list[str]:
    _, _, signed = sent.fields["authorization"].partition("SignedHeaders=")
    return signed.partition(",")[0].split(";")


def signed_by_botocore(sent: Sent, token: str | None, port: int) -> str:
    """The Authorization that botocore's stock signer gives to this very request, at the moment when it was made."""
    of_the_signature = {"authorization", "x-amz-date", "x-amz-security-token"}
    fields = {name: sent.fields[name] for name in signed_names(sent) if name not in of_the_signature}
    request = AWSRequest(sent.method, f"http://127.0.0.1:{port}{sent.target}", fields)
    # What a payload is signed as is told by its field; the signer would hash the body instead.
    signer = S3SigV4Auth(Credentials("id", "secret", token).get_frozen_credentials(), "s3", "us-east-1")
    moment = datetime.strptime(sent.fields["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        patch.setattr(signer, "payload", lambda _: fields["x-amz-content-sha256"])
        signer.add_auth(request)
    return str(request.headers["Authorization"])


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_what_arrives_bears_the_signature_that_botocore_gives_it(
    recorder: Recorder, ours: S3Calls, token: str | None, call: Callable[[S3Calls], object]
) -> None:
    call(ours)

    (sent,) = recorder.sent
    assert sent.fields["authorization"] == signed_by_botocore(sent, token, recorder.port)


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_any_spelling_is_signed_as_botocore_signs_it(
    recorder: Recorder, ours: S3Calls, token: str | None, key: str
) -> None:
    ours.upload_part(key, "upload+/=", 1, BODY, {"x-amz-checksum-crc32": "NhCmhg=="})

    (sent,) = recorder.sent
    assert sent.fields["authorization"] == signed_by_botocore(sent, token, recorder.port)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in WITH_PAYLOAD])
def test_a_request_without_a_payload_says_so_as_boto3_does(
    recorder: Recorder, ours: S3Calls, theirs: S3Calls, name: str
) -> None:
    CALLS[name](ours)
    CALLS[name](theirs)

    said = [sent.fields["x-amz-content-sha256"] for sent in recorder.sent]
    assert said == [hashlib.sha256().hexdigest()] * 2


@pytest.mark.parametrize("name", CALLS)
def test_every_field_but_the_framing_is_signed(recorder: Recorder, ours: S3Calls, name: str) -> None:
    CALLS[name](ours)

    (sent,) = recorder.sent
    assert set(sent.fields) - set(signed_names(sent)) <= {"authorization", "content-length"}


def test_a_file_of_one_request_is_signed_with_its_hash(recorder: Recorder, ours: S3Calls) -> None:
    CALLS["put"](ours)

    assert recorder.sent[0].fields["x-amz-content-sha256"] == hashlib.sha256(BODY).hexdigest()


def test_a_part_is_signed_with_its_checksum(recorder: Recorder, ours: S3Calls) -> None:
    CALLS["a part"](ours)

    fields = recorder.sent[0].fields
    assert fields["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"
    assert "x-amz-checksum-crc32" in fields["authorization"]
