"""Processes that hang: stopped with their connections open."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil

STOP_SECONDS = 5.0


def pause(pid: int) -> None:
    """Stop a process, and return once all its threads stand still: on a busy machine some go on for a moment."""
    os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + STOP_SECONDS
    while not _stands_still(pid):
        assert time.monotonic() < until, f"process {pid} does not stop"
        time.sleep(0.001)


def resume(pid: int) -> None:
    """Let a paused process continue."""
    os.kill(pid, signal.SIGCONT)


def _stands_still(pid: int) -> bool:
    tasks = list(Path(f"/proc/{pid}/task").glob("*/stat"))
    if not tasks:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    # After the name in parentheses, which may have spaces: proc(5), field 3.
    return all(task.read_text().rpartition(")")[2].split()[0] == "T" for task in tasks)
