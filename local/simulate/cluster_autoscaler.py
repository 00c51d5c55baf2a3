"""Nodes for pods that have no place: the Cluster Autoscaler with its documented delays, on equal nodes. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from local.simulate import rules


@dataclass
class NodeGroup:
    """A node group. Call `step` with the pods wanted; it returns how many of them have a node that is ready."""

    pods_per_node: int
    minimum: int = 2
    maximum: int = 1000
    boot: float = rules.NODE_BOOT.value
    ready: int = 0
    booting: list[float] = field(default_factory=list)
    """When each of them will be ready, the earliest first."""
    _unneeded_since: dict[int, float] = field(default_factory=dict)
    _last_add: float = -math.inf
    _next_scan: float = -math.inf

    @property
    def billed(self) -> int:
        """Nodes that are paid: those that boot, too."""
        return self.ready + len(self.booting)

    def step(self, now: float, pods: int) -> int:
        """Boot and remove nodes for so many pods; return how many of the pods have a place."""
        while self.booting and self.booting[0] <= now:
            self.booting.pop(0)
            self.ready += 1
        if now >= self._next_scan:
            self._next_scan = now + rules.CA_SCAN.value
            self._scan(now, pods)
        return min(pods, self.ready * self.pods_per_node)

    def lose(self, nodes: int) -> None:
        """Lose ready nodes at once."""
        self.ready = max(0, self.ready - nodes)
        self._next_scan = -math.inf

    def _scan(self, now: float, pods: int) -> None:
        needed = min(self.maximum, max(self.minimum, math.ceil(pods / self.pods_per_node)))
        if needed > self.billed:
            self.booting += [now + self.boot] * (needed - self.billed)
            self._last_add = now
        # A node is unneeded since the time from which fewer nodes would have held the pods.
        self._unneeded_since = {
            node: self._unneeded_since.get(node, now) for node in range(needed, self.billed) if not self.booting
        }
        if now - self._last_add < rules.CA_AFTER_ADD.value:
            return
        while self.ready > needed and self._long(self.ready - 1, now):
            self.ready -= 1
            self._unneeded_since.pop(self.ready, None)

    def _long(self, node: int, now: float) -> bool:
        return now - self._unneeded_since.get(node, now) >= rules.CA_UNNEEDED.value
