"""The settings that meet a service level at the least money: many are tried, the best kept. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from local.cost.formulas import known
from local.cost.price_book import PriceBook
from local.simulate.job import Job
from local.simulate.lambda_run import service_on_lambda
from local.simulate.run import Outcome, container_fleet, simulate
from local.simulate.settings import MAX_UNITS, Settings, TrackedConcurrency
from local.simulate.traffic import HOUR

TARGETS = (0.4, 0.5, 0.6, 0.7, 0.8)
MINIMUM_SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
"""Fewest tasks or pods, as a share of what the peak needs at full CPU."""
MEMORIES = (128, 256, 512, 1024, 1769)
PROVISIONED_SHARES = (0.0, 0.5, 1.0, 1.3)
"""Provisioned concurrency of an hour, as a share of what the hour's highest rate occupies."""
STEP = 10
"""Seconds of a step, to try many settings in little time."""


@dataclass(frozen=True)
class Trial:
    """Settings and what became of the day with them."""

    settings: Settings
    words: str
    outcome: Outcome

    def meets(self, p99: float, lost: float) -> bool:
        """Return whether the day kept the service level: p99 in ms, and the share of requests lost."""
        found = self.outcome.latency_ms["p99"]
        return found is not None and found <= p99 and self.outcome.shares["lost"] <= lost


def trials(job: Job, book: PriceBook, region: str, tell: Callable[[float], None]) -> Iterator[Trial]:
    """Yield every candidate of a platform, simulated in steps of `STEP` seconds."""
    coarse = replace(job, traffic=job.traffic.coarser(STEP))
    trials = list(candidates(coarse))
    for at, (words, settings) in enumerate(trials):
        tell(at / len(trials))
        yield Trial(settings, words, simulate(replace(coarse, settings=settings), book, region))


def candidates(job: Job) -> Iterator[tuple[str, Settings]]:
    """Yield settings to try, in words and as they are."""
    if job.platform == "lambda":
        yield from _functions(job)
        return
    needed = math.ceil(job.traffic.peak / container_fleet(job.platform, job.mix, job.settings).rate)
    minima = sorted({min(MAX_UNITS, max(1, math.ceil(needed * share))) for share in (*MINIMUM_SHARES, 1 / 0.6)} | {2})
    for minimum in minima:
        for target in TARGETS:
            settings = replace(job.settings, target=target, minimum=minimum, maximum=max(minimum, job.settings.maximum))
            yield f"--minimum {minimum} --target {target:g}", settings


def _functions(job: Job) -> Iterator[tuple[str, Settings]]:
    least = max(float(known(work.memory_mb)) for work, _ in job.mix.shares)
    for memory in (size for size in MEMORIES if size >= least):
        settings = replace(job.settings, memory_mb=memory)
        duration, _ = service_on_lambda(job.mix, settings)
        for share in PROVISIONED_SHARES:
            schedule = _by_hour(job, max(duration, 0.1) * share) if share else ()
            words = f"--memory {memory}" + (f" --provisioned {written(schedule)}" if schedule else "")
            yield words, replace(settings, provisioned=schedule)
        most = min(settings.concurrency, max(1, math.ceil(job.traffic.peak * max(duration, 0.1))))
        least = max(1, most // 10)
        tracked = replace(settings, tracked=TrackedConcurrency(least, most))
        yield f"--memory {memory} --provisioned {least}-{most}", tracked


def _by_hour(job: Job, seconds: float) -> tuple[tuple[int, int], ...]:
    """Return provisioned concurrency for each hour of the day, as far as it changes."""
    highest: dict[int, float] = {}
    for at, rate in enumerate(job.traffic.rates):
        hour = int((job.traffic.start + at * job.traffic.step) // HOUR) % 24
        highest[hour] = max(highest.get(hour, 0.0), rate)
    schedule: list[tuple[int, int]] = []
    for hour in sorted(highest):
        count = min(job.settings.concurrency, math.ceil(highest[hour] * seconds))
        if not schedule or schedule[-1][1] != count:
            schedule.append((hour * HOUR, count))
    return tuple(schedule)


def written(schedule: Sequence[tuple[int, int]]) -> str:
    """Return a schedule as `--provisioned` takes it.

    >>> written([(0, 5), (28800, 40)])
    '00:00=5,08:00=40'
    """
    return ",".join(f"{second // HOUR:02}:{second % HOUR // 60:02}={count}" for second, count in schedule)


def front(found: Sequence[Trial]) -> list[Trial]:
    """Return the trials that no other one beats in money and in p99, the cheapest first."""
    kept: list[Trial] = []
    best = math.inf
    for trial in sorted(found, key=lambda one: (one.outcome.money.day, one.outcome.latency_ms["p99"] or math.inf)):
        p99 = trial.outcome.latency_ms["p99"] or math.inf
        if p99 < best * 0.98:
            kept.append(trial)
            best = p99
    return kept


def cheapest(found: Sequence[Trial], p99: float, lost: float) -> Trial | None:
    """Return the cheapest trial that keeps the service level; None where none does."""
    return min((one for one in found if one.meets(p99, lost)), key=lambda one: one.outcome.money.day, default=None)
