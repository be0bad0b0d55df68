"""The documentation page, used as a person would: in a browser, with a file from the disk."""

from __future__ import annotations

import http.client
import re
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator
    from tests.browser.conftest import Watched
    from tests.integration.stack import Service

_CONTENT = b"A report\xff\x00 that is no text.\n"


class Operation:
    """One operation of the page, opened."""

    def __init__(self, watched: Watched, tag: str, operation_id: str) -> None:
        self.block = watched.page.locator(f"#operations-{tag}-{operation_id}")
        self.block.locator(".opblock-summary-control").click()
        self.block.get_by_role("button", name="Execute").wait_for()

    def fill(self, parameter: str, value: str) -> None:
        row = self.block.locator(f'tr[data-param-name="{parameter}"]')
        row.locator("input").fill(value)

    def choose(self, parameter: str, value: str) -> None:
        row = self.block.locator(f'tr[data-param-name="{parameter}"]')
        row.locator("select").select_option(value)

    def execute(self) -> None:
        self.block.get_by_role("button", name="Execute").click()
        self.answer.wait_for()

    @property
    def answer(self) -> Locator:
        return self.block.locator(".live-responses-table tr.response")

    @property
    def status(self) -> Locator:
        return self.answer.locator(".response-col_status")

    @property
    def body(self) -> Locator:
        return self.answer.locator(".highlight-code").first

    @property
    def url(self) -> Locator:
        return self.block.locator(".request-url pre")

    @property
    def curl(self) -> str:
        return self.block.locator(".curl-command pre").inner_text()


def _get(
    service: Service, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(*service.address, timeout=10)
    connection.request(
        method, path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.fixture
def name() -> str:
    """A path with a slash, which Swagger UI would percent-encode."""
    return f"reports-{uuid.uuid4().hex}/q3.txt"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "q3.txt"
    path.write_bytes(_CONTENT)
    return path


def _upload(watched: Watched, name: str, file: Path, content_type: str | None = None) -> Operation:
    put = Operation(watched, "files", "putFile")
    if content_type is not None:
        put.block.locator(".opblock-section-request-body select.content-type").select_option(content_type)
    put.fill("file_path", name)
    put.block.locator("input[type=file]").set_input_files(file)
    put.execute()
    return put


def test_the_page_shows_the_title_and_all_operations(watched: Watched) -> None:
    expect(watched.page).to_have_title("Files API")
    expect(watched.page.locator(".opblock")).to_have_count(10)


@pytest.mark.parametrize("content_type", ["application/octet-stream", "multipart/form-data"])
def test_a_file_from_the_disk_is_uploaded(
    watched: Watched, service: Service, name: str, file: Path, content_type: str
) -> None:
    put = _upload(watched, name, file, content_type)

    expect(put.status).to_contain_text("201")
    expect(put.body).to_contain_text(f"New file uploaded at path: {name}")
    assert _get(service, f"/v1/files/{name}")[1] == _CONTENT


def test_the_url_and_the_curl_line_that_are_shown_have_the_slash_as_it_is(
    watched: Watched, service: Service, name: str, file: Path
) -> None:
    put = _upload(watched, name, file)

    expect(put.url).to_have_text(f"{service.url}/v1/files/{name}")
    assert f"{service.url}/v1/files/{name}" in put.curl
    assert "%2F" not in put.curl


def test_the_curl_line_that_is_shown_works_in_a_shell(
    watched: Watched, service: Service, name: str, file: Path
) -> None:
    put = _upload(watched, name, file)
    file.write_bytes(b"changed")

    subprocess.run(["sh", "-c", put.curl], cwd=file.parent, check=True, capture_output=True)

    assert _get(service, f"/v1/files/{name}")[1] == b"changed"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("50% of a+b/ä #1?.txt", "50%25%20of%20a%2Bb/%C3%A4%20%231%3F.txt"),
        ("a%2Fb.txt", "a%252Fb.txt"),
    ],
)
def test_any_name_is_the_name_that_was_typed(
    watched: Watched, service: Service, file: Path, typed: str, sent: str
) -> None:
    folder = f"reports-{uuid.uuid4().hex}"

    put = _upload(watched, f"{folder}/{typed}", file)

    expect(put.body).to_contain_text(f"New file uploaded at path: {folder}/{typed}")
    assert _get(service, f"/v1/files/{folder}/{sent}")[1] == _CONTENT


def test_dots_that_a_browser_would_resolve_are_refused_by_the_page(
    watched: Watched, name: str, file: Path
) -> None:
    put = Operation(watched, "files", "putFile")
    put.fill("file_path", f"{name}/../other.txt")
    put.block.locator("input[type=file]").set_input_files(file)

    put.block.get_by_role("button", name="Execute").click()

    expect(put.block.locator('tr[data-param-name="file_path"] input')).to_have_class(re.compile("invalid"))
    expect(put.answer).to_have_count(0)


