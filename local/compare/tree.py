"""A process and all its descendants: what they have used together."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil

MB = 2**20


class Gone(RuntimeError):
    """The process has ended."""


class Tree:
    """The tree below a process that runs now."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)

    def cpu_seconds(self) -> float:
        """User and system time of all of them so far. Raises `Gone`."""
        return sum(_cpu_seconds(each) for each in self._processes())

    def peak_mb(self) -> float:
        """The most resident memory that each of them ever had, summed; what they share counts for each. Raises `Gone`.

        Where the system keeps no peak (macOS) it is the memory of this moment.
        """
        return sum(_peak_bytes(each) for each in self._processes()) / MB

    def _processes(self) -> list[psutil.Process]:
        try:
            if self._root.status() == psutil.STATUS_ZOMBIE:
                raise Gone("the process has ended")
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            raise Gone("the process has ended") from None


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        if sys.platform == "linux":
            # clock_getcpuclockid(3): in nanoseconds, where /proc/PID/stat counts hundredths of a second.
            return time.clock_gettime(~process.pid << 3 | 2)
        times = process.cpu_times()
        return times.user + times.system
    except (OSError, psutil.Error):
        return 0.0


def _peak_bytes(process: psutil.Process) -> int:
    try:
        if sys.platform == "linux":
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return int(process.memory_info().rss)
    except (OSError, psutil.Error):
        return 0
