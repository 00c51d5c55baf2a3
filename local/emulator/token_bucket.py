"""A token bucket on an injected clock."""

from __future__ import annotations


class TokenBucket:
    """Holds at most `capacity` tokens, gains `rate` a second, starts full.

    >>> bucket = TokenBucket(capacity=2, rate=1.0)
    >>> [bucket.take(0.0), bucket.take(0.0), bucket.take(0.5), bucket.take(1.0)]
    [True, True, False, True]
    """

    __slots__ = ("capacity", "level", "rate", "since")

    def __init__(self, capacity: float, rate: float) -> None:
        self.capacity = capacity
        self.rate = rate
        self.level = capacity
        self.since = 0.0

    def has(self, now: float) -> bool:
        """Return whether a token is there at `now` (seconds, never going back)."""
        if now > self.since:
            self.level = min(self.capacity, self.level + (now - self.since) * self.rate)
            self.since = now
        return self.level >= 1.0

    def take(self, now: float) -> bool:
        """Take a token; return False where there is none."""
        if not self.has(now):
            return False
        self.level -= 1.0
        return True
