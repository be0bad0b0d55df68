"""Asking the service for generated files."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from tests.integration.client import Answer, Client

TARGET = "/v1/files/generated"
PROMPT = "A fox that jumps over a lazy dog"
# The kinds of files, by what the contract calls them, with the type that each extension is stored as.
TYPES = {
    "Text": {
        ".txt": "text/plain",
        ".md": "text/markdown",
        ".json": "application/json",
        ".html": "text/html",
        ".csv": "text/csv",
    },
    "Image": {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"},
    "Text-to-Speech": {
        ".mp3": "audio/mpeg",
        ".opus": "audio/ogg",
        ".aac": "audio/aac",
        ".flac": "audio/flac",
        ".wav": "audio/wav",
        ".pcm": "audio/pcm",
    },
}
KINDS = {extension: kind for kind, types in TYPES.items() for extension in types}


def asked(client: Client, name: str, **fields: Any) -> dict[str, Any]:
    """The JSON of a request for a file; its kind follows from the extension, unless `file_type` says otherwise."""
    kind = KINDS.get(f".{name.rpartition('.')[2].lower()}", "Text")
    return {"file_path": client.path(name), "file_type": kind, "prompt": PROMPT, **fields}


def post(client: Client, document: Any, **headers: str) -> Answer:
    """Send a body: bytes as they are, anything else as JSON. `Idempotency_Key` means `Idempotency-Key`."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    fields = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return client.request("POST", TARGET, body, fields)


def generate(client: Client, name: str, *, headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
    return post(client, asked(client, name, **fields), **(headers or {}))


class Pending:
    """A request for a file that goes on while the test does something else."""

    def __init__(self, client: Client, name: str, **options: Any) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(
            target=lambda: self._answers.append(generate(client, name, **options))
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.join()

    @property
    def is_done(self) -> bool:
        return bool(self._answers)

    def answer(self) -> Answer:
        """The answer, once it has come."""
        self._thread.join()
        (answer,) = self._answers
        return answer
