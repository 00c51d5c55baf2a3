"""Equal nodes that boot and go; which, and when, is for an autoscaler to say. Pure."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from local.simulate import rules


@dataclass
class NodeFleet(ABC):
    """Nodes for pods. Call `step` with the pods wanted; it returns how many of them have a node that is ready."""

    pods_per_node: int
    minimum: int = 2
    maximum: int = 1000
    boot: float = rules.NODE_BOOT.value
    ready: int = 0
    booting: list[float] = field(default_factory=list)
    """When each of them will be ready, the earliest first."""

    @property
    def billed(self) -> int:
        """Nodes that are paid: those that boot, too."""
        return self.ready + len(self.booting)

    def step(self, now: float, pods: int) -> int:
        """Boot and remove nodes for so many pods; return how many of the pods have a place."""
        while self.booting and self.booting[0] <= now:
            self.booting.pop(0)
            self.ready += 1
        self._scale(now, pods)
        return min(pods, self.ready * self.pods_per_node)

    def lose(self, nodes: int) -> None:
        """Lose ready nodes at once."""
        self.ready = max(0, self.ready - nodes)

    def _needed(self, pods: int) -> int:
        return min(self.maximum, max(self.minimum, math.ceil(pods / self.pods_per_node)))

    def _launch(self, now: float, nodes: int) -> None:
        self.booting += [now + self.boot] * nodes

    @abstractmethod
    def _scale(self, now: float, pods: int) -> None:
        """Launch and remove nodes."""
