"""Every error has one shape, whoever refuses (RFC 9457; http-api.md, Errors)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.integration.client import request_head

if TYPE_CHECKING:
    from tests.integration.client import Answer, Client

ID = re.compile(r"[0-9a-f]{32}")

# A request that fails, and how: status and code.
FAILURES = {
    "an unknown route": (b"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found"),
    "an unknown version": (b"GET /v2/files HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found"),
    "an unknown asset": (b"GET /docs/assets/x HTTP/1.1\r\nHost: a\r\n\r\n", 404, "not_found"),
    "a missing file": (b"GET /v1/files/nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404, "file_not_found"),
    "an illegal path": (b"GET /v1/files/a//b HTTP/1.1\r\nHost: a\r\n\r\n", 400, "invalid_path"),
    "a wrong query": (b"GET /v1/files?page_size=0 HTTP/1.1\r\nHost: a\r\n\r\n", 422, "validation_error"),
    "a wrong method": (b"POST /v1/files HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed"),
    "an unknown method": (b"BREW /v1/files/x HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed"),
    "a method in lower case": (b"get /v1/files/x HTTP/1.1\r\nHost: a\r\n\r\n", 405, "method_not_allowed"),
    "no JSON type": (
        b"POST /v1/files/generated HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
        415,
        "unsupported_media_type",
    ),
    "malformed JSON": (
        (
            b"POST /v1/files/generated HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1\r\n\r\n{"
        ),
        400,
        "malformed_body",
    ),
    "an empty JSON body": (
        b"POST /v1/files/generated HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n",
        400,
        "malformed_body",
    ),
    "JSON that is no object": (
        (
            b"POST /v1/files/generated HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2\r\n\r\n[]"
        ),
        422,
        "validation_error",
    ),
    "a request line that is too long": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
    "a header that is too long": (
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        431,
        "headers_too_large",
    ),
    "too many headers": (
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        431,
        "headers_too_large",
    ),
    "a header that is none": (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400, "malformed_request"),
    "a header with an underscore": (b"GET / HTTP/1.1\r\nHost: a\r\na_b: c\r\n\r\n", 400, "malformed_request"),
    "a header name with a space": (b"GET / HTTP/1.1\r\nHost: a\r\na : c\r\n\r\n", 400, "malformed_request"),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400, "malformed_request"),
    "a null in a header": (b"GET / HTTP/1.1\r\nHost: a\r\nA: \x00\r\n\r\n", 400, "malformed_request"),
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "malformed_request"),
    "a request line of two words": (b"GET /\r\n\r\n", 400, "malformed_request"),
    "an unknown version of HTTP": (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400, "malformed_request"),
    "an unknown transfer coding": (
        b"PUT /v1/files/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zip\r\n\r\n",
        501,
        "unsupported_transfer_coding",
    ),
    "an unknown expectation": (
        b"PUT /v1/files/x HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n",
        417,
        "expectation_failed",
    ),
}
EACH = pytest.mark.parametrize(("request_bytes", "status", "code"), FAILURES.values(), ids=FAILURES.keys())


def send(client: Client, request_bytes: bytes) -> Answer:
    with client.raw() as connection:
        connection.send(request_bytes)
        return connection.read_answer()


@EACH
def test_a_failure_has_its_status_and_code(
    client: Client, request_bytes: bytes, status: int, code: str
) -> None:
    answer = send(client, request_bytes)

    assert (answer.status, answer.code) == (status, code)


@EACH
def test_every_failure_is_a_problem(client: Client, request_bytes: bytes, status: int, code: str) -> None:
    assert send(client, request_bytes).headers["Content-Type"] == "application/problem+json"


@EACH
def test_every_failure_has_all_the_fields(
    client: Client, request_bytes: bytes, status: int, code: str
) -> None:
    fields = set(send(client, request_bytes).json())

    wanted = {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert fields == (wanted | {"errors"} if status == 422 else wanted)


@EACH
def test_every_failure_tells_its_status_in_the_body(
    client: Client, request_bytes: bytes, status: int, code: str
) -> None:
    answer = send(client, request_bytes)

    assert answer.json()["status"] == answer.status


@EACH
def test_every_failure_has_one_id_in_header_and_body(
    client: Client, request_bytes: bytes, status: int, code: str
) -> None:
    answer = send(client, request_bytes)

    assert answer.headers.get_all("X-Request-Id") == [answer.json()["request_id"]]


@EACH
def test_after_every_failure_the_service_answers(
    client: Client, request_bytes: bytes, status: int, code: str
) -> None:
    send(client, request_bytes)

    assert client.request("GET", "/health/live").status == 200


@pytest.mark.parametrize("method", ["POST", "PATCH", "BREW", "get", "TRACE", "PROPFIND", "M-SEARCH", "x!#$"])
def test_a_wrong_method_on_a_file_is_told_the_right_ones(client: Client, method: str) -> None:
    answer = send(client, request_head(method, "/v1/files/x"))

    assert set((answer.headers["Allow"] or "").split(", ")) >= {"DELETE", "GET", "HEAD", "OPTIONS", "PUT"}


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/v1/files", {"GET", "HEAD", "OPTIONS"}),
        ("/health/live", {"GET", "HEAD", "OPTIONS"}),
        ("/version", {"GET", "HEAD", "OPTIONS"}),
        ("/openapi.json", {"GET", "HEAD", "OPTIONS"}),
        ("/", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_elsewhere_is_told_the_right_ones(
    client: Client, target: str, allowed: set[str]
) -> None:
    answer = send(client, request_head("DELETE", target))

    assert (answer.status, set((answer.headers["Allow"] or "").split(", "))) == (405, allowed)


def test_a_file_named_generated_can_be_read_and_written(client: Client) -> None:
    answer = send(client, request_head("GET", "/v1/files/generated"))

    assert (answer.status, answer.code) == (404, "file_not_found")


@pytest.mark.parametrize("target", ["/nothing", "/v1/files/nothing", "/v1/files/a//b"])
def test_a_failure_of_head_has_no_body(client: Client, target: str) -> None:
    with client.raw() as connection:
        connection.send(request_head("HEAD", target, "Connection: close"))

        assert connection.read_to_end().endswith(b"\r\n\r\n")


@pytest.mark.parametrize("wanted", ["a", "A-Z_0.9:x", "x" * 128])
def test_the_request_id_of_the_caller_is_kept(client: Client, wanted: str) -> None:
    answer = client.request("GET", "/version", headers={"X-Request-Id": wanted})

    assert answer.headers["X-Request-Id"] == wanted


@pytest.mark.parametrize("wanted", ["", "x" * 129, "a b", "a/b", "<script>", "é", "a,b"])
def test_another_request_id_is_replaced(client: Client, wanted: str) -> None:
    answer = client.request("GET", "/version", headers={"X-Request-Id": wanted})

    assert ID.fullmatch(answer.headers["X-Request-Id"] or "")


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "OPTIONS"])
def test_every_answer_has_a_request_id(client: Client, method: str) -> None:
    assert client.request(method, client.target("a.txt")).headers["X-Request-Id"]


def test_the_caller_s_request_id_stands_in_the_problem(client: Client) -> None:
    answer = client.request("GET", "/nothing", headers={"X-Request-Id": "mine"})

    assert answer.json()["request_id"] == "mine"


def test_the_instance_is_the_path_without_the_query(client: Client) -> None:
    answer = client.get("a b", "?disposition=secret")

    assert answer.json()["instance"] == client.target("a b")


def test_a_problem_is_never_cached(client: Client) -> None:
    assert client.get("nothing").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "content_type", ["text/json", "application/x-www-form-urlencoded", "application/jsonx", ""]
)
def test_another_type_than_json_is_415(client: Client, content_type: str) -> None:
    answer = client.request("POST", "/v1/files/generated", b"{}", {"Content-Type": content_type})

    assert answer.status == 415


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/merge+json", "Application/JSON"]
)
def test_every_kind_of_json_is_read(client: Client, content_type: str) -> None:
    answer = client.request("POST", "/v1/files/generated", b"{}", {"Content-Type": content_type})

    assert answer.status == 422


@pytest.mark.parametrize(
    "body", [b"\xff", b"{]", b"nul", b"{'a': 1}", b"NaN", b"[" * 100_000, b'{"a": Infinity}', b"\x00", b"   "]
)
def test_what_is_no_json_is_400(client: Client, body: bytes) -> None:
    answer = client.request("POST", "/v1/files/generated", body, {"Content-Type": "application/json"})

    assert (answer.status, answer.code) == (400, "malformed_body")


@pytest.mark.parametrize("body", ["null", "1", '"text"', "[]", "[{}]"])
def test_json_that_is_no_object_is_422(client: Client, body: str) -> None:
    answer = client.request(
        "POST", "/v1/files/generated", body.encode(), {"Content-Type": "application/json"}
    )

    assert answer.status == 422


def test_json_that_is_cut_is_400(client: Client) -> None:
    with client.raw() as connection:
        fields = ("Content-Type: application/json", "Content-Length: 100")
        connection.send(request_head("POST", "/v1/files/generated", *fields), b"{}")
        connection.half_close()

        assert connection.read_answer().code == "incomplete_body"
