"""The ways in which the stand-in can be told to fail, and what it remembers of its callers."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

#: What each mode does to the next calls of /v1, by its name in `POST /_standin/mode`.
MODES = {
    "ok": "answers",
    "rate_limited": "429, with Retry-After when `retry_after` is set",
    "overloaded": "503, likewise",
    "server_error": "500, likewise",
    "content_policy": "400, the prompt is against the rules",
    "refusal": "text: the model refuses in its answer; else as content_policy",
    "incomplete": "text: cut off at max_output_tokens",
    "hang": "takes the request and never answers",
    "dribble": "sends the head of an answer byte by byte and never ends",
    "disconnect": "closes the connection without an answer",
    "drop": "closes the connection in the middle of the body",
    "truncated_json": "ends the body in the middle, with a Content-Length that fits",
    "huge": "sends a body that does not end before 2 GiB",
    "url": "images: a url in the place of b64_json",
    "bad_base64": "images: b64_json that is no base64",
    "bad_bytes": "images and speech: bytes of another format",
    "empty": "an answer without a file in it",
    "redirect": "302 to a page of the stand-in",
}
#: Always answered with 401, so that one can try what a wrong key does.
ALWAYS_REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to fail; `times` calls from now on, None for all. `retry_after` is seconds, or an HTTP date."""

    mode: str = "ok"
    times: int | None = None
    retry_after: int | str | None = None


@dataclass(slots=True)
class Recorder:
    """What the stand-in is told and what it has seen; shared by the threads of its connections."""

    initially_revoked: tuple[str, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _fault: Fault = field(default=Fault())
    _revoked: frozenset[str] = frozenset()
    _calls: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin as after a reset."""
        self.reset()

    def reset(self) -> None:
        """Forget everything and answer as usual."""
        with self._lock:
            self._fault = Fault()
            self._revoked = frozenset({ALWAYS_REVOKED, *self.initially_revoked})
            self._calls.clear()

    def set_fault(self, fault: Fault) -> None:
        """Fail in this way from now on."""
        with self._lock:
            self._fault = fault

    def revoke(self, keys: list[str]) -> None:
        """Answer 401 to exactly these keys, and to `revoked`."""
        with self._lock:
            self._revoked = frozenset({ALWAYS_REVOKED, *keys})

    def is_revoked(self, key: str) -> bool:
        """Tell whether a key is answered with 401."""
        with self._lock:
            return key in self._revoked

    def next_fault(self) -> Fault:
        """Tell how the call that is being made fails, and count it."""
        with self._lock:
            fault = self._fault
            if fault.times is not None:
                left = fault.times - 1
                self._fault = replace(fault, times=left) if left > 0 else Fault()
            return fault

    def record(self, call: dict[str, Any]) -> None:
        """Remember a call."""
        with self._lock:
            self._calls.append(call)

    def calls(self) -> list[dict[str, Any]]:
        """Tell all calls, the oldest first."""
        with self._lock:
            return list(self._calls)
