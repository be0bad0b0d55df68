"""The list of files (http-api.md, List)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import encoded

if TYPE_CHECKING:
    from tests.integration.client import Client
    from tests.integration.conftest import ClientOf
    from tests.integration.stack import Bucket, Stack

NAMES = ["a/b/1", "a/b/2", "a/bc", "a/c/d/3", "z"]
# In the order of their bytes, which is neither that of UTF-16 (Java, JavaScript) nor that of a dictionary.
ODD = ["!", "A", "Z/a", "a", "a b", "a!", "a/b", "aa", "z", "é", "\ue000", "\uffed", "🦊"]


@pytest.fixture
def tree(bucket: Bucket) -> None:
    for name in NAMES:
        bucket.put(name, b"12345")


def listing(client: Client, directory: str = "", **query: str | int) -> Any:
    answer = client.list(directory=f"{client.prefix}/{directory}", **query)
    assert answer.status == 200, answer.body
    return answer.json()


def names(client: Client, page: Any) -> list[str]:
    return [file["file_path"].removeprefix(f"{client.prefix}/") for file in page["files"]]


def directories(client: Client, page: Any) -> list[str]:
    return [name.removeprefix(f"{client.prefix}/") for name in page["directories"]]


def all_pages(client: Client, first: Any, **query: str | int) -> list[Any]:
    pages = [first]
    while token := pages[-1]["next_page_token"]:
        pages.append(client.list(page_token=token, **query).json())
    return pages


def test_a_listed_file_has_its_facts(client: Client) -> None:
    etag = client.put("a.txt", b"hello").etag

    (file,) = listing(client)["files"]

    assert {**file, "last_modified": None} == {
        "file_path": client.path("a.txt"),
        "size_bytes": 5,
        "last_modified": None,
        "etag": etag,
    }


def test_the_time_of_a_listed_file_is_rfc_3339_in_utc(client: Client) -> None:
    client.put("a.txt", b"hello")

    (file,) = listing(client)["files"]

    assert datetime.fromisoformat(file["last_modified"]).utcoffset() == timedelta(0)


def test_a_list_is_recursive_by_default(client: Client, tree: None) -> None:
    assert names(client, listing(client)) == NAMES


def test_a_recursive_list_has_no_directories(client: Client, tree: None) -> None:
    assert listing(client, recursive="true")["directories"] == []


def test_a_list_of_one_level_has_its_files(client: Client, tree: None) -> None:
    assert names(client, listing(client, "a", recursive="false")) == ["a/bc"]


def test_a_list_of_one_level_has_full_paths_of_directories(client: Client, tree: None) -> None:
    assert directories(client, listing(client, "a", recursive="false")) == ["a/b/", "a/c/"]


@pytest.mark.parametrize("directory", ["a/b", "a/b/"])
def test_a_directory_is_not_what_begins_alike(client: Client, tree: None, directory: str) -> None:
    assert names(client, listing(client, directory)) == ["a/b/1", "a/b/2"]


def test_a_file_is_not_in_the_directory_of_its_own_name(client: Client, tree: None) -> None:
    assert names(client, listing(client, "z")) == []


def test_a_directory_that_is_not_there_is_empty(client: Client) -> None:
    assert listing(client, "nothing") == {"files": [], "directories": [], "next_page_token": None}


def test_no_directory_is_the_whole_bucket(stack: Stack, client_of: ClientOf) -> None:
    stack.storage.client.create_bucket(Bucket="whole-bucket")
    client = client_of(stack.service(FILES_API_BUCKET="whole-bucket"))
    stack.storage.client.put_object(Bucket="whole-bucket", Key="x/y", Body=b"")

    assert [file["file_path"] for file in client.list().json()["files"]] == ["x/y"]


def test_the_order_is_that_of_utf_8_bytes(client: Client, bucket: Bucket) -> None:
    for name in reversed(ODD):
        bucket.put(name, b"")

    assert names(client, listing(client)) == ODD


@pytest.mark.parametrize("page_size", [1, 2, 3, 7, 100])
def test_pages_together_are_the_list(client: Client, bucket: Bucket, page_size: int) -> None:
    for name in ODD:
        bucket.put(name, b"")

    pages = all_pages(client, listing(client, page_size=page_size), page_size=page_size)

    assert [name for page in pages for name in names(client, page)] == ODD


def test_a_page_has_as_many_entries_as_asked_for_directories_included(client: Client, tree: None) -> None:
    pages = all_pages(client, listing(client, "a", recursive="false", page_size=1), page_size=1)

    assert [names(client, page) + directories(client, page) for page in pages if any(page.values())] == [
        ["a/b/"],
        ["a/bc"],
        ["a/c/"],
    ]


def test_the_last_page_has_no_token(client: Client, tree: None) -> None:
    assert listing(client, page_size=5)["next_page_token"] is None


def test_a_token_goes_on_without_recursive(client: Client, tree: None) -> None:
    token = listing(client, "a", recursive="false", page_size=1)["next_page_token"]

    assert names(client, client.list(page_token=token).json()) == ["a/bc"]


@pytest.mark.parametrize("recursive", ["true", "false"])
def test_a_token_may_be_given_with_what_it_carries(client: Client, tree: None, recursive: str) -> None:
    token = listing(client, "a", recursive=recursive, page_size=1)["next_page_token"]

    assert client.list(page_token=token, recursive=recursive).status == 200


def test_a_token_contradicted_by_recursive_is_422(client: Client, tree: None) -> None:
    token = listing(client, "a", recursive="false", page_size=1)["next_page_token"]

    assert client.list(page_token=token, recursive="true").status == 422


@pytest.mark.parametrize("directory", ["a", ""])
def test_token_and_directory_are_mutually_exclusive(client: Client, tree: None, directory: str) -> None:
    token = listing(client, page_size=1)["next_page_token"]

    answer = client.list(page_token=token, directory=directory)

    assert (answer.status, "mutually exclusive" in answer.json()["detail"]) == (422, True)


def test_directory_and_token_exclude_each_other_whatever_the_token_is(client: Client) -> None:
    answer = client.list(page_token="nonsense", directory="a")

    assert "mutually exclusive" in answer.json()["detail"]


def test_a_token_that_was_altered_anywhere_is_422(client: Client, tree: None) -> None:
    token = listing(client, page_size=1)["next_page_token"]
    altered = [
        token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(0, len(token), 7)
    ]

    assert {client.list(page_token=each).status for each in altered} == {422}


@pytest.mark.parametrize(
    "alter",
    [lambda t: t[:-1], lambda t: t + "A", lambda t: t + "=", lambda t: f" {t}", lambda t: t.swapcase()],
)
def test_a_token_with_something_more_or_less_is_422(client: Client, tree: None, alter: Any) -> None:
    token = listing(client, page_size=1)["next_page_token"]

    assert client.list(page_token=alter(token)).status == 422


@pytest.mark.parametrize(
    "token",
    ["", "x", "nonsense", "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=", "ü🦊", "AAAA" * 500, "e30="],
)
def test_a_token_that_is_none_of_ours_is_422(client: Client, token: str) -> None:
    answer = client.request("GET", f"/v1/files?page_token={encoded(token)}")

    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "page_token")


def test_a_token_of_another_bucket_is_422(
    client: Client, tree: None, stack: Stack, client_of: ClientOf
) -> None:
    token = listing(client, page_size=1)["next_page_token"]

    other = client_of(stack.service(FILES_API_BUCKET="versioned"))

    assert other.list(page_token=token).status == 422


@pytest.mark.parametrize(
    "query",
    [
        "page_size=0",
        "page_size=1001",
        "page_size=-1",
        "page_size=ten",
        "page_size=1.0",
        "page_size=",
        "page_size=%D9%A3",
        "page_size=1_0",
        "page_size=+1",
        "page_size=99999999999999999999999",
        "recursive=yes",
        "recursive=1",
        "recursive=",
        "directory=a&directory=b",
        "prefix=a",
        "directory=%ff",
        "directory=%2",
        "directory=../a",
    ],
)
def test_a_query_that_means_nothing_is_422(client: Client, query: str) -> None:
    answer = client.request("GET", f"/v1/files?{query}")

    assert (answer.status, answer.code) == (422, "validation_error")


@pytest.mark.parametrize("page_size", [1, 1000])
def test_the_bounds_of_the_page_size_are_taken(client: Client, page_size: int) -> None:
    assert client.list(page_size=page_size).status == 200


@pytest.mark.parametrize("directory", ["a b", "a+b", "100%", "ü/🦊", "&=?#"])
def test_a_directory_with_an_odd_name_is_found(client: Client, directory: str) -> None:
    client.put(f"{directory}/x", b"")

    assert names(client, listing(client, directory)) == [f"{directory}/x"]


def test_what_other_programs_wrote_under_names_that_are_no_paths_is_left_out(
    client: Client, bucket: Bucket
) -> None:
    for name in ("folder/", "a\\b", "ok"):
        bucket.put(name, b"")

    assert names(client, listing(client)) == ["ok"]
