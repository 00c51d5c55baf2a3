"""How the container meets what services need: the store inline, computations between requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from container.compute_queue import GAUGES, Computing
from container.metrics.recorder import Figures
from crossover.runner import InlineRunner
from crossover.seam import Computation, Service
from crossover.stores.port import Store


class ContainerRunner(InlineRunner):
    """Fetches from a store that is at hand, and leaves computing to who does it without standing in anybody's way."""

    def __init__(self, service: Service, store: Store | None, computing: Computing) -> None:
        super().__init__(store)
        self._service = service
        self._computing = computing

    def compute(self, computation: Computation) -> Any:
        """Return the value of `computation`, or `Later`, as what computes for the container decides."""
        return self._computing.compute(computation)

    @property
    def figures(self) -> Sequence[Figures]:
        """What was computed, of a service that computes."""
        if not self._service.computes:
            return ()
        return (Figures("computing", self._service.name, self._computing.stats, GAUGES),)
