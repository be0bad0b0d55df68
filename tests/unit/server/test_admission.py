"""Who is admitted, and what the others are told (`server.admission`)."""

from __future__ import annotations

import json
import logging

import pytest

from files_api.server.admission import Admission

GET = b"GET /v1/files/a HTTP/1.1\r\nHost: a\r\n\r\n"


def full(most: int = 1) -> Admission:
    admission = Admission(most)
    for _ in range(most):
        admission.enter()
    return admission


def test_below_the_limit_everybody_is_admitted() -> None:
    admission = Admission(2)
    admission.enter()

    assert admission.refusal_of(GET) is None


def test_at_the_limit_the_next_one_is_refused() -> None:
    refused = full().refusal_of(GET)

    assert refused is not None
    assert (refused.status, refused.code, refused.retry_after_seconds) == (503, "overloaded", 1)


def test_who_leaves_makes_room() -> None:
    admission = full()
    admission.leave()

    assert admission.refusal_of(GET) is None


@pytest.mark.parametrize(
    "target", [b"/health/live", b"/health/ready", b"/health/deep", b"/version", b"/version?"]
)
@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_whoever_watches_over_the_service_is_admitted(method: bytes, target: bytes) -> None:
    assert full().refusal_of(method + b" " + target + b" HTTP/1.1\r\n\r\n") is None


@pytest.mark.parametrize("target", [b"/healthy", b"/versions", b"/v1/files/health/live"])
def test_what_only_looks_like_that_is_not(target: bytes) -> None:
    assert full().refusal_of(b"GET " + target + b" HTTP/1.1\r\n\r\n") is not None


def test_the_callers_request_id_is_given_back() -> None:
    refused = full().refusal_of(b"GET / HTTP/1.1\r\nx-request-ID:  abc.1 \r\nHost: a\r\n\r\n")

    assert refused is not None
    assert refused.request_id == "abc.1"


def test_an_id_that_is_none_is_not_given_back() -> None:
    refused = full().refusal_of(b"GET / HTTP/1.1\r\nX-Request-Id: <script>\r\nHost: a\r\n\r\n")

    assert refused is not None
    assert "script" not in refused.request_id


def test_a_head_gets_no_body() -> None:
    refused = full().refusal_of(GET.replace(b"GET", b"HEAD"))

    assert refused is not None
    assert refused.to_bytes().endswith(b"\r\n\r\n")


def test_the_answer_is_a_problem() -> None:
    refused = full().refusal_of(GET)

    assert refused is not None
    head, _, body = refused.to_bytes().partition(b"\r\n\r\n")
    assert b"\r\nContent-Type: application/problem+json\r\n" in head
    assert json.loads(body)["code"] == "overloaded"


def test_the_connection_of_a_whole_request_is_kept() -> None:
    refused = full().refusal_of(GET)

    assert refused is not None
    assert b"\r\nConnection: keep-alive\r\n" in refused.to_bytes()


@pytest.mark.parametrize(
    "head",
    [
        GET[:-2],  # not whole
        GET + GET,  # more than one
        GET[1:],  # gunicorn has the beginning
        GET[4:],
        GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
        b"PUT /v1/files/a HTTP/1.1\r\nContent-Length: 5\r\n\r\n",
        b"PUT /v1/files/a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"PUT /v1/files/a HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
        b"GET /v1/files/a HTTP/1.1\r\nConnection: close\r\n\r\n",
    ],
)
def test_any_other_connection_is_closed(head: bytes) -> None:
    refused = full().refusal_of(head)

    assert refused is not None
    assert b"\r\nConnection: close\r\n" in refused.to_bytes()


def test_a_thousand_refusals_are_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    admission = full(3)

    with caplog.at_level(logging.WARNING):
        for _ in range(1000):
            admission.refusal_of(GET)

    assert [record.__dict__["event"] for record in caplog.records] == ["overloaded"]
    assert caplog.records[0].__dict__["in_work"] == 3


def test_each_second_of_refusals_is_told_with_its_count(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("files_api.server.admission.time.monotonic", lambda: now)
    admission = full()

    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            admission.refusal_of(GET)
        now += 1.0
        admission.refusal_of(GET)

    # The first one is told at once; those behind it wait for their second to be over.
    assert [record.__dict__["refused"] for record in caplog.records] == [1, 50]
