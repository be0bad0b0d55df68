"""Uploads as multipart/form-data (RFC 7578): the one part `file_content`."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.client import Answer, Client
    from tests.integration.stack import Bucket, Service

MIB = 1024 * 1024
TYPE = "multipart/form-data; boundary=xyz"


def part(*fields: str, content: str = "content") -> str:
    return "\r\n".join(["--xyz", *fields, "", content, ""])


FILE = 'Content-Disposition: form-data; name="file_content"; filename="x.bin"'
END = "--xyz--\r\n"


def put(client: Client, form: str, content_type: str = TYPE, name: str = "a.txt") -> Answer:
    return client.put(name, form.encode(), Content_Type=content_type)


@pytest.mark.parametrize("size", [0, 1, 8 * MIB + 1])
def test_requests_uploads_the_bytes_of_a_form(
    client: Client, service: Service, bucket: Bucket, size: int
) -> None:
    body = os.urandom(size)

    requests.put(service.url + client.target("a.bin"), files={"file_content": ("x.bin", body)}, timeout=20)

    assert bucket.body("a.bin") == body


def test_curl_uploads_a_form(client: Client, service: Service, bucket: Bucket, tmp_path: Path) -> None:
    source = tmp_path / "x.bin"
    source.write_bytes(os.urandom(MIB))

    subprocess.run(
        ["curl", "-sSf", "-X", "PUT", "-F", f"file_content=@{source}", service.url + client.target("a.bin")],
        check=True,
        timeout=20,
        capture_output=True,
    )

    assert bucket.body("a.bin") == source.read_bytes()


def test_the_type_of_the_part_is_the_type_of_the_file(client: Client) -> None:
    answer = put(client, part(FILE, "Content-Type: text/x-mine; charset=utf-8") + END)

    assert answer.json()["content_type"] == "text/x-mine; charset=utf-8"


def test_a_part_s_type_that_no_header_could_give_back_is_400_and_nothing_is_stored(
    client: Client, bucket: Bucket
) -> None:
    answer = put(client, part(FILE, "Content-Type: text/plain; name=\u00e9\u6f22") + END)

    assert (answer.status, answer.code, bucket.names()) == (400, "invalid_header", [])


def test_without_a_type_it_is_guessed_from_the_path(client: Client) -> None:
    answer = put(client, part(FILE) + END, name="a.png")

    assert answer.json()["content_type"] == "image/png"


def test_the_size_is_that_of_the_file(client: Client) -> None:
    assert put(client, part(FILE, content="12345") + END).json()["size_bytes"] == 5


def test_a_part_without_a_file_name_is_a_file_too(client: Client, bucket: Bucket) -> None:
    put(client, part('Content-Disposition: form-data; name="file_content"') + END)

    assert bucket.body("a.txt") == b"content"


def test_bytes_that_look_like_a_boundary_are_content(client: Client, bucket: Bucket) -> None:
    tricky = "--xy\r\n--xy-z\r\n --xyz--\n--xyz--\r\n-"

    put(client, part(FILE, content=tricky) + END)

    assert bucket.body("a.txt") == tricky.encode()


def test_a_quoted_boundary_with_a_space_is_one(client: Client, bucket: Bucket) -> None:
    form = (part(FILE) + END).replace("xyz", "x y")

    put(client, form, 'multipart/form-data; boundary="x y"')

    assert bucket.body("a.txt") == b"content"


def test_metadata_comes_in_the_headers_of_the_request(client: Client) -> None:
    form = (part(FILE) + END).encode()
    client.put("a.txt", form, Content_Type=TYPE, X_File_Meta_Colour="red")

    assert client.head("a.txt").headers["X-File-Meta-Colour"] == "red"


OTHER_PART = 'Content-Disposition: form-data; name="comment"'


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (part(OTHER_PART) + END, "comment"),
        (part(FILE) + part(OTHER_PART) + END, "comment"),
        (part(OTHER_PART) + part(FILE) + END, "comment"),
        (part(FILE) + part(FILE) + END, "file_content"),
        (END, "file_content"),
    ],
    ids=["another part", "a second part", "another part first", "the file twice", "no part"],
)
def test_a_form_with_other_parts_than_the_file_is_422(client: Client, form: str, field: str) -> None:
    answer = put(client, form)

    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("content", ["x", "x" * 9 * MIB], ids=["small", "multipart"])
def test_of_a_form_with_a_second_part_nothing_is_stored(client: Client, bucket: Bucket, content: str) -> None:
    put(client, part(FILE, content=content) + part(OTHER_PART) + END)

    assert (bucket.names(), bucket.open_uploads()) == ([], [])


@pytest.mark.parametrize(
    ("form", "content_type"),
    [
        (part(FILE) + END, "multipart/form-data"),
        (part(FILE) + END, "multipart/form-data; boundary="),
        (part(FILE) + END, "multipart/form-data; boundary=another"),
        ("", TYPE),
        ("no form at all", TYPE),
        (part("Content-Type: text/plain") + END, TYPE),
        (part(FILE, "no header") + END, TYPE),
        (part(FILE, "X: " + "x" * 100_000) + END, TYPE),
        (part(FILE).replace("\r\n", "\n") + END, TYPE),
    ],
    ids=[
        "no boundary",
        "an empty boundary",
        "another boundary",
        "an empty body",
        "no form",
        "a part without a name",
        "a header that is none",
        "an endless header",
        "bare line feeds",
    ],
)
def test_what_is_no_form_is_400(client: Client, form: str, content_type: str) -> None:
    assert put(client, form, content_type).status == 400


def test_a_form_in_upper_case_is_a_form(client: Client, bucket: Bucket) -> None:
    put(client, part(FILE) + END, "Multipart/Form-Data; Boundary=xyz")

    assert bucket.body("a.txt") == b"content"


def test_bytes_that_arrive_one_by_one_make_the_same_file(client: Client, bucket: Bucket) -> None:
    form = (part(FILE, content="a\r\n-b") + END).encode()

    client.put("a.txt", (bytes([byte]) for byte in form), Content_Type=TYPE)

    assert bucket.body("a.txt") == b"a\r\n-b"


def test_what_follows_the_last_boundary_has_no_meaning(client: Client, bucket: Bucket) -> None:
    put(client, part(FILE) + END + "an epilogue")

    assert bucket.body("a.txt") == b"content"
