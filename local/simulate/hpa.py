"""The HorizontalPodAutoscaler as Kubernetes documents it: ratio, tolerance, stabilisation, policies. Pure."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from local.simulate import rules

EPSILON = 1e-9
"""Against 7.000000000000001 pods."""


@dataclass(frozen=True)
class Policy:
    """At most so many pods, or percent of those at the period's beginning, in a period of seconds."""

    kind: str
    value: float
    period: float = 15.0


UP = (Policy("percent", rules.HPA_UP_PERCENT.value), Policy("pods", rules.HPA_UP_PODS.value))
DOWN = (Policy("percent", 100.0),)


@dataclass(frozen=True)
class Behaviour:
    """One direction of `spec.behavior`, with its defaults. Of several policies the one that changes most counts."""

    policies: tuple[Policy, ...]
    window: float = 0.0


@dataclass
class Autoscaler:
    """One HPA on one utilisation metric. Call `decide` every sync period; it returns the replicas wanted."""

    target: float
    minimum: int = 1
    maximum: int = 10
    up: Behaviour = field(default_factory=lambda: Behaviour(UP))
    down: Behaviour = field(default_factory=lambda: Behaviour(DOWN, rules.HPA_DOWN_WINDOW.value))
    tolerance: float = rules.HPA_TOLERANCE.value
    _wanted: deque[tuple[float, int]] = field(default_factory=deque)
    _changes: deque[tuple[float, int]] = field(default_factory=deque)

    def decide(self, now: float, current: int, utilisation: float | None, ready: int | None = None) -> int:
        """Return the replicas to have from `now` on.

        Args:
            now: Seconds.
            current: Replicas that the deployment has been given.
            utilisation: Mean over the ready pods, over their request; None: no metric, and nothing changes.
            ready: Pods with a metric; the others are not ready yet. None: all of them.
        """
        wanted = current if utilisation is None else self.desired(current, utilisation, ready)
        stable = self._stabilised(now, current, wanted)
        if stable > current:
            allowed = max(self._limit_up(now, current, policy) for policy in self.up.policies)
            stable = max(current, min(stable, allowed))
        elif stable < current:
            allowed = min(self._limit_down(now, current, policy) for policy in self.down.policies)
            stable = min(current, max(stable, allowed))
        result = min(max(stable, self.minimum), self.maximum)
        if result != current:
            self._changes.append((now, result - current))
        return result

    def desired(self, current: int, utilisation: float, ready: int | None = None) -> int:
        """Return ceil(pods * utilisation / target), and `current` within the tolerance.

        Pods that are not ready count as 0 % where the ratio is above 1, and not at all otherwise; where this turns the
        direction, or comes into the tolerance, nothing changes.
        """
        ready = current if ready is None else min(ready, current)
        ratio = utilisation / self.target
        if ready == 0 or abs(ratio - 1) <= self.tolerance + EPSILON:
            return current
        counted = ready
        if ready < current and ratio > 1:
            counted = current
            again = ratio * ready / current
            if again < 1 or abs(again - 1) <= self.tolerance + EPSILON:
                return current
            ratio = again
        wanted = math.ceil(counted * ratio - EPSILON)
        if (ratio > 1 and wanted < current) or (ratio < 1 and wanted > current):
            return current
        return wanted

    def _stabilised(self, now: float, current: int, wanted: int) -> int:
        longest = max(self.up.window, self.down.window)
        self._wanted.append((now, wanted))
        while self._wanted and self._wanted[0][0] <= now - longest and len(self._wanted) > 1:
            self._wanted.popleft()
        floor = min((one for at, one in self._wanted if at > now - self.up.window), default=wanted)
        ceiling = max((one for at, one in self._wanted if at > now - self.down.window), default=wanted)
        floor, ceiling = min(floor, wanted), max(ceiling, wanted)
        return floor if current < floor else ceiling if current > ceiling else current

    def _limit_up(self, now: float, current: int, policy: Policy) -> int:
        base = current - sum(change for at, change in self._changes if at > now - policy.period and change > 0)
        if policy.kind == "pods":
            return int(base + policy.value)
        return math.ceil(base * (1 + policy.value / 100) - EPSILON)

    def _limit_down(self, now: float, current: int, policy: Policy) -> int:
        """Return the fewest that the policy allows: a percentage of pods to take away is rounded up."""
        base = current - sum(change for at, change in self._changes if at > now - policy.period and change < 0)
        if policy.kind == "pods":
            return int(base - policy.value)
        return base - math.ceil(base * policy.value / 100 - EPSILON)
