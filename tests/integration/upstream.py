"""The stand-in for OpenAI in this process: a test sees each call as it comes, and can hold the answers back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from files_api.devtools.openai_standin.faults import Fault, Recorder
from files_api.devtools.openai_standin.server import OpenAiStandin

if TYPE_CHECKING:
    from collections.abc import Iterable

_MINUTE = 60.0


class _Recorder(Recorder):
    """Tells of calls as they come; a call waits here for its answer while the gate is closed."""

    def __init__(self) -> None:
        self.came = threading.Condition()
        self.gate = threading.Event()
        self.gate.set()
        super().__init__()

    def record(self, call: dict[str, Any]) -> None:
        with self.came:
            super().record(call)
            self.came.notify_all()

    def next_fault(self) -> Fault:
        self.gate.wait(_MINUTE)
        return super().next_fault()


class Upstream:
    """What the service takes for OpenAI, or for a server of one kind of files."""

    def __init__(self) -> None:
        self._server = OpenAiStandin()
        self._server.recorder = self._recorder = _Recorder()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return self._server.base_url

    @property
    def calls(self) -> list[dict[str, Any]]:
        return self._recorder.calls()

    def wait_for_calls(self, count: int, seconds: float = 10.0) -> None:
        """Wait until the service has asked so often."""
        with self._recorder.came:
            came = self._recorder.came.wait_for(lambda: len(self.calls) >= count, seconds)
        assert came, f"{count} calls were expected, {len(self.calls)} came"

    def fail(self, mode: str, *, times: int | None = None, retry_after: int | None = None) -> None:
        """Fail from now on, in one of the stand-in's modes."""
        self._recorder.set_fault(Fault(mode, times, retry_after))

    def revoke(self, keys: Iterable[str]) -> None:
        self._recorder.revoke(list(keys))

    def hold(self) -> None:
        """Take calls, and answer none before `release`."""
        self._recorder.gate.clear()

    def release(self) -> None:
        self._recorder.gate.set()

    def heal(self) -> None:
        """Answer as usual, and remember nothing."""
        self.release()
        self._recorder.reset()

    def stop(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.close()
        self._thread.join()
