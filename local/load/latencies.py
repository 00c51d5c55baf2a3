"""Latencies: counted while a load runs, and summed up as percentiles."""

from __future__ import annotations

from hdrh.histogram import HdrHistogram

FINE_US = 100_000
"""Latencies below are counted by the microsecond, those above by 100 us: three digits, as the histogram keeps."""
MAX_US = 3_600_000_000
DIGITS = 3
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}


def histogram() -> HdrHistogram:
    """Return an empty histogram of microseconds, up to an hour."""
    return HdrHistogram(1, MAX_US, DIGITS)


class Durations:
    """Counts durations while there is no time to lose: a histogram's own way of counting takes twenty times as long."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        """Count one."""
        us = int(seconds * 1e6)
        if us >= FINE_US:
            us -= us % 100
        self._counts[us] = self._counts.get(us, 0) + 1

    def encoded(self) -> str:
        """Return the histogram, as it is sent to another process."""
        made = histogram()
        for us, count in self._counts.items():
            made.record_value(min(max(us, 1), MAX_US), count)
        return str(made.encode(), "ascii")


def milliseconds(of: HdrHistogram) -> dict[str, float] | None:
    """Return percentiles, mean and maximum in ms; None where nothing was counted."""
    if not of.get_total_count():
        return None
    percentiles = {name: of.get_value_at_percentile(percent) for name, percent in PERCENTILES.items()}
    percentiles |= {"max": of.get_max_value(), "mean": of.get_mean_value()}
    return {name: round(us / 1000, 3) for name, us in percentiles.items()}
