"""The documentation page where it is closed: a browser asks for a key, and calls are tried with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error
from tests.browser.conftest import Watched
from tests.browser.test_docs_page import Operation
from tests.integration.keys import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from tests.integration.stack import Service, Stack

    from files_api.domain.key_management import NewKey


@pytest.fixture(scope="module")
def closed(stack: Stack) -> Service:
    return stack.service(FILES_API_ACCESS="keys", FILES_API_DOCS="closed")


@pytest.fixture(scope="module")
def key(stack: Stack) -> NewKey:
    return Desk(stack.storage).make(root="browser")


@pytest.fixture
def opened(browser: Browser, closed: Service, key: NewKey) -> Iterator[Watched]:
    """The page, opened with the key as the password that the browser asks for."""
    context = browser.new_context(http_credentials={"username": "anybody", "password": str(key.text)})
    on_page = Watched(context.new_page(), closed.url)
    on_page.watch()
    on_page.page.goto(closed.url)
    on_page.page.get_by_role("heading", name="Files API").wait_for()
    yield on_page
    context.close()


def test_without_a_key_the_browser_asks_for_one(browser: Browser, closed: Service) -> None:
    context = browser.new_context()

    # What Chromium says of a question that nobody is there to answer.
    with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):
        context.new_page().goto(closed.url)
    context.close()


def test_with_a_key_the_whole_page_is_there(opened: Watched) -> None:
    assert (opened.errors, opened.failed, opened.foreign) == ([], [], [])


def test_what_opened_the_page_opens_no_call(opened: Watched) -> None:
    listing = Operation(opened, "listing", "listFiles")
    listing.execute()

    # What a browser sends along by itself must not act for its user.
    listing.status.filter(has_text="401").wait_for()


@pytest.mark.parametrize("scheme", ["bearer", "apiKey"])
def test_a_call_is_tried_with_a_key_that_is_given_to_the_page(
    opened: Watched, key: NewKey, scheme: str
) -> None:
    page = opened.page
    page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".auth-container", has_text=scheme).first
    dialog.locator("input").fill(str(key.text))
    dialog.get_by_role("button", name="Apply credentials").click()
    page.get_by_role("button", name="Close").first.click()
    listing = Operation(opened, "listing", "listFiles")
    listing.execute()

    listing.status.filter(has_text="200").wait_for()
