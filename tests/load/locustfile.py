"""What users do all day, for Locust: `make load` and `make load-ui` run it against a service that is already there.

Five kinds of users, in proportions that are plausible for a team: most read, some edit, and few list, move larger
files or generate. Each request has a name of its kind, not of its path, so that the statistics stay short. Every answer
is held to the contract: a wrong status or wrong bytes count as a failure. Everything is written under `load/` and
removed at the end. A visit of a user is always whole, so that each behaviour is there however short the run is
(`--stop-timeout` lets the last visits end).

Generating costs money where OpenAI is the real one: `--exclude-tags generation` leaves it out.
"""

from __future__ import annotations

import json
import os
import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from locust import FastHttpUser, between, tag, task
from urllib3.filepost import encode_multipart_formdata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MIB = 1024 * 1024
# Where the service asks for one.
_KEY = os.environ.get("FILES_API_KEY")
_SMALL_SIZES = (200, 1024, 8 * 1024, 64 * 1024)
# One that goes to S3 in one request, and one that goes in parts.
_LARGE_SIZES = (3 * MIB, 10 * MIB)
_SHARE_READ_ANEW = 0.6
# What people call their files: spaces, other scripts, percent signs.
_NAMES = ("report.txt", "Angebot für Müller.pdf", "50% off.png", "データ.csv", "photo 1+2.jpg")
# Cut from one block, so that making content costs the client nothing.
_BLOCK = random.Random(2).randbytes(max(_LARGE_SIZES) + MIB)


