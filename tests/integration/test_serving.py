"""Serving what others uploaded, and leaving the serving to S3 (http-api.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

if TYPE_CHECKING:
    from tests.integration.client import Client
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Service

POLICY = "sandbox; default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
INERT = [
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "audio/mpeg",
    "video/mp4",
    "text/plain",
    "IMAGE/PNG",
    "text/plain; charset=utf-8",
]
NOT_INERT = [
    "text/html",
    "image/svg+xml",
    "application/pdf",
    "application/xhtml+xml",
    "text/xml",
    "text/javascript",
    "text/css",
    "application/json",
    "application/octet-stream",
    "multipart/x-mixed-replace",
    "nonsense",
    "text/plain, text/html",
    "image/png/../svg+xml",
    "text",
    "image/*",
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("field", "value"), [("X-Content-Type-Options", "nosniff"), ("Content-Security-Policy", POLICY)]
)
def test_a_file_comes_with_its_protection(client: Client, method: str, field: str, value: str) -> None:
    client.put("a.html", b"<script>")

    assert client.request(method, client.target("a.html")).headers[field] == value


def test_a_part_of_a_file_comes_with_its_protection(client: Client) -> None:
    client.put("a.html", b"<script>")

    assert client.get("a.html", Range="bytes=0-1").headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize("content_type", [*INERT, *NOT_INERT])
def test_the_type_comes_back_exactly(client: Client, content_type: str) -> None:
    client.put("a", b"x", Content_Type=content_type)

    assert client.get("a").headers["Content-Type"] == content_type


def disposition_of(client: Client, query: str = "") -> str:
    return (client.get("a", query).headers["Content-Disposition"] or "").partition(";")[0]


@pytest.mark.parametrize("content_type", INERT)
def test_an_inert_type_is_shown(client: Client, content_type: str) -> None:
    client.put("a", b"x", Content_Type=content_type)

    assert disposition_of(client) == "inline"


@pytest.mark.parametrize("content_type", INERT)
def test_an_inert_type_is_saved_when_asked(client: Client, content_type: str) -> None:
    client.put("a", b"x", Content_Type=content_type)

    assert disposition_of(client, "?disposition=attachment") == "attachment"


@pytest.mark.parametrize("query", ["", "?disposition=inline", "?disposition=attachment"])
@pytest.mark.parametrize("content_type", NOT_INERT)
def test_any_other_type_is_always_saved(client: Client, content_type: str, query: str) -> None:
    client.put("a", b"x", Content_Type=content_type)

    assert disposition_of(client, query) == "attachment"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "query",
    [
        "disposition=save",
        "disposition=",
        "disposition=inline&disposition=inline",
        "redirect=1",
        "redirect=True",
        "download=1",
        "disposition=%ff",
        "disposition=%e",
    ],
)
def test_a_query_that_means_nothing_is_422(client: Client, method: str, query: str) -> None:
    client.put("a", b"x")

    assert client.request(method, f"{client.target('a')}?{query}").status == 422


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("plain.txt", "inline; filename=\"plain.txt\"; filename*=UTF-8''plain.txt"),
        ("folder/inner.txt", "inline; filename=\"inner.txt\"; filename*=UTF-8''inner.txt"),
        ('q"uote.txt', "inline; filename=\"q_uote.txt\"; filename*=UTF-8''q%22uote.txt"),
        ("ü 1.txt", "inline; filename=\"_ 1.txt\"; filename*=UTF-8''%C3%BC%201.txt"),
        ("100%41.txt", "inline; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
        ("a';*.txt", "inline; filename=\"a';*.txt\"; filename*=UTF-8''a%27%3B%2A.txt"),
    ],
)
def test_the_name_to_save_under_is_the_last_segment(client: Client, name: str, told: str) -> None:
    client.put(name, b"x", Content_Type="text/plain")

    assert client.get(name).headers["Content-Disposition"] == told


def test_the_date_is_in_the_form_of_http(client: Client) -> None:
    client.put("a", b"x")

    assert (client.get("a").headers["Last-Modified"] or "").endswith(" GMT")


def test_redirect_answers_307(client: Client) -> None:
    client.put("a", b"x")

    assert client.get("a", "?redirect=true").status == 307


def test_redirect_is_never_cached(client: Client) -> None:
    client.put("a", b"x")

    assert client.get("a", "?redirect=true").headers["Cache-Control"] == "no-store"


def test_redirect_false_is_the_file_itself(client: Client) -> None:
    client.put("a", b"x")

    assert client.get("a", "?redirect=false").body == b"x"


@pytest.mark.parametrize("name", ["a.bin", "ü b+c%26d?#.bin", "🦊/&=;.bin"])
def test_who_follows_the_redirect_gets_the_bytes(client: Client, service: Service, name: str) -> None:
    client.put(name, b"content")

    assert requests.get(f"{service.url}{client.target(name)}?redirect=true", timeout=20).content == b"content"


def test_s3_is_told_to_serve_the_stored_type(client: Client, service: Service) -> None:
    client.put("a.html", b"<p>", Content_Type="text/html; charset=utf-8")

    followed = requests.get(f"{service.url}{client.target('a.html')}?redirect=true", timeout=20)

    assert followed.headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("content_type", "query", "told"),
    [
        ("text/html", "", "attachment"),
        ("text/html", "&disposition=inline", "attachment"),
        ("image/png", "", "inline"),
        ("image/png", "&disposition=attachment", "attachment"),
    ],
)
def test_s3_is_told_the_disposition(
    client: Client, service: Service, content_type: str, query: str, told: str
) -> None:
    client.put("a", b"x", Content_Type=content_type)

    followed = requests.get(f"{service.url}{client.target('a')}?redirect=true{query}", timeout=20)

    assert followed.headers["Content-Disposition"].startswith(told)


def test_the_url_is_good_for_as_long_as_configured(client: Client) -> None:
    client.put("a", b"x")

    location = client.get("a", "?redirect=true").headers["Location"] or ""

    assert parse_qs(urlsplit(location).query)["X-Amz-Expires"] == ["300"]


def test_redirect_to_a_missing_file_is_404(client: Client) -> None:
    assert client.get("nothing", "?redirect=true").code == "file_not_found"


def test_redirect_reads_no_body_from_s3(watched: Client, storage: StorageProxy) -> None:
    watched.put("a", b"x")
    storage.forget_calls()

    watched.get("a", "?redirect=true")

    assert storage.operations == ["HeadObject"]
