"""A day of traffic: requests/s in steps of one length. Pure; `readers` makes one of a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from local.errors import UserError

DAY = 86_400
HOUR = 3_600
MAX_RATE = 1_000_000.0
"""Requests/s; more than an account of AWS takes."""
LIVE_TEST_SECONDS = 600
"""The course project's live test: one rate for ten minutes, then nothing."""


@dataclass(frozen=True)
class Traffic:
    """Requests/s over a period.

    Attributes:
        rates: Requests/s in each step.
        step: Seconds of a step.
        start: Second of the day at which it begins.
    """

    name: str
    rates: tuple[float, ...]
    step: float = 1.0
    start: float = 0.0

    def __post_init__(self) -> None:
        if not self.rates:
            raise UserError(f"{self.name}: has no traffic")
        if not all(0 <= rate <= MAX_RATE for rate in self.rates):
            raise UserError(f"{self.name}: a rate is beyond 0 to {MAX_RATE:,.0f} requests/s; scale it with --scale")

    @property
    def seconds(self) -> float:
        """Length of the period."""
        return len(self.rates) * self.step

    @property
    def requests(self) -> float:
        """Requests in the period."""
        return sum(self.rates) * self.step

    @property
    def peak(self) -> float:
        """The highest rate."""
        return max(self.rates)

    @property
    def mean(self) -> float:
        """Mean requests/s."""
        return sum(self.rates) / len(self.rates)

    def scaled(self, factor: float) -> Traffic:
        """Return the traffic times a factor."""
        return replace(self, rates=tuple(rate * factor for rate in self.rates))

    def to_peak(self, peak: float) -> Traffic:
        """Return the traffic scaled so that its highest rate is `peak`."""
        return self.scaled(peak / self.peak) if self.peak else self

    def coarser(self, step: int) -> Traffic:
        """Return the traffic with the mean rate of steps of so many seconds."""
        size = max(1, round(step / self.step))
        means = [
            sum(part) / len(part) for at in range(0, len(self.rates), size) if (part := self.rates[at : at + size])
        ]
        return replace(self, rates=tuple(means), step=self.step * size)


def _hump(hour: float, centre: float, width: float) -> float:
    """Return a bell around an hour of the day, which goes round midnight."""
    away = min(abs(hour - centre), 24 - abs(hour - centre))
    return math.exp(-((away / width) ** 2) / 2)


def _office_day(hour: float) -> float:
    return 0.03 + 0.97 * min(1.0, _hump(hour, 10.5, 1.4) + 0.95 * _hump(hour, 15, 1.6))


def _evening_peak(hour: float) -> float:
    return 0.1 + 0.25 * _hump(hour, 12.5, 2.5) + 0.65 * _hump(hour, 20.5, 1.8)


def _flash_crowd(hour: float) -> float:
    """Return a twentieth of the peak, and from 12:00 on the peak within 30 s, fading with a half-life of 20 minutes."""
    since = hour - 12
    if since < 0:
        return 0.05
    rise = min(1.0, since * HOUR / 30)
    return 0.05 + 0.95 * rise * math.exp(-math.log(2) * max(0.0, since * HOUR - 30) / 1200)


def _cron_burst(hour: float) -> float:
    """Return a tenth of the peak, and the peak in the first 20 s of every hour."""
    return 1.0 if hour * HOUR % HOUR < 20 else 0.1


def _live_test(hour: float) -> float:
    return 1.0 if 0 <= hour * HOUR - 12 * HOUR < LIVE_TEST_SECONDS else 0.0


SHAPES: dict[str, Callable[[float], float]] = {
    "flat": lambda hour: 1.0,
    "office-day": _office_day,
    "evening-peak": _evening_peak,
    "flash-crowd": _flash_crowd,
    "cron-burst": _cron_burst,
    "live-test": _live_test,
}
"""Share of the peak at an hour of the day (0 to 24). The forms are assumed; a log of one's own is better."""
DEFAULT_PEAK = 1000.0


def shape(name: str, peak: float = DEFAULT_PEAK) -> Traffic:
    """Return a day of one of the shapes, with its highest rate at `peak`."""
    form = SHAPES[name]
    return Traffic(name, tuple(form(second / HOUR) for second in range(DAY))).to_peak(peak)


def from_counts(name: str, times: Sequence[float], counts: Sequence[float]) -> Traffic:
    """Return the traffic of counts at times (seconds since the epoch, or of the day), in steps of at most `MAX_STEP`.

    A count holds until the next time; the last one for as long as the shortest interval.

    Raises:
        UserError: There are too few, they go back, or they span more than `MAX_DAYS`.
    """
    if len(times) < 2:
        raise UserError(f"{name}: needs at least two rows with a time and a count")
    pairs = sorted(zip(times, counts, strict=True))
    intervals = [after[0] - before[0] for before, after in pairwise(pairs)]
    shortest = min((gap for gap in intervals if gap > 0), default=0.0)
    if shortest <= 0:
        raise UserError(f"{name}: all its rows have the same time")
    span = pairs[-1][0] - pairs[0][0] + shortest
    if span > MAX_DAYS * DAY:
        raise UserError(f"{name}: spans {span / DAY:,.0f} days; give at most {MAX_DAYS}")
    step = max(1.0, float(int(shortest)))
    first = pairs[0][0]
    totals = [0.0] * max(1, math.ceil(span / step))
    for (time, count), gap in zip(pairs, [*intervals, shortest], strict=True):
        if not 0 <= count < math.inf:
            raise UserError(f"{name}: a count is negative or not a number")
        at = int((time - first) / step)
        # A gap of several intervals is a gap in the data, not a rate that held on.
        covered = max(1, round(min(gap, shortest) / step))
        for index in range(at, min(at + covered, len(totals))):
            totals[index] += count / covered
    pieces = math.ceil(step / MAX_STEP)
    rates = tuple(total / step for total in totals for _ in range(pieces))
    return Traffic(name, rates, step / pieces, first % DAY)


MAX_DAYS = 31
MAX_STEP = 5.0
"""Seconds; a longer interval is cut, for autoscalers act within it."""
