"""A caller's root (`domain.rooted_store`): whatever is asked for, it is below it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.errors import FileNotFound, FilesApiError, InvalidFilePath
from files_api.domain.models import ListedFile, Listing
from files_api.domain.paths import Directory
from files_api.domain.rooted_store import RootedStore, most_path_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Directory("team-a/")
# What might lead out, in any order: the root's own name, its neighbour's, dots and slashes in all their spellings.
SEGMENTS = st.sampled_from(
    [
        "..",
        ".",
        "",
        "team-a",
        "team-ab",
        "team-b",
        "a",
        "%2e%2e",
        "%2F",
        "\\",
        "\x00",
        "..\\",
        "…",
        "\uff0e\uff0e",
        "~",
        "/",
    ]
)
PATHS = st.one_of(
    st.text(max_size=40),
    st.lists(SEGMENTS, max_size=8).map("/".join),
    st.lists(SEGMENTS, max_size=8).map("".join),
)


@dataclass
class EveryKey:
    """An ObjectStore in which every key is there; it remembers which were asked for."""

    keys: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    page: Listing = field(default_factory=lambda: Listing((), ()))

    def _note(self, key: str) -> Any:
        self.keys.append(key)

    def head(self, key: str, *, with_digest: bool = False) -> Any:
        return self._note(key)

    def open(self, key: str, **_: Any) -> Any:
        return self._note(key)

    def put(self, key: str, content: Any, attributes: Any, condition: Any) -> Any:
        return self._note(key)

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        self._note(key)

    def presign_get(self, key: str, **_: Any) -> Any:
        return self._note(key)

    def list(self, prefix: str, **_: Any) -> Listing:
        self.prefixes.append(prefix)
        return self.page

    def check(self) -> None:
        pass


def put(store: RootedStore, path: str) -> None:
    store.put(path, None, None, None)  # type: ignore[arg-type]


def presign(store: RootedStore, path: str) -> None:
    store.presign_get(path, content_type="a/b", content_disposition="inline", expires_in_seconds=1)


CALLS: dict[str, Callable[[RootedStore, str], object]] = {
    "head": RootedStore.head,
    "open": RootedStore.open,
    "put": put,
    "delete": RootedStore.delete,
    "presign": presign,
}


@pytest.mark.parametrize("call", CALLS)
@given(path=PATHS)
def test_no_path_leads_out(call: str, path: str) -> None:
    inner = EveryKey()
    with suppress(InvalidFilePath):
        CALLS[call](RootedStore(inner, ROOT), path)

    assert all(key.startswith(ROOT) and ".." not in key.split("/") for key in inner.keys)


@given(directory=PATHS)
def test_no_directory_leads_out(directory: str) -> None:
    inner = EveryKey()
    with suppress(InvalidFilePath):
        RootedStore(inner, ROOT).list(directory, recursive=True, page_size=1, continuation=None)

    assert all(prefix.startswith(ROOT) and ".." not in prefix.split("/") for prefix in inner.prefixes)


def test_a_path_is_a_key_below_the_root() -> None:
    inner = EveryKey()
    RootedStore(inner, ROOT).head("b/c")

    assert inner.keys == ["team-a/b/c"]


def test_a_list_of_everything_is_that_of_the_root_alone() -> None:
    inner = EveryKey()
    RootedStore(inner, ROOT).list("", recursive=True, page_size=1, continuation=None)

    # With its slash: the neighbour's `team-ab/` is not in it.
    assert inner.prefixes == ["team-a/"]


def test_what_is_listed_is_named_from_the_root_on() -> None:
    file = ListedFile("team-a/b/c", 1, datetime(2026, 1, 1, tzinfo=UTC), '"e"')
    inner = EveryKey(page=Listing((file,), ("team-a/b/",), "more"))
    page = RootedStore(inner, ROOT).list("", recursive=False, page_size=1, continuation=None)

    assert ([each.file_path for each in page.files], page.directories, page.continuation) == (
        ["b/c"],
        ("b/",),
        "more",
    )


def test_a_missing_file_is_named_from_the_root_on() -> None:
    class NoKey(EveryKey):
        def head(self, key: str, *, with_digest: bool = False) -> Any:
            raise FileNotFound(key)

    with pytest.raises(FileNotFound, match=r"^File not found: b$"):
        RootedStore(NoKey(), ROOT).head("b")


@pytest.mark.parametrize(("longer", "fits"), [(0, True), (1, False)])
def test_the_root_counts_in_the_length_of_a_key(longer: int, fits: bool) -> None:
    root = Directory("é" * 100 + "/")
    path = "x" * (most_path_bytes(root) + longer)
    inner = EveryKey()
    with suppress(FilesApiError):
        RootedStore(inner, root).head(path)

    assert [len(key.encode()) for key in inner.keys] == ([1024] if fits else [])
