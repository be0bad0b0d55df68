"""What `make run` runs: a local S3, a stand-in for OpenAI, and the service as in production, until Ctrl-C.

Only the service's own port is chosen; the others are whatever is free. Exit status 0 after Ctrl-C or SIGTERM, 1 when
something could not start or ended by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import files_api
from files_api.devtools.local_environment import (
    BUCKET,
    StandIns,
    current_commit,
    service_environment,
    without_foreign_services,
)
from files_api.devtools.ports import check_free, is_ready, url_of
from files_api.devtools.processes import ChildError, Children
from files_api.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_READY_SECONDS = 60.0
_ASK_AGAIN_SECONDS = 0.1
# gunicorn's own time to put everything away, on top of what requests are given.
_STOP_MARGIN_SECONDS = 5.0
_COMMAND = ".venv/bin/files-api"


class RunError(Exception):
    """It cannot run. The text is one sentence for a person."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything until told to stop.

    Args:
        arguments: The command line; the process's own when None.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m files_api.devtools.run", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", default=8000, type=_port, help="the TCP port to listen on")
    options = parser.parse_args(arguments)
    refusal = check_free(options.host, options.port)
    if refusal is not None:
        sys.stderr.write(f"{refusal}\n")
        return 1
    try:
        asyncio.run(_run(options.host, options.port))
    except (RunError, ChildError, SettingsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def gunicorn_command() -> list[str]:
    """Give the command that serves, here as in production."""
    config = Path(files_api.__file__).parent / "gunicorn.conf.py"
    return [sys.executable, "-m", "gunicorn", "--config", str(config)]


async def _run(host: str, port: int) -> None:
    stop = asyncio.Event()
    async with Children() as children:
        _listen_to_signals(stop, children)
        stopped = asyncio.create_task(stop.wait())
        try:
            # Whatever comes first: everything is up, someone wants it to stop, or the start fails.
            starting = asyncio.create_task(_start(children, host, port))
            await asyncio.wait([starting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                starting.cancel()
                # What became of it no longer matters.
                await asyncio.gather(starting, return_exceptions=True)
                return
            _say(_welcome(url_of(host, port), starting.result()))
            died = asyncio.create_task(children.first_death())
            await asyncio.wait([died, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                raise died.result()
            died.cancel()
        finally:
            stopped.cancel()


async def _start(children: Children, host: str, port: int) -> FirstKey | None:
    quiet = without_foreign_services(os.environ)
    module = [sys.executable, "-m"]
    s3 = await children.start_quietly(
        "local S3", [*module, "files_api.devtools.local_s3", "--bucket", BUCKET], quiet
    )
    openai = await children.start_quietly(
        "stand-in for OpenAI", [*module, "files_api.devtools.openai_standin"], quiet
    )
    stand_ins = StandIns(
        *await asyncio.gather(s3.first_line(_READY_SECONDS), openai.first_line(_READY_SECONDS))
    )
    environment = service_environment(
        os.environ, host=host, port=port, stand_ins=stand_ins, commit=current_commit()
    )
    # Read here too: a wrong setting is told before anything else, and the time to stop is the service's own.
    settings = Settings.from_env(environment)
    first_key = await _make_first_key(environment) if "keys" in settings.access else None
    await children.start(
        "service",
        gunicorn_command(),
        environment,
        stop_seconds=settings.shutdown_grace_seconds + _STOP_MARGIN_SECONDS,
    )
    died = asyncio.create_task(children.first_death())
    try:
        await asyncio.wait_for(_until_ready(host, port, died), _READY_SECONDS)
    except TimeoutError as error:
        raise RunError(f"The service was not ready within {_READY_SECONDS:g} seconds.") from error
    finally:
        died.cancel()
    return first_key


@dataclass(frozen=True, slots=True)
class FirstKey:
    """A key that opens everything, and the environment in which more can be made."""

    text: str
    environment: Mapping[str, str]


async def _make_first_key(environment: Mapping[str, str]) -> FirstKey:
    """Make it with the command that an operator uses.

    Raises:
        RunError: That does not work.
    """
    command = ["keys", "create", "make-run", "--scope", "all", "--plan", "unlimited", "--json"]
    making = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "files_api.cli", *command),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    made, errors = await making.communicate()
    if making.returncode != 0:
        raise RunError(f"The first key could not be made: {errors.decode().strip()}")
    names = (
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "FILES_API_KEYS_TABLE",
    )
    return FirstKey(json.loads(made)["key"], {name: environment[name] for name in names})


async def _until_ready(host: str, port: int, died: asyncio.Task[ChildError]) -> None:
    while not await asyncio.to_thread(is_ready, host, port):
        await asyncio.wait([died], timeout=_ASK_AGAIN_SECONDS)
        if died.done():
            raise died.result()


def _listen_to_signals(stop: asyncio.Event, children: Children) -> None:
    loop = asyncio.get_running_loop()

    def ask_to_stop(*, with_a_word: bool) -> None:
        if stop.is_set():
            return
        stop.set()
        if with_a_word:
            _say("\nStopping. Ctrl-C again: at once.")

    def interrupt() -> None:
        if stop.is_set():
            children.hurry()
        ask_to_stop(with_a_word=True)

    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, lambda: ask_to_stop(with_a_word=True))
    # The terminal was closed: there is nobody to say a word to. nohup asks not to mind.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        loop.add_signal_handler(signal.SIGHUP, lambda: ask_to_stop(with_a_word=False))


def _welcome(url: str, first_key: FirstKey | None) -> str:
    credential = beginning = more = ""
    if first_key is not None:
        credential = ' -H "X-API-Key: $KEY"'
        beginning = f"  KEY={first_key.text}\n"
        settings = " ".join(f"{name}={value}" for name, value in first_key.environment.items())
        more = f"\nMore keys:\n\n  {settings} \\\n    {_COMMAND} keys create NAME --scope files:read\n"
    generate = '{"file_path": "poem.txt", "prompt": "A poem about files", "file_type": "Text"}'
    return f"""
The Files API runs. Its documentation, where every call can be tried: {url}/

{beginning}  echo 'Hello, files!' | curl{credential} -T - {url}/v1/files/hello.txt
  curl{credential} {url}/v1/files/hello.txt
  curl{credential} {url}/v1/files
  curl{credential} --json '{generate}' {url}/v1/files/generated
{more}
S3 and OpenAI are stand-ins on this machine, and what they keep is gone when it stops. Ctrl-C stops it.
"""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return port


if __name__ == "__main__":
    sys.exit(main())
