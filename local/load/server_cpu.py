"""The CPU time of a server that runs on this machine."""

from __future__ import annotations

import sys
import time
from contextlib import suppress

import psutil


def cpu_seconds(pid: int) -> float:
    """Return what a process, its children and those of theirs have used, in seconds; 0.0 if there is no such process.

    Children that have ended count as soon as they were waited for, in steps of 10 ms or so; those that live are exact
    on Linux.
    """
    seconds = 0.0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, OSError):
                times = process.cpu_times()
                own = _exact_seconds(process.pid) if sys.platform == "linux" else times.user + times.system
                seconds += own + times.children_user + times.children_system
    return seconds


def _exact_seconds(pid: int) -> float:
    """Return the CPU clock of another process, in seconds; its id is made as C's `clock_getcpuclockid` makes it."""
    scheduler_clock = 2
    return time.clock_gettime(~pid << 3 | scheduler_clock)
