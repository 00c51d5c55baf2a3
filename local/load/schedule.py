"""When requests arrive in an open loop: planned beforehand, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from local.load.load_plan import LoadPlan


def arrivals(plan: LoadPlan, process: int) -> Iterator[float]:
    """Yield the moments at which one process sends, in seconds from the start of the run, warm-up included.

    Fixed arrivals of several processes interleave to one arrival every `1 / rate` seconds. Independent Poisson streams
    of a share of the rate each add up to a Poisson stream of the whole rate, which is what users who do not know of
    each other make.
    """
    if plan.rate is None:
        raise ValueError("a closed loop has no schedule")
    if plan.arrivals == "fixed":
        moments = _fixed(plan.rate, process, plan.processes)
    else:
        moments = _poisson(random.Random(f"{plan.seed}/{process}"), plan.rate / plan.processes)  # noqa: S311 - a load, not a secret
    left = plan.share(plan.requests, process) if plan.requests is not None else None
    end = plan.warmup + plan.seconds if plan.seconds is not None else None
    for moment in moments:
        if end is not None and moment >= end:
            return
        if left is not None and moment >= plan.warmup:
            if not left:
                return
            left -= 1
        yield moment


def _fixed(rate: float, process: int, processes: int) -> Iterator[float]:
    number = process
    while True:
        yield number / rate
        number += processes


def _poisson(random_: random.Random, rate: float) -> Iterator[float]:
    moment = 0.0
    while True:
        moment += random_.expovariate(rate)
        yield moment
