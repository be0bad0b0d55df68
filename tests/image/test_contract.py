"""The main cases of the contract, asked of a launched machine from outside."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.image.conftest import COMMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.image.cloud import Launched

    Call = Callable[..., requests.Response]


@pytest.fixture
def call(instance: Launched) -> Iterator[Call]:
    """Sends a request to the machine."""
    with requests.Session() as session:
        session.trust_env = False

        def send(method: str, path: str, **arguments: Any) -> requests.Response:
            return session.request(method, instance.url + path, timeout=30, **arguments)

        yield send


@pytest.fixture
def file(call: Call) -> str:
    """The path of a file that is there."""
    path = f"/v1/files/contract/{uuid.uuid4().hex}.txt"
    assert call("PUT", path, data=b"0123456789", headers={"Content-Type": "text/plain"}).status_code == 201
    return path


def test_the_machine_tells_which_commit_it_was_made_of(call: Call) -> None:
    assert call("GET", "/version").json()["commit"] == COMMIT


def test_it_can_reach_all_that_it_needs(call: Call) -> None:
    assert call("GET", "/health/deep").status_code == 200


def test_a_file_comes_back_as_it_was_put(call: Call) -> None:
    path, body = f"/v1/files/contract/{uuid.uuid4().hex}", os.urandom(20 * 1024 * 1024)

    created = call("PUT", path, data=body)
    read = call("GET", path)

    assert (created.status_code, read.status_code) == (201, 200)
    assert read.content == body
    assert read.headers["ETag"] == created.headers["ETag"]


def test_putting_it_again_replaces_it(call: Call, file: str) -> None:
    assert call("PUT", file, data=b"new").status_code == 200
    assert call("GET", file).content == b"new"


def test_a_part_of_it_can_be_had(call: Call, file: str) -> None:
    part = call("GET", file, headers={"Range": "bytes=2-4"})

    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")


def test_it_is_not_sent_to_who_has_it(call: Call, file: str) -> None:
    etag = call("HEAD", file).headers["ETag"]

    assert call("GET", file, headers={"If-None-Match": etag}).status_code == 304


def test_it_is_not_overwritten_by_who_wants_to_create(call: Call, file: str) -> None:
    refused = call("PUT", file, data=b"x", headers={"If-None-Match": "*"})

    assert refused.status_code == 412
    assert refused.headers["Content-Type"] == "application/problem+json"


def test_it_stands_in_the_list(call: Call, file: str) -> None:
    listed = call("GET", "/v1/files", params={"directory": "contract"}).json()

    assert file.removeprefix("/v1/files/") in str(listed)


def test_a_deleted_file_is_gone(call: Call, file: str) -> None:
    assert call("DELETE", file).status_code == 204
    assert call("GET", file).status_code == 404


def test_openai_makes_a_file_with_the_key_that_only_ssm_has(call: Call) -> None:
    path = f"contract/{uuid.uuid4().hex}.txt"
    made = call(
        "POST", "/v1/files/generated", json={"file_path": path, "file_type": "Text", "prompt": "A haiku."}
    )

    assert made.status_code == 201, made.text
    assert call("GET", f"/v1/files/{path}").text
