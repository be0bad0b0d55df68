"""The handler of the log's lines has no lock, and works so with what each Python's `logging` does."""

from __future__ import annotations

import io
import logging

from files_api.telemetry.logs import LineHandler


def test_a_line_is_written_though_nothing_is_locked() -> None:
    stream = io.StringIO()
    handler = LineHandler(stream)

    handler.handle(logging.LogRecord("test", logging.INFO, __file__, 1, "a line", None, None))
    handler.flush()

    assert stream.getvalue() == "a line\n"


def test_its_lock_is_one_for_either_way_of_taking_it() -> None:
    # Until Python 3.12 handlers call acquire() where there is a lock; since 3.13 they enter it without a look.
    handler = LineHandler(io.StringIO())

    handler.acquire()
    handler.release()
    assert handler.lock is not None
    with handler.lock:
        pass
