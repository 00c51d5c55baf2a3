"""Whether to ask what may be gone: a cache, or a replica."""

from __future__ import annotations

import threading
from collections.abc import Callable

FIRST_REST_SECONDS, LONGEST_REST_SECONDS = 5.0, 60.0
"""How long what failed is not asked: twice as long after each further failure."""


class Circuit:
    """Whether to ask it: not for a while after it failed, and then by one request alone until that succeeds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rest = 0.0
        self._until = float("-inf")
        self._trying = False

    def may_ask(self) -> bool:
        """Return whether this request may ask."""
        if not self._rest:
            return True
        with self._lock:
            now = self._clock()
            if 0 < self._until - now <= LONGEST_REST_SECONDS:  # more is a clock that was set back
                return False
            self._until = now + self._rest
            self._trying = True
            return True

    def failed(self) -> None:
        """Note a failure; those of calls that were under way when it failed first are one with that."""
        with self._lock:
            if self._rest and not self._trying and 0 < self._until - self._clock() <= LONGEST_REST_SECONDS:
                return
            self._trying = False
            self._rest = min(max(self._rest * 2, FIRST_REST_SECONDS), LONGEST_REST_SECONDS)
            self._until = self._clock() + self._rest

    def succeeded(self) -> None:
        """Note a success."""
        self._rest = 0.0

    @property
    def resting(self) -> bool:
        """Whether it failed when it was asked last."""
        return bool(self._rest)
