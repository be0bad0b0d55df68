"""A browser, and pages in it that notice everything that goes wrong."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.integration.stack import Service, Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Watched:
    """A page, and what happened on it: errors on the console, and requests that failed or left the service."""

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda line: self.errors.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("requestfailed", lambda request: self.failed.append(f"{request.url}: {request.failure}"))

    def expect_refusal(self, status: int) -> None:
        """Chromium writes a refused request on the console: this one was meant."""
        (line,) = self.errors
        assert f"status of {status} " in line
        self.errors.clear()

    def _note(self, url: str) -> None:
        parts = urlsplit(url)
        # What the page makes itself (a downloaded file, an icon) never leaves the browser.
        if parts.scheme not in {"data", "blob"} and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.foreign.append(url)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    running = Stack()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def service(stack: Stack) -> Service:
    return stack.service()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail(
            "The browser tests need Chromium: `apt-get install chromium`, or your system's package of that name."
        )
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, headless=True, args=_FLAGS)
        yield running
        running.close()


@pytest.fixture
def watched(browser: Browser, service: Service) -> Iterator[Watched]:
    """The documentation page, loaded; in the end nothing may have gone wrong on it."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, accept_downloads=True)
    on_page = Watched(context.new_page(), service.url)
    on_page.watch()
    on_page.page.goto(service.url)
    on_page.page.get_by_role("heading", name="Files API").wait_for()
    yield on_page
    context.close()
    assert on_page.errors == []
    assert on_page.failed == []
    assert on_page.foreign == []
