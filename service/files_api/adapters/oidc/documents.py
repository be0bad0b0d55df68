"""JSON documents over HTTP, with limits that hold against any server."""

from __future__ import annotations

import http.client
import io
import ipaddress
import json
import ssl
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from files_api.adapters.deadlines import deadline_of
from files_api.domain.errors import GeneratorTimeout

if TYPE_CHECKING:
    import socket

    from _typeshed import ReadableBuffer, WriteableBuffer

    from files_api.adapters.deadlines import Deadline

#: The largest document that is read. Real ones have a few KiB.
MAX_DOCUMENT_BYTES = 1024 * 1024


class IssuerTroubleError(Exception):
    """What the issuer publishes cannot be had, or means nothing. The text says why, and holds no secret."""


class Documents(Protocol):
    """Where documents are fetched from."""

    def fetch(self, url: str, seconds: float) -> object:
        """Fetch a JSON document.

        Args:
            url: Where it is: `https` or `http`.
            seconds: How long that may take, all in all.

        Raises:
            IssuerTroubleError: It does not come in time, or what comes is none.
        """


class HttpDocuments:
    """Fetches over HTTP. Redirects are not followed: the keys are where the issuer says, and nowhere else.

    The time limit covers everything, also a server that sends a byte now and then; outside of gevent it does not cover
    looking up the name. Proxies of the environment (HTTPS_PROXY, NO_PROXY) are used, but never on the way to this
    machine.
    """

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    def fetch(self, url: str, seconds: float) -> object:
        """See Documents.fetch."""
        try:
            body = self._read(url, seconds)
        except (GeneratorTimeout, TimeoutError) as error:
            raise IssuerTroubleError(f"{url} does not answer in time") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError: the URL is none, as only using it shows.
            raise IssuerTroubleError(f"{url} cannot be fetched: {type(error).__name__}") from error
        try:
            document: object = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise IssuerTroubleError(f"{url} answers with something that is not JSON") from error
        return document

    def _read(self, url: str, seconds: float) -> bytes:
        if seconds <= 0:
            raise TimeoutError
        parts = urlsplit(url)
        with deadline_of(seconds) as deadline:
            connection = self._connection(parts, deadline.remaining())
            try:
                connection.connect()
                with closing(connection.sock) as sock:
                    # By itself, http.client gives each single read as much time as there is for everything.
                    connection.sock = cast("socket.socket", _HurriedSocket(sock, deadline))
                    return _get(connection, url, parts)
            finally:
                connection.close()

    def _connection(self, parts: SplitResult, seconds: float) -> http.client.HTTPConnection:
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise http.client.InvalidURL
        proxy = proxy_for(parts)
        host, port = (
            (parts.hostname, parts.port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        )
        if parts.scheme == "http":
            connection = http.client.HTTPConnection(host, port, timeout=seconds)
        else:
            if self._context is None:
                self._context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=self._context)
        if proxy is not None:
            connection.set_tunnel(parts.hostname, parts.port or (80 if parts.scheme == "http" else 443))
        return connection


def _get(connection: http.client.HTTPConnection, url: str, parts: SplitResult) -> bytes:
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection.request("GET", target, headers={"Accept": "application/json", "Connection": "close"})
    with connection.getresponse() as response:
        if response.status != HTTPStatus.OK:
            raise IssuerTroubleError(f"{url} answers {response.status}")
        body = response.read(MAX_DOCUMENT_BYTES + 1)
    if len(body) > MAX_DOCUMENT_BYTES:
        raise IssuerTroubleError(f"{url} answers with more than {MAX_DOCUMENT_BYTES} bytes")
    return body


def proxy_for(parts: SplitResult) -> SplitResult | None:
    """Tell which proxy the environment names for this URL, where it names one; never for this machine."""
    host = parts.hostname or ""
    if _is_this_machine(host) or proxy_bypass(host):
        return None
    proxy = getproxies().get(parts.scheme)
    if not proxy:
        return None
    return urlsplit(proxy if "://" in proxy else f"http://{proxy}")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761 section 6.3


class _HurriedSocket:
    """As much of a socket as http.client needs, with one deadline over all that is done with it."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: ReadableBuffer) -> None:
        self._sock.settimeout(self._deadline.remaining())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_HurriedReader(self._sock, self._deadline))

    def close(self) -> None:
        """Do nothing: http.client means to close before it has read, and whoever opened the socket closes it."""


class _HurriedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._sock.settimeout(self._deadline.remaining())
        return self._sock.recv_into(buffer)
