"""Files on their way into the bucket (`adapters.s3.uploads`), from sources that behave oddly."""

from __future__ import annotations

from unittest.mock import Mock, create_autospec

import pytest

from files_api.adapters.s3.calls import S3Calls
from files_api.adapters.s3.client import S3Access
from files_api.adapters.s3.uploads import Uploader
from files_api.domain.content import IncomingContent
from files_api.domain.models import FileAttributes, WriteCondition

KIBIBYTE = 1024
FIRST_ROOM = 256 * KIBIBYTE


class Clinging:
    """A source that holds on to each view that it was lent, as the frames of an error may."""

    def __init__(self, content: bytes) -> None:
        self._left = memoryview(content)
        self._lent: list[memoryview] = []

    def readinto(self, room: memoryview) -> int:
        self._lent.append(room[:])
        piece, self._left = self._left[: len(room)], self._left[len(room) :]
        room[: len(piece)] = piece
        return len(piece)


@pytest.fixture
def calls() -> Mock:
    calls = create_autospec(S3Calls, instance=True)
    calls.put_object.return_value = {"etag": '"e"'}
    return calls  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "size",
    [0, 1, FIRST_ROOM - 1, FIRST_ROOM, FIRST_ROOM + 1, 5 * FIRST_ROOM],
    ids=lambda size: f"{size} bytes",
)
@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "not declared"])
def test_a_file_is_stored_whole_though_its_source_clings_to_the_room(
    calls: Mock, size: int, is_declared: bool
) -> None:
    access = Mock(spec=S3Access, calls=calls, client=Mock(), patient_client=Mock())
    uploader = Uploader(access, "files", part_size_bytes=8 * FIRST_ROOM, max_file_bytes=8 * FIRST_ROOM)
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    content = IncomingContent(
        Clinging(body), max_bytes=8 * FIRST_ROOM, declared_bytes=size if is_declared else None
    )

    uploader.put("key", content, FileAttributes(content_type="text/plain"), WriteCondition())

    assert bytes(calls.put_object.call_args.args[1]) == body