def some_bytes(size: int) -> bytes:
    """Bytes that are probably like no others."""
    start = random.randrange(MIB)
    return _BLOCK[start : start + size]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with the right status."""

    content: bytes
    headers: Mapping[str, str]


def has(content: bytes) -> Callable[[Answer], bool]:
    """Check that an answer consists of these bytes."""
    return lambda answer: answer.content == content


def url_of(file_path: str) -> str:
    """The URL path of a file."""
    return f"/v1/files/{quote(file_path)}"


class FilesUser(FastHttpUser):
    """A user with a folder of their own, who tidies up when leaving."""

    abstract = True
    wait_time = between(0.2, 1.0)
    default_headers = {"X-API-Key": _KEY} if _KEY else None

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.folder = f"load/{uuid.uuid4().hex[:12]}"
        self.written: set[str] = set()

    def call(
        self,
        name: str,
        method: str,
        url: str,
        *expected: int,
        check: Callable[[Answer], bool] = lambda _: True,
        **options: Any,
    ) -> Answer | None:
        """Make one request.

        Args:
            name: Under which it is counted.
            method: Its method.
            url: Its path and query.
            expected: The statuses that are right.
            check: Whether the answer is right beyond its status.
            options: What else Locust's client takes.

        Returns:
            The answer; None when it was not right, which is counted.
        """
        with self.client.request(method, url, name=name, catch_response=True, **options) as response:
            if response.status_code not in expected:
                response.failure(f"{response.status_code} instead of {expected}: {response.text[:200]!r}")
                return None
            answer = Answer(response.content or b"", response.headers)
            if not check(answer):
                response.failure(f"{response.status_code}, but not the answer that was expected")
                return None
            response.success()
            return answer

    def new_name(self) -> str:
        """A path that nobody has used."""
        return f"{self.folder}/{uuid.uuid4().hex[:8]}/{random.choice(_NAMES)}"

    def put_new(self, file_path: str, content: bytes) -> str | None:
        """Create a file and tell its ETag; None when it failed."""
        self.written.add(file_path)
        answer = self.call(
            "PUT new", "PUT", url_of(file_path), 201, data=content, headers={"If-None-Match": "*"}
        )
        return answer.headers["ETag"] if answer is not None else None

    def delete(self, file_path: str) -> None:
        """Delete one of the own files."""
        if self.call("DELETE", "DELETE", url_of(file_path), 204) is not None:
            self.written.discard(file_path)

    def on_stop(self) -> None:
        """Leave nothing behind."""
        for file_path in tuple(self.written):
            # What was being written when the time was up may or may not be there.
            self.call("DELETE at the end", "DELETE", url_of(file_path), 204, 404)
        self.written.clear()


class Reader(FilesUser):
    """Reads the same few files again and again, as pages and programs do."""

    weight = 4

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.files: dict[str, tuple[bytes, str]] = {}

    def _fill(self) -> None:
        for size in _SMALL_SIZES:
            file_path, content = self.new_name(), some_bytes(size)
            etag = self.put_new(file_path, content)
            if etag is not None:
                self.files[file_path] = content, etag

    @task
    def visit(self) -> None:
        """Mostly what was read before, which has not changed."""
        if not self.files:
            self._fill()
        for file_path, (content, etag) in self.files.items():
            unchanged = {"If-None-Match": etag}
            self.call(
                "GET again, unchanged", "GET", url_of(file_path), 304, check=has(b""), headers=unchanged
            )
            if random.random() < _SHARE_READ_ANEW:
                self.call("GET", "GET", url_of(file_path), 200, check=has(content))
        file_path, (content, _) = random.choice(list(self.files.items()))
        url, length, first = url_of(file_path), str(len(content)), random.randrange(len(content))
        self.call("HEAD", "HEAD", url, 200, check=lambda answer: answer.headers["Content-Length"] == length)
        rest = {"Range": f"bytes={first}-"}
        self.call("GET a range", "GET", url, 206, check=has(content[first:]), headers=rest)
        self.call("GET missing", "GET", url_of(self.new_name()), 404)


class Editor(FilesUser):
    """Makes a file, looks at it, changes it, and throws it away."""

    weight = 3

    @task
    def edit(self) -> None:
        file_path, draft, final = self.new_name(), some_bytes(2000), some_bytes(3000)
        url = url_of(file_path)
        etag = self.put_new(file_path, draft)
        if etag is None:
            return
        self.call("GET", "GET", url, 200, check=has(draft))
        self.call("PUT new, taken", "PUT", url, 412, data=final, headers={"If-None-Match": "*"})
        self.call("PUT replace", "PUT", url, 200, data=final, headers={"If-Match": etag})
        self.call("PUT replace, stale", "PUT", url, 412, data=draft, headers={"If-Match": etag})
        self.call("GET", "GET", url, 200, check=has(final))
        self.delete(file_path)


class Browser(FilesUser):
    """Goes through a folder, page by page and level by level."""

    weight = 1
    _FILES = 12

    @task
    def browse(self) -> None:
        if not self.written:
            for number in range(self._FILES):
                self.put_new(f"{self.folder}/{number % 3}/{number:03}.txt", some_bytes(100))
        self._all_pages()
        self._one_level()

    def _all_pages(self) -> None:
        seen: list[str] = []

        def is_in_order(answer: Answer) -> bool:
            page = json.loads(answer.content)
            seen.extend(file["file_path"] for file in page["files"])
            wanted = sorted(self.written)
            return seen == (wanted[: len(seen)] if page["next_page_token"] else wanted)

        url = f"/v1/files?directory={self.folder}&page_size=5"
        answer = self.call("list", "GET", url, 200, check=is_in_order)
        while answer is not None:
            token = json.loads(answer.content)["next_page_token"]
            if token is None:
                return
            url = f"/v1/files?page_size=5&page_token={quote(token)}"
            answer = self.call("list, next page", "GET", url, 200, check=is_in_order)

    def _one_level(self) -> None:
        folders = [f"{self.folder}/{number}/" for number in range(3)]
        url = f"/v1/files?directory={self.folder}&recursive=false"
        self.call(
            "list one level",
            "GET",
            url,
            200,
            check=lambda answer: json.loads(answer.content)["directories"] == folders,
        )


class Archivist(FilesUser):
    """Moves larger files in both forms, and resumes a download that was cut."""

    weight = 1
    wait_time = between(1.0, 3.0)

    @task
    def move(self) -> None:
        for is_form in (False, True):
            self._there_and_back(is_form=is_form)

    def _there_and_back(self, *, is_form: bool) -> None:
        file_path, content = self.new_name(), some_bytes(random.choice(_LARGE_SIZES))
        url = url_of(file_path)
        self.written.add(file_path)
        if is_form:
            body, content_type = encode_multipart_formdata({"file_content": ("large.bin", content)})
            answer = self.call(
                "PUT large, form", "PUT", url, 201, data=body, headers={"Content-Type": content_type}
            )
        else:
            answer = self.call("PUT large, raw", "PUT", url, 201, data=content)
        if answer is None:
            return
        etag = answer.headers["ETag"]
        self.call("GET large", "GET", url, 200, check=has(content))
        rest = {"Range": f"bytes={len(content) // 2}-", "If-Range": etag}
        self.call(
            "GET large, the rest", "GET", url, 206, check=has(content[len(content) // 2 :]), headers=rest
        )
        self.delete(file_path)


class Author(FilesUser):
    """Has a text made now and then, and asks once more where the answer was lost."""

    weight = 1
    wait_time = between(20.0, 40.0)

    @tag("generation")
    @task
    def generate(self) -> None:
        file_path = f"{self.folder}/{uuid.uuid4().hex[:8]}.txt"
        self.written.add(file_path)
        body = json.dumps(
            {"file_path": file_path, "prompt": "A haiku about files.", "file_type": "Text"}
        ).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        first = self.call("generate", "POST", "/v1/files/generated", 201, data=body, headers=headers)
        if first is None:
            return
        # The same key and body: the first answer, at no cost.
        self.call(
            "generate, replayed",
            "POST",
            "/v1/files/generated",
            201,
            check=lambda answer: answer.content == first.content,
            data=body,
            headers=headers,
        )
        self.call("GET generated", "GET", url_of(file_path), 200)
