"""`python -m local.measure.experiments.flood_server`: the container shim, with one of several ways to compute.

`FLOOD_COMPUTING` names the way, and `FLOOD_CORE` a core to stay on. `slices` is the shim's own way; the others were
tried and not taken, and live here alone.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from container.app import build, in_slices
from container.compute_queue import SLICE_UNITS, Computing, ComputingStats
from container.drain import drain_on_sigterm
from container.server import main
from container.settings import ContainerSettings
from crossover.asgi import ServiceApp
from crossover.runner import INLINE_UNITS, InlineRunner, Later, Unavailable
from crossover.seam import Computation, Done
from crossover.settings import load
from functions import registry

VARIABLE, CORE = "FLOOD_COMPUTING", "FLOOD_CORE"
NICENESS = 19
PLACES = 64


@dataclass
class _BoundedThreads:
    """At most `PLACES` at once, each at most `compute_seconds`, as it was before there was a queue."""

    settings: ContainerSettings
    under_way: int = 0
    refused: int = 0

    def compute(self, computation: Computation) -> Later:
        return Later(self._compute(computation))

    async def _compute(self, computation: Computation) -> Any:
        rest = computation.advance(SLICE_UNITS)
        if isinstance(rest, Done):
            return rest.value
        if self.under_way >= PLACES:
            self.refused += 1
            raise Unavailable("every place is taken")
        self.under_way += 1
        try:
            async with asyncio.timeout(self.settings.compute_seconds):
                return await self.rest_of(rest)
        except TimeoutError:
            raise Unavailable("out of time") from None
        finally:
            self.under_way -= 1

    def stats(self) -> ComputingStats:
        return ComputingStats(self.under_way, 0, 0, 0, self.refused, 0)

    async def rest_of(self, computation: Computation) -> Any:
        """Compute what the first slice has left."""
        raise NotImplementedError


class Inline(_BoundedThreads):
    """Everything at once, on the event loop."""

    async def rest_of(self, computation: Computation) -> Any:
        """Compute what the first slice has left."""
        return InlineRunner().compute(computation)


class TaskEach(_BoundedThreads):
    """A slice of each computation in every turn of the event loop."""

    async def rest_of(self, computation: Computation) -> Any:
        """Compute what the first slice has left."""
        rest: Computation | Done = computation
        while not isinstance(rest, Done):
            await asyncio.sleep(0)
            rest = rest.advance(SLICE_UNITS)
        return rest.value


class Process(_BoundedThreads):
    """One by one in a process of the lowest priority."""

    def __init__(self, settings: ContainerSettings) -> None:
        super().__init__(settings)
        self.pool = ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), initializer=os.nice, initargs=(NICENESS,)
        )

    async def rest_of(self, computation: Computation) -> Any:
        """Compute what the first slice has left."""
        return await asyncio.get_running_loop().run_in_executor(self.pool, _to_its_end, computation)


def _to_its_end(computation: Computation) -> Any:
    rest: Computation | Done = computation
    while not isinstance(rest, Done):
        rest = rest.advance(INLINE_UNITS)
    return rest.value


COMPUTING: dict[str, Callable[[ContainerSettings], Computing]] = {
    "inline": Inline,
    "task each": TaskEach,
    "niced process": Process,
    "slices": in_slices,
}


def create() -> ServiceApp:
    """Return the application with the way to compute that the environment names."""
    # A refusal a second is what is measured, and no news.
    logging.getLogger("crossover").setLevel(logging.ERROR)
    settings = load(ContainerSettings, os.environ)
    services = registry.load(settings.service_names(), os.environ)
    return build(services, settings, os.environ, drain_on_sigterm, COMPUTING[os.environ[VARIABLE]])


if __name__ == "__main__":
    if os.environ.get(CORE) and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(os.environ[CORE])})
    main("local.measure.experiments.flood_server:create")
