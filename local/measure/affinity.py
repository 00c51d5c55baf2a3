"""Server and generator on cores of their own and at real-time priority, where the system allows it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

PRIORITY = 10
"""Of SCHED_FIFO: above everything that is not real-time, below the kernel's own threads."""


class Cores(NamedTuple):
    """Which cores server and generator run on; empty sets leave it to the system."""

    server: frozenset[int]
    generator: frozenset[int]
    """The load generator, and whatever else measures."""

    @property
    def note(self) -> str:
        """Describe how far server and generator are kept apart, from each other and from other processes."""
        priority = "; both at real-time priority" if can_be_real_time() else ""
        if not self.server:
            return f"server and generator share the cores: this system cannot keep them apart{priority}"
        names = (", ".join(map(str, sorted(cores))) for cores in (self.server, self.generator))
        return "server pinned to core {}, generator to {}".format(*names) + priority


def split_cores() -> Cores:
    """Give the last of this process' cores to what is measured, the others to what measures."""
    if not hasattr(os, "sched_setaffinity"):
        return Cores(frozenset(), frozenset())
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return Cores(frozenset(), frozenset())
    return Cores(frozenset(cores[-1:]), frozenset(cores[:-1]))


@contextmanager
def pinned(cores: Collection[int]) -> Iterator[None]:
    """Keep this thread, and the processes that it starts meanwhile, on these cores."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def real_time() -> Iterator[None]:
    """Run this thread, and the processes that it starts meanwhile, before all others (SCHED_FIFO).

    Nothing changes where this user may not, or where there is one core: what measures would starve what is measured.
    """
    if not can_be_real_time():
        yield
        return
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setscheduler(0, before, parameters)


def real_time_share(kernel: Path = Path("/proc/sys/kernel")) -> float:
    """Return the share of a core that Linux leaves to real-time processes, 95 % as it comes; 1 without such a limit."""
    try:
        runtime, period = (int((kernel / f"sched_rt_{name}_us").read_text()) for name in ("runtime", "period"))
    except (OSError, ValueError):
        return 1.0
    return runtime / period if 0 < runtime < period else 1.0


def can_be_real_time() -> bool:
    """Return whether this thread may run at real-time priority, on a machine with two cores at least."""
    if not hasattr(os, "sched_setscheduler") or (os.cpu_count() or 1) < 2:
        return False
    before, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        os.sched_setscheduler(0, before, parameters)
    except OSError:
        return False
    return True
