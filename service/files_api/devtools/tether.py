"""Run a command that ends when its parent does, even when the parent was killed and could not see to it.

`python -m files_api.devtools.tether PARENT_PID COMMAND ARGUMENT…` asks the kernel for a SIGTERM at the parent's death,
and becomes the command. The request outlives the exec. It is a program of its own because a `preexec_fn` would run
Python between fork and exec, where threads that exist no more may hold locks.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1


def tethered(command: list[str]) -> list[str]:
    """Give the command that runs `command` for as long as this process lives."""
    return [sys.executable, "-m", "files_api.devtools.tether", str(os.getpid()), *command]


def main(arguments: list[str]) -> None:
    """Become the command, tied to the parent."""
    parent, *command = arguments
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        # A parent that died before the request was made sends no signal any more.
        if os.getppid() != int(parent):
            sys.exit("The process that this one was started for is gone.")
    os.execvp(command[0], command)  # noqa: S606 - becoming that command is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
