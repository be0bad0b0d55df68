"""Page tokens: where a listing goes on, opaque to clients, and refused when they are not ours.

The check is a keyed hash under a public key: it finds what was altered or made up, on any instance and without a
secret to share. A token grants nothing: whoever uses it still lists only what the credential may see.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass

from files_api.domain.errors import InvalidPageToken

_KEY = b"files-api page token v1"
_CHECK_BYTES = 12


@dataclass(frozen=True, slots=True)
class Page:
    """What a token carries: the listing, and S3's own word for where it goes on."""

    directory: str
    recursive: bool
    continuation: str


def _check_of(content: bytes, realm: str) -> bytes:
    return hashlib.blake2b(content, digest_size=_CHECK_BYTES, key=_KEY, person=_person(realm)).digest()


def _person(realm: str) -> bytes:
    # A token of another bucket's service, or of a caller with another root, is not one of ours.
    return hashlib.blake2b(realm.encode(), digest_size=16).digest()


def write_page_token(page: Page, realm: str) -> str:
    """Make the token of the next page."""
    content = json.dumps([page.directory, page.recursive, page.continuation], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_check_of(content, realm) + content).decode().rstrip("=")


def read_page_token(token: str, realm: str) -> Page:
    """Take a token apart.

    Raises:
        InvalidPageToken: It is not one of ours, or was altered.
    """
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidPageToken from error
    content = raw[_CHECK_BYTES:]
    # The spelling is compared, too: base64 has several for one value, and an altered token is to be refused.
    if _check_of(content, realm) != raw[:_CHECK_BYTES]:
        raise InvalidPageToken
    directory, recursive, continuation = json.loads(content)
    page = Page(directory, recursive, continuation)
    if write_page_token(page, realm) != token:
        raise InvalidPageToken
    return page
