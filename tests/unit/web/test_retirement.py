"""Clients are told that what they call will go, in the way that RFC 9745 and RFC 8594 say; at present nothing goes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask, Response, abort

from files_api.devtools.openapi import build_app, build_document
from files_api.devtools.openapi_changes import breaking_changes
from files_api.web.retirement import RETIREMENTS, Retirement, announce, mark

V1 = Retirement(
    prefix="/v1/",
    deprecated=datetime(2027, 1, 1, tzinfo=UTC),
    sunset=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
    more="https://docs.example.com/v2",
)


def _app(*retirements: Retirement) -> Flask:
    app = Flask("test")

    @app.get("/v1/things")
    def things() -> Response:
        return Response("[]", headers={"Link": '</v1/things?page=2>; rel="next"'})

    @app.get("/v1/broken")
    def broken() -> Response:
        abort(409)

    @app.get("/v2/things")
    def newer() -> Response:
        return Response("[]")

    announce(app, retirements)
    return app


def test_at_present_nothing_is_retired() -> None:
    assert RETIREMENTS == ()


@pytest.mark.parametrize("path", ["/v1/files", "/health/live"])
def test_at_present_no_answer_tells_of_it(path: str) -> None:
    answer = build_app().test_client().get(path, environ_overrides={"RAW_URI": path})

    assert not {"Deprecation", "Sunset"} & set(answer.headers.keys())


def test_the_day_of_deprecation_is_a_date_of_structured_fields() -> None:
    answer = _app(V1).test_client().get("/v1/things")

    assert answer.headers["Deprecation"] == "@1798761600"


def test_the_end_is_a_date_of_http_in_gmt() -> None:
    local = replace(V1, sunset=datetime(2028, 1, 1, 0, 59, 59, tzinfo=timezone(timedelta(hours=1))))

    answer = _app(local).test_client().get("/v1/things")

    assert answer.headers["Sunset"] == "Fri, 31 Dec 2027 23:59:59 GMT"


def test_links_lead_to_what_to_do_and_leave_other_links_alone() -> None:
    answer = _app(V1).test_client().get("/v1/things")

    assert answer.headers.getlist("Link") == [
        '</v1/things?page=2>; rel="next"',
        '<https://docs.example.com/v2>; rel="deprecation"; type="text/html"',
        '<https://docs.example.com/v2>; rel="sunset"; type="text/html"',
    ]


@pytest.mark.parametrize(("path", "status"), [("/v1/broken", 409), ("/v1/nothing", 404)])
def test_errors_tell_it_too(path: str, status: int) -> None:
    answer = _app(V1).test_client().get(path)

    assert (answer.status_code, answer.headers.get("Deprecation")) == (status, "@1798761600")


def test_what_is_not_retired_tells_nothing() -> None:
    answer = _app(V1).test_client().get("/v2/things")

    assert "Deprecation" not in answer.headers


def test_while_nobody_knows_the_end_none_is_told() -> None:
    answer = _app(replace(V1, sunset=None)).test_client().get("/v1/things")

    assert "Sunset" not in answer.headers
    assert not re.search("sunset", str(answer.headers.getlist("Link")))


def test_nothing_ends_before_clients_are_told_to_leave() -> None:
    with pytest.raises(ValueError, match="gone before it is deprecated"):
        replace(V1, sunset=V1.deprecated - timedelta(seconds=1))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        replace(V1, deprecated=datetime(2027, 1, 1))  # noqa: DTZ001  # that is what is wrong with it


def test_the_document_says_it_of_just_these_operations() -> None:
    document = build_document()

    mark(document, [V1])

    told = {
        path: {
            operation.get("deprecated", False)
            and all(
                {"Deprecation", "Sunset", "Link"} <= set(one["headers"])
                for one in operation["responses"].values()
            )
            for operation in item.values()
        }
        for path, item in document["paths"].items()
    }
    assert told == {path: {path.startswith("/v1/")} for path in document["paths"]}


def test_telling_it_breaks_nobody() -> None:
    document = build_document()

    mark(document, [V1])

    assert breaking_changes(build_document(), document) == []
