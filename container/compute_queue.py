"""A cooperative queue of computations: short ones are done at once, longer ones in slices between requests.

Threads do not help: hashing small inputs holds the interpreter's lock. So the event loop computes itself, in short
slices. An idle loop looks at its connections after each of them. While other requests keep it busy, as many slices
follow each other, for a quarter of a second at most, as make up a fixed share of its time: that bounds what a flood of
long computations costs other requests, and each computation still comes to its end.

Most computations end within their first slice, and some are a thousand times as long. One is long if it says so
(`crossover.seam.Estimated`) or once it has had `SHORT_UNITS`. Short ones take turns. For long ones there are few
places, so that one that has a place is done in time and one that finds none is refused at once, before it costs
anything if it said that it is long. Long ones are done one by one: taking turns, all of them would run out of time
together. Where both kinds wait, every other slice is a long one's: clients that are refused and ask again cannot
starve those that have a place.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from crossover.runner import Later, Unavailable
from crossover.seam import Computation, Done, Estimated

FIRST_UNITS = 150
"""What is done at once, some 90 us. One of 175 usual valid requests of the blockchain service needs more and takes the
way through the queue; after 50 units it would be one of 7."""
SLICE_UNITS = 50
"""About 30 us: how long an idle event loop does not look at its connections, and how far a turn outlasts its share."""
SHORT_UNITS = 1_000
MAX_LONG = 8
"""Places for long computations. One takes about 45 ms of an idle core, and three times as long on a busy loop."""
SHARE = 0.5
"""Seconds of computing for each second that the loop spends otherwise: a third of a loop that is busy."""
MAX_TURN_SECONDS = 0.25
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
    """What computes for the container."""

    def compute(self, computation: Computation) -> Any:
        """Return the value of a computation, or `Later`. Raises `Unavailable`, and so does awaiting it."""
        ...

    def stats(self) -> ComputingStats:
        """Return the figures of this moment."""
        ...


class _Queued:
    __slots__ = ("ending", "rest", "units", "until")

    def __init__(self, rest: Computation, ending: asyncio.Future[Any], until: float, units: int) -> None:
        self.rest = rest
        self.ending = ending
        self.until = until
        self.units = units


class ComputeQueue:
    """Computes on the event loop. At most `places` computations wait, `MAX_LONG` long ones among them.

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
        self._scheduled = False
        self._long_is_next = False
        self._ended = self._queued = self._units = self._refused = self._out_of_time = 0

    def compute(self, computation: Computation) -> Any:
        """Return the value of a computation that ends in its first slice, else `Later`.

        Raises `Unavailable` where there is no place; awaiting raises it where the time is over.
        """
        if len(self._long) >= MAX_LONG and _is_long(computation):
            raise self._no_place(MAX_LONG)
        rest = self._advanced(computation, FIRST_UNITS)
        if isinstance(rest, Done):
            return rest.value
        if len(self._short) + len(self._long) >= self._places:
            raise self._no_place(self._places)
        loop = asyncio.get_running_loop()
        queued = _Queued(rest, loop.create_future(), self._clock() + self._seconds, FIRST_UNITS)
        (self._long if _is_long(rest) else self._short).append(queued)
        self._queued += 1
        if not self._scheduled:
            self._scheduled = True
            self._rested = self._clock()
            loop.call_soon(self._turn)
        return Later(self._value_of(queued))

    def stats(self) -> ComputingStats:
        """Return the figures of this moment."""
        waiting = len(self._short) + len(self._long)
        return ComputingStats(waiting, self._ended, self._queued, self._units, self._refused, self._out_of_time)

    async def _value_of(self, queued: _Queued) -> Any:
        """Wait for the end. One that is not waited for any more gives its place back now, if no turn did."""
        try:
            return await queued.ending
        finally:
            if queued.ending.cancelled():
                for queue in (self._short, self._long):
                    if queued in queue:
                        queue.remove(queued)

    def _turn(self) -> None:
        """Compute for as long as is owed, one slice at least, and come back after the loop's other events."""
        now = self._clock()
        self._give_up(now)
        until = now + min((now - self._rested) * SHARE, MAX_TURN_SECONDS)
        while self._short or self._long:
            self._slice()
            now = self._clock()
            if now >= until:
                break
        self._rested = now
        self._scheduled = bool(self._short or self._long)
        if self._scheduled:
            asyncio.get_running_loop().call_soon(self._turn)

    def _give_up(self, now: float) -> None:
        """End the long computations whose time is over."""
        while self._long and self._long[0].until <= now:
            queued = self._long.popleft()
            if not queued.ending.done():
                self._out_of_time += 1
                queued.ending.set_exception(Unavailable(f"a computation was not done within {self._seconds:g} s"))

    def _slice(self) -> None:
        """Advance one computation: of the long ones the first, of the short ones each in its turn."""
        queue = self._long if self._long and (self._long_is_next or not self._short) else self._short
        self._long_is_next = queue is self._short
        queued = queue.popleft()
        if queued.ending.done():
            return
        try:
            rest = self._advanced(queued.rest, SLICE_UNITS)
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
        elif len(self._long) < MAX_LONG:
            self._long.append(queued)
        else:
            queued.ending.set_exception(self._no_place(MAX_LONG))

    def _no_place(self, places: int) -> Unavailable:
        self._refused += 1
        return Unavailable(f"{places} computations wait already")

    def _advanced(self, computation: Computation, units: int) -> Computation | Done:
        rest = computation.advance(units)
        if isinstance(rest, Done):
            self._ended += 1
            self._units += rest.units
        else:
            self._units += units
        return rest


def _is_long(computation: Computation) -> bool:
    return isinstance(computation, Estimated) and computation.expected_units() >= SHORT_UNITS