def test_a_refused_request_shows_its_problem(watched: Watched, name: str) -> None:
    get = Operation(watched, "files", "getFile")
    get.fill("file_path", name)
    get.execute()

    expect(get.status).to_contain_text("404")
    expect(get.body).to_contain_text(f"File not found: {name}")
    watched.expect_refusal(404)


def test_the_type_that_the_browser_knows_is_kept(
    watched: Watched, service: Service, name: str, file: Path
) -> None:
    _upload(watched, name, file)

    assert _get(service, f"/v1/files/{name}", "HEAD")[0].headers["Content-Type"] == "text/plain"


def test_files_are_listed(watched: Watched, name: str, file: Path) -> None:
    _upload(watched, name, file)

    listing = Operation(watched, "listing", "listFiles")
    listing.fill("directory", name.partition("/")[0])
    listing.execute()

    expect(listing.status).to_contain_text("200")
    expect(listing.body).to_contain_text(f'"file_path": "{name}"')


def test_a_file_is_downloaded(watched: Watched, name: str, file: Path) -> None:
    file.write_bytes(b"A report in words.\n")
    _upload(watched, name, file)

    get = Operation(watched, "files", "getFile")
    get.fill("file_path", name)
    get.execute()

    expect(get.status).to_contain_text("200")
    expect(get.body).to_contain_text("A report in words.")


def test_what_cannot_be_shown_is_offered_for_saving(
    watched: Watched, name: str, file: Path, tmp_path: Path
) -> None:
    name = f"{name}.bin"
    _upload(watched, name, file.rename(tmp_path / "q3.bin"))

    get = Operation(watched, "files", "getFile")
    get.fill("file_path", name)
    get.execute()
    with watched.page.expect_download() as download:
        get.answer.get_by_text(re.compile("Download file")).click()
    download.value.save_as(tmp_path / "saved")

    assert (tmp_path / "saved").read_bytes() == _CONTENT


def test_a_file_is_deleted(watched: Watched, service: Service, name: str, file: Path) -> None:
    _upload(watched, name, file)

    delete = Operation(watched, "files", "deleteFile")
    delete.fill("file_path", name)
    delete.execute()

    expect(delete.status).to_contain_text("204")
    assert _get(service, f"/v1/files/{name}")[0].status == 404


@pytest.mark.parametrize(
    ("example", "ending", "begins_with"),
    [("text", ".txt", b""), ("image", ".png", b"\x89PNG"), ("speech", ".mp3", b"")],
)
def test_a_file_of_each_kind_is_generated(
    watched: Watched, service: Service, example: str, ending: str, begins_with: bytes
) -> None:
    path = f"generated-{uuid.uuid4().hex}/made{ending}"
    generate = Operation(watched, "generations", "generateFile")
    generate.block.locator(".opblock-section-request-body .examples-select select").select_option(example)
    body = generate.block.locator("textarea")
    body.fill(re.sub(r'"file_path": "[^"]*"', f'"file_path": "{path}"', body.input_value()))
    generate.execute()

    expect(generate.status).to_contain_text("201")
    expect(generate.body).to_contain_text(f"file generated and uploaded at path: {path}")
    content = _get(service, f"/v1/files/{path}")[1]
    assert content
    assert content.startswith(begins_with)


@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        ("/", "no-cache"),
        ("/openapi.json", "no-cache"),
        ("/docs/start.js", "no-cache"),
        ("/docs/page.css", "no-cache"),
        ("/docs/assets/swagger-ui-bundle.js", "max-age=3600"),
        ("/docs/assets/swagger-ui.css", "max-age=3600"),
        ("/docs/assets/favicon-32x32.png", "max-age=3600"),
    ],
)
def test_what_the_page_is_made_of_is_cached_and_asked_for_again_by_its_etag(
    service: Service, path: str, cache_control: str
) -> None:
    got, body = _get(service, path)
    head, no_body = _get(service, path, "HEAD")
    again, nothing = _get(service, path, If_None_Match=got.headers["ETag"])

    assert got.status == head.status == 200
    assert cache_control in got.headers["Cache-Control"]
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Content-Length"] == str(len(body))
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert again.status == 304
    assert no_body == nothing == b""


def test_no_other_asset_is_served(service: Service) -> None:
    for name in ("oauth2-redirect.html", "..%2F__init__.py", "nothing.js"):
        assert _get(service, f"/docs/assets/{name}")[0].status == 404
