"""What may be the name of a file, as it stands on the wire (http-api.md, Paths)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.integration.client import encoded, request_head

if TYPE_CHECKING:
    from tests.integration.client import Answer, Client
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket

LEGAL = {
    "a space": "a b.txt",
    "a plus": "a+b.txt",
    "a percent sign": "100%25.txt",
    "what looks like an escape": "%2Fetc%2Fpasswd",
    "a question mark and a hash": "what?.txt#1",
    "emoji": "🦊/🌲.txt",
    "right to left": "مرحبا/שלום.txt",
    "quotes and angle brackets": '"it\'s" <b>&amp;</b>.txt',
    "semicolons and equals signs": "a;b=c;d",
    "dots that are no dot segments": "...a/.hidden/..b/c..",
    "a space at both ends": " both ",
    "every mark of ASCII that is left": "!$&'()*,:;=@[]^_`{|}~",
    "a zero-width joiner": "👩\u200d👩\u200d👧",
    "a line separator of Unicode": "a\u2028b",
    "a name of a route": "generated",
    "a lone tilde": "~",
}
REFUSED = {
    "bytes that are not UTF-8": "%ff.txt",
    "an overlong slash": "%c0%af",
    "a surrogate in UTF-8": "%ed%a0%80",
    "a null": "a%00b",
    "a line feed": "a%0Ab",
    "a carriage return": "a%0Db",
    "a tab": "a%09b",
    "DEL": "a%7Fb",
    "C1": "a%C2%85b",
    "a backslash": "a%5Cb",
    "a bare backslash": "a\\b",
    "a dot segment": "a/./b",
    "a dot segment at the end": "a/.",
    "a double dot segment": "a/../b",
    "an encoded double dot segment": "a/%2e%2E/b",
    "an empty segment": "a//b",
    "a trailing slash": "a/",
    "an encoded slash": "a%2Fb",
    "an encoded slash in lower case": "a%2fb",
    "text that is not NFC": quote("e\u0301.txt"),
    "an incomplete escape at the end": "a%",
    "an incomplete escape in the middle": "a%4/b",
    "an escape that is none": "a%zz",
}


def send(client: Client, method: str, target: str, *fields: str) -> Answer:
    """Send the target as it is: an ordinary client would tidy it up first."""
    with client.raw() as connection:
        connection.send(request_head(method, target, "Connection: close", *fields))
        return connection.read_answer(method)


@pytest.mark.parametrize("name", LEGAL.values(), ids=LEGAL.keys())
def test_a_legal_name_is_the_key_in_s3_byte_for_byte(client: Client, bucket: Bucket, name: str) -> None:
    client.put(name, b"content")

    assert bucket.names() == [name]


@pytest.mark.parametrize("name", LEGAL.values(), ids=LEGAL.keys())
def test_a_legal_name_is_told_back_as_it_came(client: Client, name: str) -> None:
    answer = client.put(name, b"content")

    assert answer.json()["file_path"] == client.path(name)


@pytest.mark.parametrize("name", LEGAL.values(), ids=LEGAL.keys())
def test_the_location_of_a_new_file_leads_to_it(client: Client, name: str) -> None:
    location = client.put(name, b"content").headers["Location"]

    assert send(client, "GET", location).body == b"content"


@pytest.mark.parametrize("name", LEGAL.values(), ids=LEGAL.keys())
def test_a_legal_name_is_found_in_the_list(client: Client, name: str) -> None:
    client.put(name, b"content")

    assert [file["file_path"] for file in client.list(directory=client.prefix).json()["files"]] == [
        client.path(name)
    ]


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_an_illegal_path_is_refused(client: Client, method: str, raw: str) -> None:
    answer = send(client, method, f"/v1/files/{client.prefix}/{raw}", "Content-Length: 0")

    assert answer.status == 400


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_the_refusal_of_a_path_says_so_in_its_code(client: Client, raw: str) -> None:
    assert send(client, "GET", f"/v1/files/{client.prefix}/{raw}").code == "invalid_path"


@pytest.mark.parametrize(
    "raw", ["//etc/passwd", "/", "%2Fetc", "/a", ".", "..", "%2e%2e", "./a", "../version"]
)
def test_a_path_with_a_bad_beginning_is_refused(client: Client, raw: str) -> None:
    assert send(client, "GET", f"/v1/files/{raw}").code == "invalid_path"


@pytest.mark.parametrize("raw", ["/v1//files/a", "//v1/files/a", "/v1/./files/a", "/v1/x/../files/a"])
def test_another_spelling_of_the_route_is_no_redirect(client: Client, raw: str) -> None:
    assert send(client, "GET", raw).status in {400, 404}


def test_an_empty_path_is_refused(client: Client) -> None:
    assert send(client, "GET", "/v1/files/").code == "invalid_path"


@pytest.mark.parametrize("raw", ["/v1%2Ffiles/a", "/v1/files%2Fa", "/v1%2ffiles%2fa"])
def test_an_encoded_slash_in_the_route_is_not_another_way_in(client: Client, raw: str) -> None:
    assert send(client, "GET", raw).status in {400, 404}


def test_an_illegal_path_is_refused_before_s3_is_asked(watched: Client, storage: StorageProxy) -> None:
    send(watched, "GET", "/v1/files/a/../b")

    assert storage.operations == []


def test_a_path_of_1024_bytes_is_taken(client: Client, bucket: Bucket) -> None:
    room = 1024 - len(client.path("").encode())
    name = "é" * (room // 2) + "x" * (room % 2)

    client.put(name, b"long")

    assert bucket.names() == [name]


def test_a_path_of_1025_bytes_is_refused(client: Client) -> None:
    name = "x" * (1025 - len(client.path("")))

    assert client.put(name, b"too long").code == "invalid_path"


def test_the_path_is_decoded_once(client: Client, bucket: Bucket) -> None:
    send(client, "PUT", f"/v1/files/{client.prefix}/%2541", "Content-Length: 0")

    assert bucket.names() == ["%41"]


def test_escapes_in_upper_and_lower_case_name_the_same_file(client: Client) -> None:
    client.put("ü", b"umlaut")

    assert send(client, "GET", f"/v1/files/{client.prefix}/%c3%bc").body == b"umlaut"


def test_what_needs_no_escape_may_have_one(client: Client) -> None:
    client.put("a.txt", b"plain")

    assert send(client, "GET", f"/v1/files/{client.prefix}/%61%2Etxt").body == b"plain"


def test_the_absolute_form_of_a_target_names_the_same_file(client: Client) -> None:
    client.put("a.txt", b"plain")

    assert send(client, "GET", f"http://files.test{client.target('a.txt')}").body == b"plain"


def test_the_query_is_no_part_of_the_path(client: Client, bucket: Bucket) -> None:
    client.put("a.txt", b"plain")

    assert client.get("a.txt", "?disposition=attachment").body == b"plain"


def test_utf8_that_is_not_escaped_is_no_http(client: Client) -> None:
    with client.raw() as connection:
        connection.send(f"GET /v1/files/{client.prefix}/ü.txt HTTP/1.1\r\nHost: a\r\n\r\n".encode())

        assert connection.read_answer().code == "malformed_request"


def test_a_bare_hash_is_refused(client: Client) -> None:
    assert send(client, "GET", f"/v1/files/{client.prefix}/a#b").status == 400


@pytest.mark.parametrize(
    "name", ["e\u0301.txt", "a\\b", "a/../b", "a//b", "/a", "a\x00b", "a\x85b", "x" * 1025]
)
def test_the_same_rules_hold_for_a_directory_in_a_query(client: Client, name: str) -> None:
    answer = client.request("GET", f"/v1/files?directory={encoded(name)}")

    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "directory")


@pytest.mark.parametrize(
    "name", ["e\u0301.txt", "a\\b.txt", "../b.txt", "a//b.txt", "/a.txt", "a/", "", "\ud800.txt"]
)
def test_the_same_rules_hold_for_a_path_in_json(client: Client, name: str) -> None:
    answer = client.post_json(
        "/v1/files/generated", {"file_path": name, "prompt": "a poem", "file_type": "Text"}
    )

    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "file_path")
