"""Computing between requests: what is short is done at once, what is longer waits in one bounded queue.

Threads do not help: hashing small inputs holds the interpreter's lock. So the event loop computes itself, in short
slices. A loop with nothing else to do looks at its connections after each of them. While other requests keep it busy,
as many slices follow each other, for a quarter of a second at most, as make up a fixed share of its time: that bounds
what a flood of long computations costs everybody else, and still each of them comes to its end.

Most computations end within their first slices, and some are a thousand times as long. Nobody can tell which is which
but by trying, so those that have had little yet go first, in turns. One that has had `SHORT_UNITS` is a long one: there
are few places for those, so that who gets one is done in time, and who gets none hears it at once. They are done one by
one: taking turns, all of them would run out of time together.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from crossover.runner import Unavailable
from crossover.seam import Computation, Done

SLICE_UNITS = 50
"""About 30 us: how long an idle event loop does not look at its connections, and how far a turn outlasts its share."""
SHORT_UNITS = 1_000
LONG_PLACES = 8
"""Some 45 ms each of a core of its own, and three times as much of a loop that is busy."""
SHARE = 0.5
"""Seconds of computing for each second that the loop spends otherwise: a third of a loop that is busy."""
MOST_AT_ONCE_SECONDS = 0.25
"""What slices take in a row at most, however long the loop was kept from them. A thousand requests that come at once
keep a slow core for a second, and leave hundreds of short computations."""


class ComputingStats(NamedTuple):
    """What was computed. All but the first (`GAUGES`) only ever grow."""

    waiting: int
    """Computations in the queue."""
    ended: int
    queued: int
    """Computations that did not end in their first slice."""
    units: int
    """Steps done: of the blockchain service, attempts."""
    refused: int
    """Computations that found no place in the queue, or none among the long ones."""
    out_of_time: int


GAUGES = frozenset({"waiting"})


class Computing(Protocol):
    """Somewhere to compute."""

    async def compute(self, computation: Computation) -> Any:
        """The value at the end of a computation. Raises `Unavailable`."""
        ...

    def stats(self) -> ComputingStats:
        """The figures of this moment."""
        ...


class _Queued:
    __slots__ = ("ending", "rest", "units", "until")

    def __init__(self, rest: Computation, ending: asyncio.Future[Any], until: float) -> None:
        self.rest = rest
        self.ending = ending
        self.until = until
        self.units = SLICE_UNITS


class Slices:
    """Computes on the event loop. At most `places` computations wait, `LONG_PLACES` long ones among them.

    A long one is given up `seconds` after its begin. The others wait for the loop's turn alone, as every request does.
    """

    def __init__(self, places: int, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._places = places
        self._seconds = seconds
        self._clock = clock
        self._short: deque[_Queued] = deque()
        self._long: deque[_Queued] = deque()
        self._rested = 0.0
        """When the last slice ended."""
        self._turning = False
        self._ended = self._queued = self._units = self._refused = self._out_of_time = 0

    async def compute(self, computation: Computation) -> Any:
        """The value at the end of a computation. Raises `Unavailable` where the queue is full or the time is over."""
        rest = self._advanced(computation)
        if isinstance(rest, Done):
            return rest.value
        if len(self._short) + len(self._long) >= self._places:
            raise self._no_place(self._places)
        loop = asyncio.get_running_loop()
        queued = _Queued(rest, loop.create_future(), self._clock() + self._seconds)
        self._short.append(queued)
        self._queued += 1
        if not self._turning:
            self._turning = True
            self._rested = self._clock()
            loop.call_soon(self._turn)
        try:
            return await queued.ending
        finally:
            if queued.ending.cancelled():
                self._forget(queued)

    def stats(self) -> ComputingStats:
        """The figures of this moment."""
        waiting = len(self._short) + len(self._long)
        return ComputingStats(waiting, self._ended, self._queued, self._units, self._refused, self._out_of_time)

    def _forget(self, queued: _Queued) -> None:
        """Gives a place back at once; a turn may have done it before."""
        for queue in (self._short, self._long):
            if queued in queue:
                queue.remove(queued)

    def _turn(self) -> None:
        """Computes for as long as it is owed, one slice at least, and comes back after the others' turn."""
        now = self._clock()
        self._give_up(now)
        until = now + min((now - self._rested) * SHARE, MOST_AT_ONCE_SECONDS)
        while self._short or self._long:
            self._slice()
            now = self._clock()
            if now >= until:
                break
        self._rested = now
        self._turning = bool(self._short or self._long)
        if self._turning:
            asyncio.get_running_loop().call_soon(self._turn)

    def _give_up(self, now: float) -> None:
        """Ends the long computations whose time is over."""
        while self._long and self._long[0].until <= now:
            queued = self._long.popleft()
            if not queued.ending.done():
                self._out_of_time += 1
                queued.ending.set_exception(Unavailable(f"a computation was not done within {self._seconds:g} s"))

    def _slice(self) -> None:
        queue = self._short or self._long
        queued = queue.popleft()
        if queued.ending.done():
            return
        try:
            rest = self._advanced(queued.rest)
        except Exception as problem:
            queued.ending.set_exception(problem)
            return
        if isinstance(rest, Done):
            queued.ending.set_result(rest.value)
            return
        queued.rest = rest
        queued.units += SLICE_UNITS
        if queue is self._long:
            queue.appendleft(queued)
        elif queued.units < SHORT_UNITS:
            queue.append(queued)
        elif len(self._long) < LONG_PLACES:
            self._long.append(queued)
        else:
            queued.ending.set_exception(self._no_place(LONG_PLACES))

    def _no_place(self, places: int) -> Unavailable:
        self._refused += 1
        return Unavailable(f"{places} computations wait already")

    def _advanced(self, computation: Computation) -> Computation | Done:
        rest = computation.advance(SLICE_UNITS)
        if isinstance(rest, Done):
            self._ended += 1
            self._units += rest.units
        else:
            self._units += SLICE_UNITS
        return rest
