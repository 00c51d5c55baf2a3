"""What a simulation notes: latencies by share, and a sample of every minute. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

RESOLUTION = 40
"""Classes of latency for each factor of e: 2.5 % wide."""
MINUTE = 60.0


class Latencies:
    """A histogram of latencies in ms, with weights, in classes of 2.5 %."""

    def __init__(self) -> None:
        self.weights: Counter[int] = Counter()

    def add(self, latency: float, weight: float) -> None:
        """Count so many requests of this latency."""
        self.weights[round(math.log(max(latency, 1e-3)) * RESOLUTION)] += weight  # type: ignore[assignment]

    def merge(self, other: Latencies) -> None:
        """Add what another one has counted."""
        for key, weight in other.weights.items():
            self.weights[key] += weight

    def quantile(self, share: float) -> float | None:
        """Return the latency in ms that so large a share does not exceed; None where there is none."""
        wanted = share * sum(self.weights.values())
        if wanted <= 0:
            return None
        reached = 0.0
        for key in sorted(self.weights):
            reached += self.weights[key]
            if reached >= wanted - 1e-9:
                return math.exp(key / RESOLUTION)
        return math.exp(max(self.weights) / RESOLUTION)

    def mean(self) -> float:
        """Return the mean in ms, as exact as the classes are; 0 where there is none."""
        weight = sum(self.weights.values())
        return sum(math.exp(key / RESOLUTION) * many for key, many in self.weights.items()) / weight if weight else 0.0


@dataclass(frozen=True)
class MinuteSample:
    """One minute: means of rates and fleets, sums of requests, quantiles in ms."""

    second: float
    rate: float
    capacity: float
    units: float
    nodes: float
    busy: float
    lost: float
    waited: float
    p50: float | None
    p99: float | None


@dataclass
class Recorder:
    """Gathers steps into minutes and a day.

    `units` are environments, tasks or pods that are paid; of Lambda those that are provisioned are in `nodes`.
    """

    latencies: Latencies = field(default_factory=Latencies)
    samples: list[MinuteSample] = field(default_factory=list)
    sums: Counter[str] = field(default_factory=Counter)
    """Requests: `requests`, `served`, `lost`, `refused` (attempts), `cold`, `pod`, `node`."""
    _minute: Latencies = field(default_factory=Latencies)
    _parts: Counter[str] = field(default_factory=Counter)
    _begin: float = 0.0

    def latency(self, latency: float, weight: float) -> None:
        """Count so many requests of this latency, in ms."""
        if weight > 0:
            self._minute.add(latency, weight)

    def step(self, now: float, seconds: float, *, requests: float, **values: float) -> None:
        """Note a step: `capacity`, `units`, `nodes` and `busy` as levels, everything else as a sum of requests."""
        self.sums["requests"] += requests  # type: ignore[assignment]
        parts = self._parts
        parts["seconds"] += seconds  # type: ignore[assignment]
        parts["requests"] += requests  # type: ignore[assignment]
        for name, value in values.items():
            if name in LEVELS:
                parts[name] += value * seconds  # type: ignore[assignment]
            elif value:
                parts[name] += value  # type: ignore[assignment]
                self.sums[name] += value  # type: ignore[assignment]
        if now + seconds - self._begin >= MINUTE - 1e-9:
            self.close(now + seconds)

    def close(self, now: float) -> None:
        """End the minute."""
        parts = self._parts
        if not (seconds := parts["seconds"]):
            return
        self.samples.append(
            MinuteSample(
                self._begin,
                rate=parts["requests"] / seconds,
                capacity=parts["capacity"] / seconds,
                units=parts["units"] / seconds,
                nodes=parts["nodes"] / seconds,
                busy=parts["busy"] / seconds,
                lost=parts["lost"],
                waited=parts["cold"] + parts["pod"] + parts["node"],
                p50=self._minute.quantile(0.5),
                p99=self._minute.quantile(0.99),
            )
        )
        self.latencies.merge(self._minute)
        self._minute, self._parts, self._begin = Latencies(), Counter(), now

    def mean(self, name: str) -> float:
        """Return the mean of a level over the samples."""
        values = [getattr(sample, name) for sample in self.samples]
        return sum(values) / len(values) if values else 0.0


LEVELS = {"capacity", "units", "nodes", "busy"}
