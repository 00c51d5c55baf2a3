"""Measures benchmarks so that a noisy machine does little harm.

A benchmark is measured in rounds, all benchmarks in each, and every batch of calls has a batch of the unit beside it.
So a slow moment slows the unit too, and cost in units stays what it is on this interpreter. CPU time is counted, not
time on the wall. A batch begins with a few calls that are not counted: others have used the processor's caches since
the last one, which a service that is asked all the time does not meet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from time import process_time_ns

Call = Callable[[], object]


@dataclass(frozen=True)
class Bench:
    """One benchmark. `make` prepares it, however long that takes, and returns the call to measure."""

    name: str
    make: Callable[[], Call]
    limit_units: float | None = None
    """The units that a call may take."""
    baseline: str | None = None
    """The name of the benchmark that it is compared with; that one is then measured too."""
    limit_times: float | None = None
    """How many times faster than the baseline it has to be."""
    requests: int = 1
    """The requests that a call answers; all figures are of one."""


@dataclass(frozen=True)
class BenchResult:
    """What a benchmark took: CPU time of a call in microseconds, and in units."""

    bench: Bench
    rounds: int
    calls: int
    microseconds: float
    """The median of the rounds."""
    microseconds_min: float
    units: float
    """The median of the rounds, each by the unit measured in it."""
    times: float | None
    """How many times faster than the baseline, by the units of both."""

    @property
    def misses(self) -> list[str]:
        """The limits that it misses, in words."""
        missed = []
        if self.bench.limit_units is not None and self.units > self.bench.limit_units:
            missed.append(f"{self.bench.name} took {self.units:.1f} units, more than {self.bench.limit_units:g}")
        if self.bench.limit_times is not None and self.times is not None and self.times < self.bench.limit_times:
            missed.append(
                f"{self.bench.name} is {self.times:.1f} times faster than {self.bench.baseline}, "
                f"less than {self.bench.limit_times:g}"
            )
        return missed


UNIT = "hashlib.sha256(60 bytes).digest()"
"""The unit of cost: one SHA-256 of 60 bytes by the standard library."""


WARMING = 20
"""Counted calls for each that goes before them uncounted; one that fills a batch by itself has none before it."""


def make_unit() -> Call:
    """Return the call that takes one unit."""
    data = bytes(range(60))
    return lambda: hashlib.sha256(data).digest()


def with_baselines(chosen: Sequence[Bench], benches: Sequence[Bench]) -> list[Bench]:
    """Return the chosen benchmarks and those that they are compared with, in the order of `benches`."""
    names = {bench.name for bench in chosen} | {bench.baseline for bench in chosen}
    return [bench for bench in benches if bench.name in names]


def measure(benches: Sequence[Bench], rounds: int, batch_ms: float = 5.0) -> Iterator[list[BenchResult]]:
    """Measure in rounds, and gives the results so far after each. A batch takes about `batch_ms` of CPU time."""
    unit = make_unit()
    unit_calls = _calls(unit, batch_ms)
    calls = [bench.make() for bench in benches]
    counts = [_calls(call, batch_ms) for call in calls]
    nanoseconds: list[list[float]] = [[] for _ in benches]
    units: list[list[float]] = [[] for _ in benches]
    for done in range(1, rounds + 1):
        for k, call in enumerate(calls):
            before = _batch(unit, unit_calls)
            if counts[k] >= WARMING:
                _batch(call, counts[k] // WARMING)
            cost = _batch(call, counts[k]) / benches[k].requests
            nanoseconds[k].append(cost)
            units[k].append(cost / ((before + _batch(unit, unit_calls)) / 2))
        middle = {bench.name: median(cost) for bench, cost in zip(benches, units, strict=True)}
        yield [
            BenchResult(
                bench,
                rounds=done,
                calls=counts[k] * done,
                microseconds=median(nanoseconds[k]) / 1000,
                microseconds_min=min(nanoseconds[k]) / 1000,
                units=middle[bench.name],
                times=middle[bench.baseline] / middle[bench.name] if bench.baseline else None,
            )
            for k, bench in enumerate(benches)
        ]


def _calls(call: Call, batch_ms: float) -> int:
    """Return how many calls make a batch; also warms the call up."""
    count = 1
    while _batch(call, count) * count < batch_ms * 500_000:
        count *= 2
    return count


def _batch(call: Call, count: int) -> float:
    """Return CPU nanoseconds of one call, of `count` in a row."""
    turns = range(count)
    start = process_time_ns()
    for _ in turns:
        call()
    return (process_time_ns() - start) / count
