"""Lambda's provisioned concurrency over a period: fixed, by a schedule, or kept by target tracking. Pure."""

from __future__ import annotations

import math

from local.simulate import rules
from local.simulate.settings import Settings
from local.simulate.target_tracking import TargetTracking


class ProvisionedConcurrency:
    """What is requested, and paid, and what of it is allocated, and serves.

    Target tracking looks once a minute at the mean share of the allocated environments that were at work. It does
    nothing while an allocation is under way and in the minute that shows its effect first, nor in a minute without
    requests, which has no metric.
    """

    def __init__(self, settings: Settings, start: float, at_work: float) -> None:
        """Begin at a second of the day with so many requests at work."""
        self._settings, self._start = settings, start
        self._scaler: TargetTracking | None = None
        if tracked := settings.tracked:
            self._scaler = TargetTracking(tracked.target, tracked.minimum, tracked.maximum, cooldown=0.0)
            first = math.ceil(at_work / tracked.target)
            self.requested = self._allocated = min(max(first, tracked.minimum), tracked.maximum)
        else:
            self.requested = self._allocated = settings.provisioned_at(start)
        self._ready_at = -math.inf
        self._due = rules.ECS_PERIOD.value
        self._busy = self._measured = 0.0

    def at(self, now: float) -> int:
        """Return what is allocated so many seconds after the beginning."""
        if self._scaler is None:
            self.requested = self._allocated = self._settings.provisioned_at(self._start + now)
            return self._allocated
        if now >= self._due:
            self._decide(now)
        if now >= self._ready_at:
            self._allocated = self.requested
        return self._allocated

    def note(self, seconds: float, at_work: float) -> None:
        """Note how many requests were at work on allocated environments, for the metric."""
        if at_work and self._allocated:
            self._busy += at_work / self._allocated * seconds
            self._measured += seconds

    def _decide(self, now: float) -> None:
        mean = self._busy / self._measured if self._measured else None
        self._due, self._busy, self._measured = now + rules.ECS_PERIOD.value, 0.0, 0.0
        if self._scaler is None or now - rules.ECS_PERIOD.value < self._ready_at:
            return
        before, self.requested = self.requested, self._scaler.decide(now, self.requested, mean)
        if self.requested > before:
            self._ready_at = now + rules.PROVISIONED_START.value
