"""The client of the instance metadata service, against a stand-in that takes IMDSv2 alone."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from tests.integration.instance_metadata import InstanceMetadataService

from files_api.instance.metadata import InstanceMetadata, MetadataUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.thorough

TAGS = {
    "Name": "files-api-dev-blue",
    "Fleet": "blue",
    "TargetGroup": "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/a/73e2d6bc24d8a067",
    "odd+-=.,_:@name": "ü /value",
}


@pytest.fixture
def service() -> Iterator[InstanceMetadataService]:
    running = InstanceMetadataService("i-0123456789abcdef0", "eu-central-1", TAGS)
    yield running
    running.stop()


def client_of(url: str) -> tuple[InstanceMetadata, list[float]]:
    """A client whose pauses are written down instead of waited for."""
    pauses: list[float] = []
    return InstanceMetadata(url, timeout_seconds=0.2, pause=pauses.append), pauses


def test_the_instance_is_told_who_and_where_it_is(service: InstanceMetadataService) -> None:
    metadata, _ = client_of(service.url)

    assert metadata.instance_id() == "i-0123456789abcdef0"
    assert metadata.region() == "eu-central-1"
    assert metadata.tags() == TAGS


def test_a_token_is_asked_for_once(service: InstanceMetadataService) -> None:
    metadata, _ = client_of(service.url)

    metadata.tags()
    metadata.instance_id()

    assert service.tokens_given == 1


def test_a_token_that_has_ended_is_followed_by_another(service: InstanceMetadataService) -> None:
    metadata, _ = client_of(service.url)
    metadata.instance_id()
    service.end_tokens()

    assert metadata.instance_id() == "i-0123456789abcdef0"
    assert service.tokens_given == 2


def test_what_there_is_not_is_none(service: InstanceMetadataService) -> None:
    metadata, pauses = client_of(service.url)

    assert metadata.target_lifecycle_state() is None
    assert metadata.spot_instance_action() is None
    assert pauses == [], "404 is an answer"


def test_what_changes_is_seen(service: InstanceMetadataService) -> None:
    metadata, _ = client_of(service.url)
    service.tell(target_lifecycle_state="Terminated", spot_instance_action='{"action": "stop"}')

    assert metadata.target_lifecycle_state() == "Terminated"
    assert metadata.spot_instance_action() == '{"action": "stop"}'


def test_an_instance_that_does_not_show_its_tags_has_none() -> None:
    service = InstanceMetadataService("i-0123456789abcdef0", "eu-central-1", None)
    try:
        assert client_of(service.url)[0].tags() == {}
    finally:
        service.stop()


def test_a_silence_is_waited_out_a_little_and_then_an_error(service: InstanceMetadataService) -> None:
    metadata, pauses = client_of(service.url)
    service.silence()

    with pytest.raises(
        MetadataUnavailableError,
        match=r"^The instance metadata service does not tell instance-id: status 503\.$",
    ):
        metadata.instance_id()
    assert pauses == [0.5, 1.0]


def test_a_silence_that_ends_in_time_is_none(service: InstanceMetadataService) -> None:
    service.silence()
    metadata = InstanceMetadata(service.url, pause=lambda _: service.silence(is_silent=False))

    assert metadata.instance_id() == "i-0123456789abcdef0"


def test_nobody_there_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    metadata, _ = client_of(f"http://127.0.0.1:{port}")

    with pytest.raises(MetadataUnavailableError, match="ConnectionRefusedError"):
        metadata.instance_id()


def test_somebody_who_takes_the_connection_and_says_nothing_does_not_hold_us() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        metadata, _ = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}")

        with pytest.raises(MetadataUnavailableError, match="TimeoutError"):
            metadata.instance_id()


def test_what_is_no_http_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

        talking = threading.Thread(target=talk)
        talking.start()
        metadata, _ = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}")

        with pytest.raises(MetadataUnavailableError, match="BadStatusLine"):
            metadata.instance_id()
        talking.join()


@pytest.mark.parametrize("endpoint", ["", "169.254.169.254", "https://169.254.169.254", "http://"])
def test_an_endpoint_that_is_none_is_refused(endpoint: str) -> None:
    with pytest.raises(ValueError, match="is not an http URL"):
        InstanceMetadata(endpoint)


def test_a_proxy_of_the_environment_gets_nothing_of_it(
    service: InstanceMetadataService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert client_of(service.url)[0].instance_id() == "i-0123456789abcdef0"
