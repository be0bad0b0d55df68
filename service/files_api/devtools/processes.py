"""Child processes that are started one after the other, watched, and stopped in reverse."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Self

from files_api.devtools.tether import tethered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_TAIL_BYTES = 4096


class ChildError(Exception):
    """A child process has ended, or did not start. The text is for a person."""


@dataclass(slots=True)
class Child:
    """One running child.

    Attributes:
        name: What a person calls it.
        stop_seconds: How long it may take to end after SIGTERM.
        process: The process.
        log: What it writes to stderr, shown when it ends by itself; None when that goes to the terminal.
        ended: Done with the exit status when the process has ended.
    """

    name: str
    stop_seconds: float
    process: asyncio.subprocess.Process
    log: IO[bytes] | None
    ended: asyncio.Task[int]
    _drain: asyncio.Task[None] | None = field(default=None)

    async def first_line(self, timeout_seconds: float) -> str:
        """Wait for the first line on its stdout; the others are dropped. Only for children that were started quietly.

        Raises:
            ChildError: It ended, or said nothing in time.
        """
        output = self.process.stdout
        if output is None:
            raise ValueError(f"The {self.name} writes to the terminal.")
        try:
            line = await asyncio.wait_for(output.readline(), timeout_seconds)
        except TimeoutError as error:
            raise ChildError(f"The {self.name} did not start within {timeout_seconds:g} seconds.") from error
        if not line:
            await self.ended
            raise ChildError(self.obituary())
        # Read on: with the pipe full it would stand still.
        self._drain = asyncio.create_task(_drain(output))
        return line.decode().strip()

    def obituary(self) -> str:
        """Tell how it ended, with the last of what it wrote."""
        status = self.process.returncode
        how = (
            f"was ended by {signal.Signals(-status).name}"
            if status is not None and status < 0
            else f"ended with status {status}"
        )
        return f"The {self.name} {how}.{self._last_words()}"

    async def close(self) -> None:
        """Put away what was kept of it, after its end."""
        if self._drain is not None:
            await self._drain
        if self.log is not None:
            self.log.close()

    def _last_words(self) -> str:
        if self.log is None:
            return ""
        self.log.seek(max(0, self.log.seek(0, os.SEEK_END) - _TAIL_BYTES))
        words = self.log.read().decode(errors="replace").strip()
        return f" Its last words:\n{words}" if words else ""


class Children:
    """The children of this process. Leaving the context stops all of them, the last one first.

    Each is in a session of its own, so that the Ctrl-C of a terminal reaches this process alone, which then decides the
    order; and each is tethered, so that none outlives it.
    """

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._hurry = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._children:
            await self._stop(self._children.pop())

    def hurry(self) -> None:
        """Stop without further patience: whoever has not ended is killed."""
        self._hurry.set()

    async def start(
        self, name: str, command: list[str], environment: Mapping[str, str], *, stop_seconds: float = 5
    ) -> Child:
        """Start a child whose output goes where this process's own goes.

        Args:
            name: What a person calls it.
            command: The program and its arguments.
            environment: The whole environment.
            stop_seconds: How long it may take to end after SIGTERM, before it is killed.
        """
        return self._add(name, stop_seconds, await _spawn(command, environment))

    async def start_quietly(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        """Start a child that has one line to tell on stdout, and whose stderr only matters when it fails.

        Args:
            name: What a person calls it.
            command: The program and its arguments.
            environment: The whole environment.
        """
        # No name in the file system: nothing to clean up, whatever happens.
        log = tempfile.TemporaryFile()  # noqa: SIM115 - close() is up to the child that has it
        return self._add(name, 5, await _spawn(command, environment, log), log)

    async def first_death(self) -> ChildError:
        """Wait until a child ends, which none should by itself."""
        await asyncio.wait([child.ended for child in self._children], return_when=asyncio.FIRST_COMPLETED)
        return ChildError(next(child for child in self._children if child.ended.done()).obituary())

    def _add(
        self,
        name: str,
        stop_seconds: float,
        process: asyncio.subprocess.Process,
        log: IO[bytes] | None = None,
    ) -> Child:
        child = Child(name, stop_seconds, process, log, asyncio.create_task(process.wait()))
        self._children.append(child)
        return child

    async def _stop(self, child: Child) -> None:
        if not child.ended.done():
            child.process.terminate()
            hurry = asyncio.create_task(self._hurry.wait())
            await asyncio.wait(
                [child.ended, hurry], timeout=child.stop_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            hurry.cancel()
        _kill_group(child.process.pid)
        await child.ended
        await child.close()


async def _spawn(
    command: list[str], environment: Mapping[str, str], log: IO[bytes] | None = None
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *tethered(command),
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=None if log is None else asyncio.subprocess.PIPE,
        stderr=log,
        start_new_session=True,
    )


def _kill_group(leader: int) -> None:
    """Kill what is left of a session, be it the leader itself or what it started and left behind."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return  # the usual case: everyone has gone


async def _drain(output: asyncio.StreamReader) -> None:
    while await output.read(65536):
        pass
