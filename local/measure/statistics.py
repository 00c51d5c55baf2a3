"""Runs of one figure, and when there are enough of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple


class Spread(NamedTuple):
    """A figure over several runs: the median counts, the lowest and the highest run tell how sure it is."""

    median: float
    low: float
    high: float
    runs: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of one value for each run; at least one."""
        return cls(rounded(median(values)), rounded(min(values)), rounded(max(values)), len(values))

    def as_data(self) -> dict[str, float]:
        """As plain JSON values."""
        return self._asdict()


def rounded(value: float) -> float:
    """Five significant digits: more than any run can tell."""
    return float(f"{value:.5g}")


def settled(values: Sequence[float], bound: float) -> bool:
    """Whether the middle half of the runs lies within `bound` of their median, as a share of it.

    The range from the lowest to the highest run can only grow from run to run; its middle half narrows.
    """
    if len(values) < 2:
        return False
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return high - low <= bound * abs(middle)


class StopRule(NamedTuple):
    """When to stop: after at least `least` rounds once every figure is settled, else when rounds or time are over."""

    least: int
    most: int
    bound: float
    budget_seconds: float

    def reason(self, rounds: int, seconds: float, figures: Mapping[str, Sequence[float]]) -> str | None:
        """Why to stop now: `settled`, `rounds` or `budget`; None where another round follows.

        The budget counts before the least, and no round begins that would pass it: people wait for the end.
        """
        if rounds >= self.least and not self.unsettled(figures):
            return "settled"
        if rounds and seconds + seconds / rounds > self.budget_seconds:
            return "budget"
        return "rounds" if rounds >= self.most else None

    def unsettled(self, figures: Mapping[str, Sequence[float]]) -> list[str]:
        """The figures that spread too much yet."""
        return [name for name, values in figures.items() if not settled(values, self.bound)]
