"""HTTP to S3 (`adapters.s3.wire`) over TLS, through a proxy, and to a bucket that is elsewhere."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ProxyConnectionError, SSLError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from tests.integration.certificates import make_certificate
from tests.integration.test_s3_wire import OK, READ_SECONDS, Peer, answers, get, pieces_of, request_of

from files_api.adapters.s3.calls import SignedCalls
from files_api.adapters.s3.endpoint import Endpoint
from files_api.adapters.s3.errors import S3Refused, translate
from files_api.adapters.s3.signing import Signer
from files_api.adapters.s3.wire import Wire
from files_api.batches import BATCH_BYTES
from files_api.domain.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Script = Callable[[socket.socket], None]
    MakeWire = Callable[..., Wire]

MIB = 1024 * 1024
LONG = bytes(range(256)) * 8192 + b"the end"
LONG_ANSWER = OK + f"Content-Length: {len(LONG)}\r\n\r\n".encode() + LONG


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def over_tls(certificate: Path) -> Callable[[Script], Script]:
    """Lets a script speak TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def wrap(script: Script) -> Script:
        def wrapped(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as encrypted:
                script(encrypted)

        return wrapped

    return wrap


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


@pytest.fixture
def make_wire() -> Iterator[MakeWire]:
    made: list[Wire] = []

    def make(peer: Peer, context: ssl.SSLContext | None = None, proxy: str | None = None) -> Wire:
        scheme = "http" if context is None else "https"
        endpoint = Endpoint(scheme, "127.0.0.1", peer.port, "/bucket/", "us-east-1")
        made.append(
            Wire(
                endpoint,
                connect_seconds=2,
                read_seconds=READ_SECONDS,
                idle_connections=10,
                context=context,
                proxy=proxy,
            )
        )
        return made[-1]

    yield make
    for wire in made:
        wire.close()


# TLS -------------------------------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_vouches_for_is_refused(
    make_wire: MakeWire, over_tls: Callable[[Script], Script]
) -> None:
    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        with pytest.raises(ssl.SSLError):
            over_tls(lambda encrypted: heard.append(request_of(encrypted)))(connection)

    with Peer(listen) as peer, pytest.raises(SSLError):
        get(make_wire(peer, ssl.create_default_context()))
    assert heard == []


@pytest.mark.parametrize("room_bytes", [1000, BATCH_BYTES, 3 * BATCH_BYTES + 7])
def test_a_long_body_over_tls_is_the_same_whatever_it_is_read_into(
    make_wire: MakeWire, over_tls: Callable[[Script], Script], trust: ssl.SSLContext, room_bytes: int
) -> None:
    with Peer(over_tls(answers(LONG_ANSWER))) as peer:
        assert b"".join(pieces_of(get(make_wire(peer, trust)), room_bytes)) == LONG


def test_a_long_body_over_tls_that_comes_more_slowly_than_a_batch_is_no_silence(
    make_wire: MakeWire, over_tls: Callable[[Script], Script], trust: ssl.SSLContext
) -> None:
    trickled = BATCH_BYTES // 4

    def trickle(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK + f"Content-Length: {2 * MIB}\r\n\r\n".encode())
        pause = threading.Event()
        for _ in range(3):
            connection.sendall(bytes(trickled))
            # Less than the reader's patience for each, more than it for a batch: being slow is what this peer does.
            pause.wait(READ_SECONDS * 0.7)
        connection.sendall(bytes(2 * MIB - 3 * trickled))

    with Peer(over_tls(trickle)) as peer:
        assert sum(map(len, pieces_of(get(make_wire(peer, trust)), MIB))) == 2 * MIB


def test_behind_a_long_body_over_tls_a_short_answer_is_read_at_once(
    make_wire: MakeWire, over_tls: Callable[[Script], Script], trust: ssl.SSLContext
) -> None:
    with Peer(over_tls(answers(LONG_ANSWER, OK + b"Content-Length: 5\r\n\r\nhello"))) as peer:
        wire = make_wire(peer, trust)
        for _ in pieces_of(get(wire), BATCH_BYTES):
            pass

        assert get(wire).read_whole() == b"hello"
    assert peer.accepted == 1


