"""What the kernel says a server cost: CPU time and memory of its whole process tree, and of nothing else.

The load client is never part of a tree, so its cost is charged to nobody.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil

# Written to /proc/PID/clear_refs, this makes the peak (VmHWM) start anew from the present size: proc(5).
_RESET_PEAK = "5"
# The lower bits of a clock id for "the CPU time of process PID": clock_getcpuclockid(3). It counts nanoseconds, and
# the threads that have ended too, where /proc/PID/stat counts in hundredths of a second.
_PROCESS_CPU = 2
# A server that uses less than this in one look of so many seconds has nothing left to do.
_IDLE_SHARE = 0.05
_LOOK_SECONDS = 0.02
_SETTLE_SECONDS = 3.0


def cpu_seconds(root: psutil.Process) -> float:
    """CPU time of a process, its descendants, and those of them that have ended, user and system, in seconds."""
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, OSError):  # it ended in between, and its parent has its time now
            total += time.clock_gettime((~process.pid << 3) | _PROCESS_CPU)
            times = process.cpu_times()
            total += times.children_user + times.children_system
    return total


def settled_cpu_seconds(root: psutil.Process) -> float:
    """The same, once the server has done what a client left behind that did not wait for the last answers."""
    used = cpu_seconds(root)
    end = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < end:
        # Nothing tells that a process has become idle; one can but look twice.
        time.sleep(_LOOK_SECONDS)
        before, used = used, cpu_seconds(root)
        if used - before < _LOOK_SECONDS * _IDLE_SHARE:
            break
    return used


def _status_bytes(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise LookupError(f"/proc/{pid}/status has no {field}")


def resident_bytes(pid: int) -> int:
    """The memory that a process has in RAM now."""
    return _status_bytes(pid, "VmRSS")


def peak_resident_bytes(pid: int) -> int:
    """The most memory that a process has had in RAM since `reset_peak`."""
    return _status_bytes(pid, "VmHWM")


def reset_peak(pid: int) -> None:
    """Forget the peak so far."""
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)


def open_descriptors(pid: int) -> int:
    """How many file descriptors a process has open: files, connections, pipes."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
