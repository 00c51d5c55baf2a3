"""Target tracking of Application Auto Scaling: ECS services and provisioned concurrency, by its two alarms. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from local.simulate import rules

IN_SHARE = 0.9
"""The low alarm stands at 90 % of the target: Lambda developer guide, managing provisioned concurrency."""


@dataclass
class TargetTracking:
    """One policy on a mean utilisation. Call `decide` once a minute with the minute's mean."""

    target: float
    minimum: int = 1
    maximum: int = 10
    cooldown: float = rules.ECS_COOLDOWN.value
    """Seconds, both ways."""
    _high: int = 0
    _low: int = 0
    _out: float = -math.inf
    _added: int = 0
    """What the scale-out added whose cooldown runs."""
    _in: float = -math.inf

    def decide(self, now: float, current: int, utilisation: float | None) -> int:
        """Return the capacity to have: out in proportion, in gradually, after enough datapoints and the cooldown.

        During the cooldown of a scale-out only a larger one passes, less what that one added; a cooldown of a scale-in
        never holds a scale-out up (Application Auto Scaling API, ScaleOutCooldown, and the example that it gives for
        step scaling: 2 were added, 3 are asked for, 1 is added).
        """
        if utilisation is None:  # insufficient data changes nothing
            return current
        self._high = self._high + 1 if utilisation > self.target else 0
        self._low = self._low + 1 if utilisation < self.target * IN_SHARE else 0
        wanted = math.ceil(current * utilisation / self.target - 1e-9)
        if self._high >= rules.ECS_OUT.value:
            more = self._larger(now, wanted - current)
            if self._within(current + more) > current:
                self._out = now
                return self._within(current + more)
        quiet = now - max(self._in, self._out) >= self.cooldown
        if self._low >= rules.ECS_IN.value and quiet and current > self.minimum:
            self._in = now
            return self._within(min(wanted, current))
        return self._within(current)

    def _larger(self, now: float, more: int) -> int:
        """Return how many of the tasks that a scale-out would add the cooldown lets through, and note them."""
        before = self._added if now - self._out < self.cooldown else 0
        if more <= before:
            return 0
        self._added = more
        return more - before

    def _within(self, tasks: int) -> int:
        return min(max(tasks, self.minimum), self.maximum)
