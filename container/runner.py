"""How the container meets what services need: computations in slices, so that no request waits for another's work."""

from __future__ import annotations

import asyncio
from typing import Any

from crossover.runner import InlineRunner, Unavailable
from crossover.seam import Done, Work
from crossover.stores.port import Store

SLICE_UNITS = 50
"""About 50 us between two looks at the event loop: other requests' p99 rose to 0.34 ms by slices of 50 attempts and to
3.8 ms by slices of 500, where one thread made it 21 ms (measured with a hash-mining load)."""


class SlicingRunner(InlineRunner):
    """Computes on the event loop, slice by slice, at most `computations` at once and `seconds` each."""

    def __init__(self, store: Store | None, computations: int, seconds: float) -> None:
        super().__init__(store)
        self._free = computations
        self._seconds = seconds

    async def compute(self, work: Work) -> Any:
        if not self._free:
            raise Unavailable("every place for a computation is taken")
        self._free -= 1
        try:
            now = asyncio.get_running_loop().time
            deadline = now() + self._seconds
            rest = work.advance(SLICE_UNITS)
            while not isinstance(rest, Done):
                if now() > deadline:
                    raise Unavailable("the computation ran out of time")
                await asyncio.sleep(0)
                rest = rest.advance(SLICE_UNITS)
            return rest.value
        finally:
            self._free += 1
