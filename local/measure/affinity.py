"""Server and generator on cores of their own, where the system can."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Cores(NamedTuple):
    """Who runs where; empty sets leave it to the system."""

    server: frozenset[int]
    generator: frozenset[int]
    """The load generator, and whatever else measures."""

    @property
    def note(self) -> str:
        """How far they are apart, for people."""
        if not self.server:
            return "server and generator share the cores: this system cannot keep them apart"
        names = (", ".join(map(str, sorted(cores))) for cores in (self.server, self.generator))
        return "server pinned to core {}, generator to {}".format(*names)


def apart() -> Cores:
    """The last of this process' cores for what is measured, the others for what measures."""
    if not hasattr(os, "sched_setaffinity"):
        return Cores(frozenset(), frozenset())
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return Cores(frozenset(), frozenset())
    return Cores(frozenset(cores[-1:]), frozenset(cores[:-1]))


@contextmanager
def pinned(cores: Collection[int]) -> Iterator[None]:
    """Keeps this thread, and the processes that it starts meanwhile, on these cores."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
