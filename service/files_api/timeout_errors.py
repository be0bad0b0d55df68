"""Errors that gevent raises for a time that is over, without the frames they came through.

gevent throws one object and keeps it in a local variable of the frame that it is thrown in: from then on object,
traceback and frame hold each other, and with them every frame that called, and every buffer in one of those. Only the
garbage collector's last generation ends that, which may be minutes away: until then a client that was too slow once
keeps megabytes, and a buffer that was lent cannot be resized.
"""

from __future__ import annotations

from typing import TypeVar

_Error = TypeVar("_Error", bound=BaseException)


def without_frames(error: _Error) -> _Error:
    """Let go of the frames of an error that goes no further. The caller's own traceback tells where it was caught."""
    return error.with_traceback(None)
