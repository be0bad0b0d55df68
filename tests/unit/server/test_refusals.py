"""What gunicorn refuses by itself (`server.refusals`)."""

from __future__ import annotations

import json

import pytest
from gunicorn.http import errors

from files_api.server.refusals import refusal


@pytest.mark.parametrize(
    ("cause", "status", "code"),
    [
        (errors.LimitRequestLine(9000, 8190), 414, "uri_too_long"),
        (errors.LimitRequestHeaders("too many"), 431, "headers_too_large"),
        (errors.UnsupportedTransferCoding("zip"), 501, "unsupported_transfer_coding"),
        (errors.ExpectationFailed("tea"), 417, "expectation_failed"),
        (errors.InvalidHeaderName("a b"), 400, "malformed_request"),
        (errors.InvalidHeader("x"), 400, "malformed_request"),
        (errors.InvalidRequestLine("x"), 400, "malformed_request"),
        (RuntimeError("a bug"), 500, "internal_error"),
        (None, 408, "request_timeout"),
    ],
)
def test_every_cause_has_its_answer(cause: BaseException | None, status: int, code: str) -> None:
    answer = refusal(cause)

    assert (answer.status, answer.code) == (status, code)


def test_the_answer_declares_its_length() -> None:
    head, _, body = refusal(None).to_bytes().partition(b"\r\n\r\n")

    assert f"Content-Length: {len(body)}\r\n".encode() in head


def test_the_answer_repeats_nothing_of_what_was_sent() -> None:
    assert b"<script>" not in refusal(errors.InvalidRequestLine("<script>")).to_bytes()


def test_the_id_in_the_head_is_the_one_in_the_body() -> None:
    head, _, body = refusal(None).to_bytes().partition(b"\r\n\r\n")

    assert f"X-Request-Id: {json.loads(body)['request_id']}".encode() in head
