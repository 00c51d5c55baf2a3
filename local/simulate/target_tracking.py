"""ECS service auto scaling by target tracking, as its two CloudWatch alarms make it act. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from local.simulate import rules

IN_SHARE = 0.9
"""The low alarm stands at 90 % of the target."""


@dataclass
class TargetTracking:
    """One policy on mean CPU utilisation. Call `decide` once a minute with the minute's mean."""

    target: float
    minimum: int = 1
    maximum: int = 10
    _high: int = 0
    _low: int = 0
    _out: float = -math.inf
    _in: float = -math.inf
    _last: list[float] = field(default_factory=list)

    def decide(self, now: float, current: int, utilisation: float | None) -> int:
        """Return the tasks to have: out in proportion, in gradually, after enough datapoints and the cooldown."""
        if utilisation is None:  # insufficient data changes nothing
            return current
        self._high = self._high + 1 if utilisation > self.target else 0
        self._low = self._low + 1 if utilisation < self.target * IN_SHARE else 0
        wanted = math.ceil(current * utilisation / self.target - 1e-9)
        if self._high >= rules.ECS_OUT.value and now - self._out >= rules.ECS_COOLDOWN.value:
            self._out = now
            return self._within(max(wanted, current))
        quiet = now - max(self._in, self._out) >= rules.ECS_COOLDOWN.value
        if self._low >= rules.ECS_IN.value and quiet and current > self.minimum:
            self._in = now
            return self._within(min(wanted, current))
        return self._within(current)

    def _within(self, tasks: int) -> int:
        return min(max(tasks, self.minimum), self.maximum)
