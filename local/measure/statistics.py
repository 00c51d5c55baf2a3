"""Runs of one figure, and when there are enough of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import Annotated, NamedTuple

import msgspec

Amount = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class Spread(msgspec.Struct, frozen=True):
    """A figure over several runs: the median counts, the lowest and the highest run tell how sure it is."""

    median: Amount
    low: Amount
    high: Amount
    runs: Count

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise one value for each run; at least one."""
        return cls(rounded(median(values)), rounded(min(values)), rounded(max(values)), len(values))

    def as_data(self) -> dict[str, float]:
        """Return the spread as plain JSON values."""
        return msgspec.structs.asdict(self)


def rounded(value: float) -> float:
    """Round to five significant digits: more than any run can tell."""
    return float(f"{value:.5g}")


def has_converged(values: Sequence[float], tolerance: float) -> bool:
    """Return whether the middle half of the runs lies within `tolerance` of their median, as a share of it.

    The range from the lowest to the highest run can only grow from run to run; its middle half narrows.
    """
    if len(values) < 2:
        return False
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return high - low <= tolerance * abs(middle)


class StopRule(NamedTuple):
    """When to stop: after `min_rounds` once every figure has converged, else when rounds or time are over."""

    min_rounds: int
    max_rounds: int
    tolerance: float
    budget_seconds: float

    def reason(self, rounds: int, seconds: float, figures: Mapping[str, Sequence[float]]) -> str | None:
        """Return why to stop now: `converged`, `rounds` or `budget`; None where another round follows.

        The budget counts before the minimum, and no round begins that would pass it: people wait for the end.
        """
        if rounds >= self.min_rounds and not self.unconverged(figures):
            return "converged"
        if rounds and seconds + seconds / rounds > self.budget_seconds:
            return "budget"
        return "rounds" if rounds >= self.max_rounds else None

    def unconverged(self, figures: Mapping[str, Sequence[float]]) -> list[str]:
        """Return the figures that spread too much yet."""
        return [name for name, values in figures.items() if not has_converged(values, self.tolerance)]