def test_what_came_behind_an_answer_over_tls_is_not_the_next_answer(
    make_wire: MakeWire, over_tls: Callable[[Script], Script], trust: ssl.SSLContext
) -> None:
    head_was_read = threading.Event()

    def says_too_much(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(OK + b"Content-Length: 5\r\n\r\n")
        assert head_was_read.wait(10)
        # One record: TLS hands over all of it, or keeps the rest where no poll sees it.
        connection.sendall(b"hello" + OK + b"Content-Length: 5\r\n\r\nstale")
        # A close would show that the connection is of no use any more.
        with suppress(OSError):
            connection.recv(1)

    fresh = answers(OK + b"Content-Length: 5\r\n\r\nfresh")
    with Peer(over_tls(says_too_much), over_tls(fresh)) as peer:
        wire = make_wire(peer, trust)
        first = get(wire)
        head_was_read.set()
        whole = first.read_whole()
        second = get(wire).read_whole()
        if peer.accepted == 1:
            # Nobody came for the second script, which would wait for them for ever.
            get(make_wire(peer, trust)).read_whole()

    assert (whole, second) == (b"hello", b"fresh")


# What a body may be read with ------------------------------------------------------------------------------------


def test_a_body_that_was_begun_in_batches_can_be_read_to_its_end(make_wire: MakeWire) -> None:
    def keeps_open(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(LONG_ANSWER)
        # The end of the connection would end the wait for a batch, too.
        with suppress(ConnectionResetError):
            connection.recv(1)

    with Peer(keeps_open) as peer:
        wire = make_wire(peer)
        answer = get(wire)
        room = memoryview(bytearray(700_000))
        begun = bytes(room[: answer.readinto(room)])
        whole = begun + answer.read_whole()
        wire.close()

    assert whole == LONG


# A proxy ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """What was connected: closed in the end, whoever has forgotten to."""
    connect = socket.create_connection
    made: list[socket.socket] = []

    def remember(*args: Any, **kwargs: Any) -> socket.socket:
        made.append(connect(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", remember)
    yield made
    for each in made:
        each.close()


EACH_BAD_PROXY = pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", b"", b"SSH-2.0-OpenSSH_9.2\r\n\r\n"],
    ids=["refuses", "hangs up", "speaks another protocol"],
)


@EACH_BAD_PROXY
def test_a_proxy_that_makes_no_tunnel_is_told_as_one(
    make_wire: MakeWire, opened: list[socket.socket], answer: bytes
) -> None:
    with Peer(answers(answer)) as peer, pytest.raises(ProxyConnectionError):
        get(make_wire(peer, proxy=f"http://127.0.0.1:{peer.port}"))


@EACH_BAD_PROXY
def test_a_proxy_that_makes_no_tunnel_keeps_no_connection(
    make_wire: MakeWire, opened: list[socket.socket], answer: bytes
) -> None:
    with Peer(answers(answer)) as peer, suppress(ProxyConnectionError, http.client.HTTPException):
        get(make_wire(peer, proxy=f"http://127.0.0.1:{peer.port}"))

    assert [each.fileno() for each in opened] == [-1]


# A bucket in another region --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["get", "head", "list"])
def test_a_bucket_in_another_region_is_told_with_the_setting_to_change(
    make_wire: MakeWire, operation: str
) -> None:
    document = b"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"
    elsewhere = (
        b"HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-west-3\r\n"
        + f"Content-Length: {len(document)}\r\n\r\n".encode()
        + (b"" if operation == "head" else document)
    )
    with Peer(answers(elsewhere)) as peer:
        endpoint = Endpoint("http", "127.0.0.1", peer.port, "/bucket/", "us-east-1")
        signer = Signer(Credentials("id", "secret"), endpoint)
        model = ServiceModel(Loader().load_service_model("s3", "service-2"))
        calls = SignedCalls(endpoint, make_wire(peer), signer, model, attempts=1)
        make: dict[str, Callable[[], object]] = {
            "get": lambda: calls.get_object("a", {}),
            "head": lambda: calls.head_object("a", {}),
            "list": lambda: calls.list_objects({"max-keys": "1"}),
        }
        with pytest.raises(S3Refused) as refused:
            make[operation]()

    error = translate(refused.value, "a")
    assert (type(error), str(error)) == (
        StorageError,
        "The bucket is in eu-west-3: set AWS_REGION to that.",
    )
