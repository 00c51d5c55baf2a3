"""A day under every combination of a few settings, so that a page can show each without a second model. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from local.cost.formulas import known
from local.cost.price_book import PriceBook
from local.simulate.job import Job
from local.simulate.lambda_run import service_on_lambda
from local.simulate.recorder import MinuteSample
from local.simulate.run import Outcome, container_fleet, simulate
from local.simulate.settings import Settings, TrackedConcurrency
from local.simulate.traffic import HOUR

STEP = 5
"""Seconds of a step in the page's runs."""
POINTS = 288
"""Points of a line over the day."""
TARGETS = (0.4, 0.6, 0.8)
MEMORIES = (128, 512, 1769)
Ready = tuple[tuple[tuple[int, int], ...], TrackedConcurrency | None]
"""Provisioned concurrency: a schedule, or a range."""


def combinations(job: Job) -> list[Settings]:
    """Return the settings of a platform that the page offers, its own among them."""
    own = job.settings
    if job.platform == "lambda":
        least = max(float(known(work.memory_mb)) for work, _ in job.mix.shares)
        memories = sorted({size for size in MEMORIES if size >= least} | {own.memory_mb})
        duration, _ = service_on_lambda(job.mix, own)
        peak = min(own.concurrency, math.ceil(job.traffic.peak * max(0.1, duration)))
        most = max(1, peak)
        ready: list[Ready] = [((), None), (((0, max(1, peak // 4)),), None), (((0, most),), None)]
        ready.append(((), TrackedConcurrency(max(1, most // 10), most)))
        ready += [(own.provisioned, own.tracked)] if (own.provisioned, own.tracked) not in ready else []
        return [
            replace(own, memory_mb=memory, provisioned=by_hour, tracked=tracked)
            for memory in memories
            for by_hour, tracked in ready
        ]
    needed = math.ceil(job.traffic.peak / container_fleet(job.platform, job.mix, own).rate / own.target)
    minima = sorted({own.minimum, max(1, needed // 2), max(1, needed)})
    targets = sorted({*TARGETS, own.target})
    return [
        replace(own, target=target, minimum=minimum, maximum=max(minimum, own.maximum))
        for target in targets
        for minimum in minima
    ]


def runs(job: Job, book: PriceBook, region: str, tell: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """Yield the day under each combination as plain values for the page."""
    coarse = replace(job, traffic=job.traffic.coarser(STEP))
    found = combinations(job)
    for at, settings in enumerate(found):
        tell(at / len(found))
        outcome = simulate(replace(coarse, settings=settings), book, region)
        yield plain(outcome, settings, own=settings == job.settings)


def plain(outcome: Outcome, settings: Settings, *, own: bool) -> dict[str, Any]:
    """Return what the page shows of one run."""
    on_lambda = outcome.platform == "lambda"
    chosen: dict[str, Any] = {"target": settings.target, "minimum": settings.minimum}
    if on_lambda:
        chosen = {"memory": settings.memory_mb, "provisioned": _words(settings)}
    paid = "nodes" if outcome.platform in ("lambda", "eks-nodes") else "units"
    groups = _groups(outcome.samples)
    return {
        "platform": outcome.platform,
        "name": outcome.name,
        "settings": chosen,
        "own": own,
        "day": round(outcome.money.day, 4),
        "month": round(outcome.money.month, 2),
        "latency": {name: _short(value) for name, value in outcome.latency_ms.items()},
        "shares": {name: _short(value) for name, value in outcome.shares.items()},
        "units": [_short(_mean(group, "units")) for group in groups],
        "cost": [
            _short(_of(group, lambda one: outcome.money.hour(getattr(one, paid), one.rate * HOUR))) for group in groups
        ],
        "p99": [_short(max((one.p99 or 0.0) for one in group)) for group in groups],
        "lost": [_short(sum(one.lost for one in group)) for group in groups],
    }


def _groups(samples: tuple[MinuteSample, ...]) -> list[tuple[MinuteSample, ...]]:
    size = max(1, math.ceil(len(samples) / POINTS))
    return [samples[at : at + size] for at in range(0, len(samples), size)]


def rates(outcome: Outcome) -> list[float]:
    """Return the requests/s over the period, as many as the other lines have points."""
    return [_short(_mean(group, "rate")) or 0.0 for group in _groups(outcome.samples)]


def _words(settings: Settings) -> str:
    if tracked := settings.tracked:
        return f"{tracked.minimum} to {tracked.maximum}, {tracked.target:.0%} at work"
    counts = sorted({count for _, count in settings.provisioned} or {0})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}, by hour"


def _mean(group: tuple[MinuteSample, ...], name: str) -> float:
    return _of(group, lambda one: float(getattr(one, name)))


def _of(group: tuple[MinuteSample, ...], measure: Callable[[MinuteSample], float]) -> float:
    return sum(map(measure, group)) / len(group)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
