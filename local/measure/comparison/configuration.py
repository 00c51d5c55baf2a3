"""What a comparison runs with. Plain values: the same configuration sends the same requests in the same order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from functions.registry import SERVICES

SIZES = (128, 192, 256, 384, 512, 768, 1024, 1769)
"""Memory in MB: what the shipped configurations choose from, so that each of their prices stands on a measurement."""


@dataclass(frozen=True, kw_only=True)
class ComparisonConfig:
    """One comparison. Rounds take turns over services and platforms; see `rounds` for when they end."""

    services: tuple[str, ...] = tuple(SERVICES)
    """Services that are measured."""
    mix: Mapping[str, int] = field(default_factory=dict)
    """Weights of the mixed load; a service that is not named has weight 1."""
    seed: int = 1
    memory_mb: tuple[int, ...] = SIZES
    """Sizes of the functions; the largest should have a whole vCPU, 1,769 MB."""
    min_rounds: int = 3
    max_rounds: int = 12
    tolerance: float = 0.05
    """Every figure's middle half of runs has to lie within this share of its median."""
    budget_seconds: float = 170
    """No round begins that would end later."""
    prepared: int = 2_000
    """Requests of each service, asked round and round; a function is asked others of them in every round."""
    load_seconds: float = 3
    warmup_seconds: float = 0.5
    utilisation: float = 0.6
    """Busy share of the server's core that the load aims at: what the shipped configurations are sized for."""
    connections: int = 32
    invocations: int = 30
    """Of every function in a round, one after another."""
    burst: int = 8
    """Invocations at the same moment, once: how a function scales out."""
    behaviour: bool = False
    """Whether only right answers and complete files count: then no figure is discarded."""

    def weight(self, service: str) -> int:
        """Of a service in the mix."""
        return self.mix.get(service, 1)

    def as_data(self) -> dict[str, Any]:
        """Return the configuration as plain JSON values."""
        return {**asdict(self), "services": list(self.services), "memory_mb": list(self.memory_mb)}


FULL = ComparisonConfig()
QUICK = ComparisonConfig(
    memory_mb=(128, 512, 1769),
    min_rounds=2,
    max_rounds=4,
    tolerance=0.1,
    budget_seconds=34,
    load_seconds=1,
    warmup_seconds=0.2,
    invocations=10,
    burst=4,
)
