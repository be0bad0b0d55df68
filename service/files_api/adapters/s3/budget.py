"""How long one request may wait for S3 altogether, retries and all.

Timeouts of a connection bound one silence; three tries of three calls with such timeouts can still keep a caller
waiting for minutes. The budget is what a request has for all its calls. Moving the bytes of a body is not counted:
that takes as long as the client and the file take.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import gevent

from files_api.domain.errors import StorageUnavailable
from files_api.timeout_errors import without_frames

if TYPE_CHECKING:
    from collections.abc import Iterator

_seconds_left: ContextVar[float | None] = ContextVar("s3_seconds_left", default=None)


def begin_request(seconds: float) -> None:
    """Give the request that begins in this context its seconds of waiting."""
    _seconds_left.set(seconds)


@contextmanager
def waiting_for_s3(seconds: float | None = None) -> Iterator[None]:
    """Count the time of a call to S3, and end it when the budget is used up.

    Args:
        seconds: A budget of its own, for calls that belong to the moving of a body; the request's when None.

    Raises:
        StorageUnavailable: The budget is used up.
    """
    left = _seconds_left.get() if seconds is None else seconds
    if left is None:
        yield
        return
    started = time.monotonic()
    # Works because gunicorn's gevent worker has patched the sockets; urllib3 closes the connection on the way out.
    timeout = gevent.Timeout(max(left, 0))
    timeout.start()
    try:
        yield
    except gevent.Timeout as error:
        if error is not timeout:
            raise
        raise StorageUnavailable("The storage did not answer in time.") from without_frames(error)
    finally:
        timeout.close()
        if seconds is None:
            _seconds_left.set(left - (time.monotonic() - started))
