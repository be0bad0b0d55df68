"""What the kernel says a server cost: CPU time and memory of its whole process tree, and of nothing else.

The load client is never part of a tree, so its cost is charged to nobody.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

# Written to /proc/PID/clear_refs, this makes the peak (VmHWM) start anew from the present size: proc(5).
_RESET_PEAK = "5"


def cpu_seconds(root: psutil.Process) -> float:
    """CPU time of a process, its descendants, and those of them that have ended, user and system, in seconds."""
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it ended in between, and its parent has its time now
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


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
