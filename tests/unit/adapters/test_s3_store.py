"""The bucket as the domain's ObjectStore (`adapters.s3.store`), where S3 answers oddly."""

from __future__ import annotations

from unittest.mock import Mock, create_autospec

import pytest

from files_api.adapters.s3.calls import ObjectAnswer, S3Body, S3Calls
from files_api.adapters.s3.store import S3Store
from files_api.domain.errors import StorageUnavailable

HEAD = {"etag": '"e"', "last-modified": "Tue, 24 Nov 2026 01:02:03 GMT", "content-length": "5"}


@pytest.fixture
def calls() -> Mock:
    return create_autospec(S3Calls, instance=True)  # type: ignore[no-any-return]


@pytest.fixture
def store(calls: Mock) -> S3Store:
    return S3Store(calls, Mock(), "files", Mock())


@pytest.mark.parametrize("missing", HEAD)
def test_an_object_of_which_too_little_is_told_is_given_up(store: S3Store, calls: Mock, missing: str) -> None:
    body = create_autospec(S3Body, instance=True)
    body.read.return_value = b"hello"
    headers = {name: value for name, value in HEAD.items() if name != missing}
    calls.get_object.return_value = ObjectAnswer(headers, body)

    with pytest.raises(StorageUnavailable):
        store.open("key")
    body.close.assert_called_once()


def test_a_head_without_a_length_is_none(store: S3Store, calls: Mock) -> None:
    calls.head_object.return_value = {"etag": HEAD["etag"], "last-modified": HEAD["last-modified"]}

    with pytest.raises(StorageUnavailable):
        store.head("key")
