"""Everything that clients do to a service, at the same time and for a long time, also what they should not do."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from tests.benchmarks.processes import HOST, Server, request
from tests.benchmarks.streams import StreamFailed, connect, download, upload

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_CLIENTS = 6
_SMALL_KEYS = 50
# A client's next upload goes elsewhere: S3 may still be busy with the one that was cut off.
_UPLOAD_KEYS = 4
_SMALL_BYTES = 1024
_STOP_SECONDS = 130.0


@dataclass(frozen=True, slots=True)
class Files:
    """The file that is downloaded, where S3 has it, and the one that is uploaded."""

    downloaded: Path
    uploaded: Path


class _Client(threading.Thread):
    """One client: does one thing after another until it is told to stop."""

    def __init__(self, number: int, server: Server, files: Files, stop: threading.Event) -> None:
        super().__init__(daemon=True, name=f"client {number}")
        self.done: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._number = number
        self._server = server
        self._files = files
        self._stop_asked = stop
        # The same sequence in every run.
        self._random = random.Random(number)
        self._connection = http.client.HTTPConnection(HOST, server.port, timeout=60)
        self._uploads = 0

    def run(self) -> None:
        actions = {
            "GET": (30, self._get),
            "HEAD": (15, self._head),
            "PUT": (15, self._put),
            "list": (10, self._list),
            "GET missing": (10, self._get_missing),
            "GET large": (5, self._download),
            "GET large, cut": (5, self._cut_download),
            "PUT large, raw": (3, lambda: self._upload(is_form=False)),
            "PUT large, form": (3, lambda: self._upload(is_form=True)),
            "PUT large, raw, cut": (2, lambda: self._cut_upload(is_form=False)),
            "PUT large, form, cut": (2, lambda: self._cut_upload(is_form=True)),
        }
        names, weights = list(actions), [weight for weight, _ in actions.values()]
        for number in range(_SMALL_KEYS):
            self._put(number)
        while not self._stop_asked.is_set():
            (name,) = self._random.choices(names, weights)
            self.done[name] += 1
            try:
                actions[name][1]()
            except (OSError, StreamFailed, http.client.HTTPException) as error:
                self.failures[f"{name}: {type(error).__name__} {str(error)[:200]}"] += 1
                self._connection.close()
        self._connection.close()

    def _small_key(self, number: int | None = None) -> str:
        chosen = self._random.randrange(_SMALL_KEYS) if number is None else number
        return f"{self._server.files}soak/{self._number}/{chosen}"

    def _keep_open(self, method: str, path: str, *expected: int, body: bytes | None = None) -> None:
        self._connection.request(method, path, body)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status not in expected:
            raise StreamFailed(f"answered {answer.status}")

    def _get(self) -> None:
        self._keep_open("GET", self._small_key(), 200)

    def _head(self) -> None:
        self._keep_open("HEAD", self._small_key(), 200)

    def _put(self, number: int | None = None) -> None:
        body = self._random.randbytes(_SMALL_BYTES)
        self._keep_open("PUT", self._small_key(number), 200, 201, body=body)

    def _list(self) -> None:
        self._keep_open("GET", f"/v1/files?directory=soak/{self._number}&page_size=100", 200)

    def _get_missing(self) -> None:
        # On a connection of its own, so that connections come and go.
        status = request(self._server.port, "GET", f"{self._server.files}missing/{self._random.random()}")
        if status != 404:
            raise StreamFailed(f"answered {status}")

    def _download(self, take: int | None = None) -> None:
        file = self._files.downloaded
        with connect(self._server) as connection:
            download(connection, self._server, file.name, file.stat().st_size, take=take)

    def _cut_download(self) -> None:
        self._download(self._random.randrange(self._files.downloaded.stat().st_size))

    def _upload(self, *, is_form: bool, give: int | None = None) -> None:
        self._uploads += 1
        name = f"soak-large/{self._number}/{self._uploads % _UPLOAD_KEYS}"
        with connect(self._server) as connection:
            upload(connection, self._server, name, self._files.uploaded, is_form=is_form, give=give)

    def _cut_upload(self, *, is_form: bool) -> None:
        # sendfile takes no count of 0
        self._upload(is_form=is_form, give=self._random.randrange(1, self._files.uploaded.stat().st_size))


class Traffic:
    """Clients that are busy while the context lasts; `done` and `failures` are what they did, and how often."""

    def __init__(self, server: Server, files: Files) -> None:
        self._stop = threading.Event()
        self._clients = [_Client(number, server, files, self._stop) for number in range(_CLIENTS)]

    def __enter__(self) -> Self:
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for client in self._clients:
            client.join(_STOP_SECONDS)

    @property
    def done(self) -> Counter[str]:
        """How often everything was done."""
        return sum((client.done for client in self._clients), Counter())

    @property
    def failures(self) -> Counter[str]:
        """What did not go as it should have, and how often."""
        return sum((client.failures for client in self._clients), Counter())
