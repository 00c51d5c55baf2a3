"""How much memory a process and its descendants needed."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import psutil

MB = 2**20


def peak_mb(pid: int) -> float:
    """Return the most resident memory that each of them ever had, summed: what they share counts for each. 0 for none.

    Where the system keeps no peak (macOS) it is the memory of this moment.
    """
    found = 0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, OSError):
                found += _peak(process)
    return found / MB


def _peak(process: psutil.Process) -> int:
    if sys.platform == "linux":
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return int(process.memory_info().rss)
