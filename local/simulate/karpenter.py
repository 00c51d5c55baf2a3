"""Nodes by Karpenter: batches of pending pods, and consolidation within its disruption budget. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from local.simulate import rules
from local.simulate.node_fleet import NodeFleet


@dataclass
class KarpenterPool(NodeFleet):
    """A NodePool with the policy WhenEmptyOrUnderutilized, its default.

    The fewest nodes are those of a managed group, on which Karpenter itself runs. A node is spare where the others hold
    all pods.
    """

    consolidate_after: float = rules.KARPENTER_CONSOLIDATE.value
    """Seconds after the last change of the pods."""
    _unplaced: int = 0
    _opened: float | None = None
    """When the batching window was opened that is open."""
    _grew: float = -math.inf
    _pods: int = 0
    _changed: float = -math.inf
    _next_look: float = -math.inf
    _remove_at: float | None = None
    """When nodes go that were found to be spare, if they still are."""

    def _scale(self, now: float, pods: int) -> None:
        if pods != self._pods:
            self._pods, self._changed = pods, now
        self._provision(now, pods)
        self._consolidate(now, pods)

    def _provision(self, now: float, pods: int) -> None:
        """Launch nodes for all pods without a place, once no further one came for a second, or ten are over."""
        missing = self._needed(pods) - self.billed
        unplaced = max(0, pods - self.billed * self.pods_per_node)
        if missing <= 0:
            self._opened, self._unplaced = None, 0
            return
        if self._opened is None:
            self._opened, self._grew = now, now
        elif unplaced > self._unplaced:
            self._grew = now
        self._unplaced = unplaced
        idle = now - self._grew >= rules.KARPENTER_IDLE.value
        if idle or now - self._opened >= rules.KARPENTER_BATCH.value:
            self._launch(now, missing)
            self._opened, self._unplaced = None, 0

    def _consolidate(self, now: float, pods: int) -> None:
        """Remove spare nodes: found at a look, looked at again, and as many at a time as the budget allows."""
        spare = 0 if self.booting else self.ready - self._needed(pods)
        if spare <= 0 or now - self._changed < self.consolidate_after:
            self._remove_at = None
        elif self._remove_at is None:
            if now >= self._next_look:
                self._next_look = now + rules.KARPENTER_LOOK.value
                self._remove_at = now + rules.KARPENTER_VALIDATION.value
        elif now >= self._remove_at:
            self.ready -= min(spare, math.ceil(self.ready * rules.KARPENTER_BUDGET.value / 100))
            self._remove_at = None
