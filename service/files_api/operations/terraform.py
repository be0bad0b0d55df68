"""Runs Terraform in the foreground, as if one had typed it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from files_api.operations.errors import NotReadyError, OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from types import FrameType

#: Native locking of states in S3 came with 1.10; the modules say `~> 1.11`.
OLDEST = (1, 11)
#: Of `plan -detailed-exitcode`: it went well, and there is something to change.
CHANGES = 2


class Terraform:
    """Terraform in one folder.

    Args:
        folder: Where the configuration is.
        backend: How its state is reached: arguments of `-backend-config`; empty for a local state.
    """

    def __init__(self, folder: Path, backend: Mapping[str, str]) -> None:
        self._folder = folder
        self._backend = dict(backend)

    @property
    def folder(self) -> Path:
        """Where the configuration is."""
        return self._folder

    def init(self, *arguments: str) -> None:
        """Prepare the folder: providers, modules, and where the state is.

        Raises:
            OperationError: Terraform has failed; it has said why.
        """
        settings = [f"-backend-config={name}={value}" for name, value in self._backend.items()]
        # Which state it is follows from the environment's name; what the folder remembers does not count.
        how = [] if "-migrate-state" in arguments else ["-reconfigure"]
        self._must("init", "-input=false", *how, *settings, *arguments)

    def init_once(self) -> None:
        """Prepare the folder where it is not prepared for this very state.

        Raises:
            OperationError: As for `init`.
        """
        if not self._is_prepared():
            self.init()

    def run(self, *arguments: str) -> int:
        """Run a command with the terminal as it is; the exit status."""
        return run_in_foreground(["terraform", f"-chdir={self._folder}", *arguments])

    def plan(self, out: Path, *arguments: str) -> bool:
        """Write a plan to a file; whether there is anything in it.

        Raises:
            OperationError: Terraform has failed.
        """
        status = self.run("plan", "-input=false", "-detailed-exitcode", f"-out={out.resolve()}", *arguments)
        if status not in (0, CHANGES):
            raise OperationError(f"terraform plan failed with status {status}.")
        return status == CHANGES

    def apply(self, *arguments: str) -> None:
        """Apply; a plan, where one is named last. Terraform asks whether it may, unless it is told that it may.

        Raises:
            OperationError: Terraform has failed.
        """
        self._must("apply", *arguments)

    def outputs(self) -> Mapping[str, Any]:
        """Read the outputs, by name.

        Raises:
            OperationError: The state cannot be read.
        """
        return {
            name: output.get("value") for name, output in json.loads(self._read("output", "-json")).items()
        }

    def _must(self, command: str, *arguments: str) -> None:
        status = self.run(command, *arguments)
        if status != 0:
            raise OperationError(f"terraform {command} failed with status {status}.")

    def _read(self, *arguments: str) -> str:
        command = ["terraform", f"-chdir={self._folder}", *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise OperationError(f"terraform {arguments[0]} failed with status {done.returncode}.")
        return done.stdout

    def _is_prepared(self) -> bool:
        # Where Terraform itself remembers it; it is only looked at, and when in doubt `init` is run.
        remembered = self._folder / os.environ.get("TF_DATA_DIR", ".terraform") / "terraform.tfstate"
        try:
            backend = json.loads(remembered.read_text(encoding="utf-8"))["backend"]["config"]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return all(_as_text(backend.get(name)) == value for name, value in self._backend.items())


def s3_backend(bucket: str, key: str, region: str) -> dict[str, str]:
    """Say where a state is, for `-backend-config`."""
    return {"bucket": bucket, "key": key, "region": region, "use_lockfile": "true"}


def version() -> str:
    """Ask which version it is.

    Raises:
        NotReadyError: There is no Terraform, or one that is too old or too new.
    """
    try:
        done = subprocess.run(
            ["terraform", "version", "-json"],  # noqa: S607  # the operator's own, wherever it is installed
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
    except OSError as error:
        raise NotReadyError("terraform is not installed, or not in PATH; 1.11 or newer is needed.") from error
    try:
        found = str(json.loads(done.stdout)["terraform_version"])
        major, minor = (int(part) for part in found.split(".")[:2])
    except (ValueError, KeyError, TypeError) as error:
        raise NotReadyError("terraform does not tell its version; 1.11 or newer is needed.") from error
    if not OLDEST <= (major, minor) < (2, 0):
        raise NotReadyError(f"terraform is {found}, and 1.11 or newer (but not 2) is needed.")
    return found


def run_in_foreground(command: list[str], folder: Path | None = None) -> int:
    """Run a program with this terminal, in a folder or where one is, and pass signals on to it; the exit status.

    Terraform gives back its lock and writes its state when it is asked to end once; asked twice it just ends. So it
    must hear of a signal exactly once.

    Raises:
        OperationError: The program was ended by a signal.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    process = subprocess.Popen(command, cwd=folder)  # noqa: S603
    with _passing_signals_on(process):
        status = process.wait()
    if status < 0:
        raise OperationError(f"{command[0]} was ended by {signal.Signals(-status).name}.")
    return status


@contextmanager
def _passing_signals_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        # Ctrl-C reaches every program of the terminal's foreground by itself.
        if number != signal.SIGINT or not _is_in_foreground():
            process.send_signal(number)

    # Handlers and not SIG_IGN, which the program would inherit.
    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
