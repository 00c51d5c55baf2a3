"""Nodes by the Cluster Autoscaler, with its documented delays. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from local.simulate import rules
from local.simulate.node_fleet import NodeFleet


@dataclass
class NodeGroup(NodeFleet):
    """A node group, scanned every ten seconds."""

    _unneeded_since: dict[int, float] = field(default_factory=dict)
    _last_add: float = -math.inf
    _next_scan: float = -math.inf

    def lose(self, nodes: int) -> None:
        """Lose ready nodes at once; the next step looks."""
        super().lose(nodes)
        self._next_scan = -math.inf

    def _scale(self, now: float, pods: int) -> None:
        if now < self._next_scan:
            return
        self._next_scan = now + rules.CA_SCAN.value
        needed = self._needed(pods)
        if needed > self.billed:
            self._launch(now, needed - self.billed)
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
