"""The CPU time of a server that runs on this machine."""

from __future__ import annotations

from contextlib import suppress

import psutil


def cpu_seconds(pid: int) -> float:
    """Return what a process, its children and those of theirs have used, in seconds; 0.0 where there is none.

    Children that have ended count as soon as they were waited for. The system counts in steps of 10 ms or so.
    """
    seconds = 0.0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
