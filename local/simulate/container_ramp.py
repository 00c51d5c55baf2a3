"""The simulation's containers against the real one: the same arrivals through both, second by second. Pure.

A load's own CPU for a request goes into its simulation, as a core that others share is not equally fast in each. What
the path of a request takes beside the server's CPU is taken from the load that is nearly idle. Above the full load a
server at real-time priority has the share of its core that Linux leaves to such processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean, median

from local.measure.experiments.result import RampLoad, RampResult
from local.simulate.containers import ContainerFleet
from local.simulate.error_check import ErrorCheck
from local.simulate.hpa import Autoscaler
from local.simulate.recorder import Latencies
from local.simulate.traffic import Traffic

FULL_LOAD = 1.0
MEAN_LIMIT, P99_LIMIT, OVERLOAD_LIMIT = 15.0, 30.0, 15.0
"""Percent."""
PATIENT_SECONDS = 60.0
"""A client's timeout that no request of the ramp reaches, as in the measurement."""


def against_container(result: RampResult) -> Iterator[ErrorCheck]:
    """Yield the errors of the simulated latencies: mean and p99 below the full load, mean above it."""
    steps = sorted({load.load for load in result.loads})
    idle = [one for one in result.loads if one.load == steps[0]]
    path = median(one.mean_ms - simulated(one, result).mean() for one in idle)
    rising = [load for load in steps[1:] if load < FULL_LOAD]
    above = [load for load in steps if load > FULL_LOAD]
    ratios = {load: _ratios(result, load, path) for load in steps}
    about = f"one worker of the container here, loads of {rising[0]:.0%} to {rising[-1]:.0%}" if rising else ""
    for place, (what, limit) in enumerate((("mean latency", MEAN_LIMIT), ("p99 of the latency", P99_LIMIT))):
        if rising:
            yield _check(what, about, {load: ratios[load][place] for load in rising}, limit)
    if above:
        about = f"the same worker at {above[0]:.0%}, its backlog growing"
        yield _check("mean latency", about, {load: ratios[load][0] for load in above}, OVERLOAD_LIMIT)


def simulated(load: RampLoad, result: RampResult, path_ms: float = 0.0) -> Latencies:
    """Return the latencies of the simulation's one pod under the arrivals of a load."""
    share = result.core_share if load.load > FULL_LOAD else 1.0
    fleet = ContainerFleet(
        rate=share * 1000 / load.cpu_ms,
        service=load.cpu_ms,
        waiting=path_ms,
        start=0.0,
        scaler=Autoscaler(FULL_LOAD, 1, 1),
        cv=result.handler_cv,
        timeout=PATIENT_SECONDS,
        retries=0,
    )
    return fleet.run(Traffic("ramp", tuple(map(float, load.arrivals)))).latencies


def _ratios(result: RampResult, load: float, path_ms: float) -> tuple[float, float]:
    """Return simulated over measured mean and p99: the medians of the rounds."""
    pairs = [(one, simulated(one, result, path_ms)) for one in result.loads if one.load == load]
    return (
        median(latencies.mean() / one.mean_ms for one, latencies in pairs),
        median((latencies.quantile(0.99) or 0.0) / one.p99_ms for one, latencies in pairs),
    )


def _check(what: str, about: str, ratios: dict[float, float], limit: float) -> ErrorCheck:
    error = fmean(abs(ratio - 1) for ratio in ratios.values()) * 100
    detail = ", ".join(f"{load:.0%}: {ratio - 1:+.0%}" for load, ratio in ratios.items())
    return ErrorCheck(what, about, error, limit, f"simulated over measured, {detail}")
