"""S3 behind an HTTP proxy, as HTTP_PROXY and HTTPS_PROXY name one: reached through a tunnel."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.conftest import ClientOf, StartService
    from tests.integration.stack import Bucket


pytestmark = pytest.mark.thorough


class _Tunnels(StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(f"{method} {target}")
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(upstream, self.connection))
            back.start()
            _pump(self.connection, upstream)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class Proxy(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnels)
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A tunnel may end as it likes."""


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_s3_is_reached_through_the_proxy(
    fresh_service: StartService, client_of: ClientOf, bucket: Bucket, proxy: Proxy
) -> None:
    client = client_of(fresh_service(HTTP_PROXY=proxy.url, http_proxy=proxy.url, no_proxy="", NO_PROXY=""))

    client.put("a", b"hello")

    assert (bucket.body("a"), {line.split()[0] for line in proxy.asked}) == (b"hello", {"CONNECT"})


def test_where_no_proxy_says_so_s3_is_reached_directly(
    fresh_service: StartService, client_of: ClientOf, bucket: Bucket, proxy: Proxy
) -> None:
    client = client_of(
        fresh_service(HTTP_PROXY=proxy.url, http_proxy=proxy.url, no_proxy="127.0.0.1", NO_PROXY="127.0.0.1")
    )

    client.put("a", b"hello")

    assert (bucket.body("a"), proxy.asked) == (b"hello", [])


def test_a_proxy_that_is_gone_is_503(fresh_service: StartService, client_of: ClientOf) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        client = client_of(fresh_service(HTTP_PROXY=gone, http_proxy=gone, no_proxy="", NO_PROXY=""))

        assert client.put("a", b"hello").status == 503
