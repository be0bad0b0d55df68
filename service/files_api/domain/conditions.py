"""Conditional requests: what a client wants to be true of the current file (RFC 9110 section 13).

Parsing happens in `web/`, evaluation here, the final decision about a write in S3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from files_api.domain.errors import PreconditionFailed
from files_api.domain.models import CREATE_ONLY, UNCONDITIONAL, FileInfo, WriteCondition

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class EntityTag:
    """One entity tag; `value` is with its quotes, without `W/`."""

    value: str
    weak: bool = False


@dataclass(frozen=True, slots=True)
class EntityTags:
    """The value of If-Match or If-None-Match: any file at all (`*`), or one of these."""

    tags: tuple[EntityTag, ...] = ()
    anything: bool = False

    def strongly_match(self, etag: str) -> bool:
        """Strong comparison (RFC 9110 section 8.8.3.2): a weak tag never matches."""
        return self.anything or any(tag.value == etag and not tag.weak for tag in self.tags)

    def weakly_match(self, etag: str) -> bool:
        """Weak comparison: `W/` does not count."""
        return self.anything or any(tag.value == etag for tag in self.tags)


def _not_after(info: FileInfo, moment: datetime) -> bool:
    # HTTP dates have whole seconds; S3 may tell more.
    return info.last_modified.replace(microsecond=0) <= moment


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The conditions of one request; None where a header is absent."""

    if_match: EntityTags | None = None
    if_unmodified_since: datetime | None = None
    if_none_match: EntityTags | None = None
    if_modified_since: datetime | None = None

    def __bool__(self) -> bool:
        """Whether there is any condition."""
        return any((self.if_match, self.if_unmodified_since, self.if_none_match, self.if_modified_since))

    def _check_match(self, info: FileInfo) -> None:
        if self.if_match is not None:
            if not self.if_match.strongly_match(info.etag):
                raise PreconditionFailed("The file is not the one that If-Match names.")
        elif self.if_unmodified_since is not None and not _not_after(info, self.if_unmodified_since):
            raise PreconditionFailed("The file was modified since the date of If-Unmodified-Since.")

    def is_not_modified(self, info: FileInfo) -> bool:
        """Evaluate the conditions of a GET or HEAD in the order of RFC 9110 section 13.2.2.

        Returns:
            True where the answer is 304: the client has this file already.

        Raises:
            PreconditionFailed: The client wants another file than this.
        """
        self._check_match(info)
        if self.if_none_match is not None:
            return self.if_none_match.weakly_match(info.etag)
        return self.if_modified_since is not None and _not_after(info, self.if_modified_since)

    def resolve_for_write(self, current: FileInfo | None) -> WriteCondition:
        """Evaluate the conditions of a PUT or DELETE against a look at the current file.

        Returns:
            What S3 has to find true when the write happens, so that nobody can come in between.

        Raises:
            PreconditionFailed: The conditions do not hold already now.
        """
        if current is None:
            if self.if_match is not None:
                raise PreconditionFailed("There is no file, and If-Match asks for one.")
            # "Nothing there" is what the remaining conditions were evaluated against: it must still be so.
            guarded = self.if_none_match is not None or self.if_unmodified_since is not None
            return CREATE_ONLY if guarded else UNCONDITIONAL
        self._check_match(current)
        if self.if_none_match is not None and self.if_none_match.weakly_match(current.etag):
            raise PreconditionFailed("There is such a file already, and If-None-Match asks for none.")
        if self.if_match or self.if_unmodified_since or self.if_none_match:
            return WriteCondition(if_match=current.etag)
        return UNCONDITIONAL


NO_PRECONDITIONS = Preconditions()


@dataclass(frozen=True, slots=True)
class IfRange:
    """The value of If-Range: an entity tag or a date (RFC 9110 section 13.1.5)."""

    tag: EntityTag | None = None
    date: datetime | None = None

    def holds(self, info: FileInfo) -> bool:
        """Whether the client's part is of this very file: strong comparison, or the exact date."""
        if self.tag is not None:
            return self.tag.value == info.etag and not self.tag.weak
        return self.date is not None and self.date == info.last_modified.replace(microsecond=0)
