"""A flood of long computations: what it does to another service of the same worker, for each way to compute.

A real server has one worker, which is pinned to a core as a pod of one vCPU is. QR codes are asked for at a steady
rate, alone and then while blocks are asked for whose targets cannot be met, so that each costs the limit of attempts.
Ways take turns in every round, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

import msgspec
import psutil

from local.errors import UserError
from local.load.api import GeneratorFailedError, LoadOutcome, LoadPlan, PreparedRequest, cpu_seconds, requests_of, run
from local.measure.affinity import Cores, split_cores
from local.measure.experiments.flood_server import COMPUTING, CORE, VARIABLE
from local.measure.experiments.result import FloodResult, WayFigures
from local.serve.process import served
from local.workloads.blockchain.draft import Shape
from local.workloads.blockchain.making import made

FLOOD_REQUESTS = 50
"""Different ones, asked over and over."""
HEAD_START_SECONDS = 1.5
"""Before the probe counts, the flood has filled every queue."""


@dataclass(frozen=True, slots=True)
class FloodConfig:
    """What the experiment runs with."""

    rate: float = 100
    """QR codes a second."""
    flood: float = 30
    """Requests a second that ask for more than can be mined."""
    seconds: float = 4
    """Of each probe, alone and flooded."""
    rounds: int = 3
    one_core: bool = True
    """Whether the server has one core, and the load the others."""
    seed: int = 1


def measure(configuration: FloodConfig, environ: Mapping[str, str], progress: Callable[[str], object]) -> FloodResult:
    """Run the experiment. Raises `UserError` where a load does not end.

    Each number is the median of the rounds. A round in which the generator could not send as planned is counted in
    `discarded_rounds`, and its reason listed.
    """
    qrcode = requests_of({"qrcode": 1}, configuration.seed, environ)
    kind = "proof-of-work-too-hard"
    flood = [
        PreparedRequest(f"/blockchain?{request.query}", b"INVALID")
        for request in islice(made(configuration.seed, Shape(), kind), FLOOD_REQUESTS)
    ]
    rounds: dict[str, list[dict[str, Any]]] = {way: [] for way in COMPUTING}
    for number in range(configuration.rounds):
        for way in COMPUTING:
            progress(f"round {number + 1} of {configuration.rounds}: {way}")
            try:
                rounds[way].append(_round(configuration, environ, way, qrcode, flood))
            except GeneratorFailedError as problem:
                raise UserError(f"{way}: {problem}; nothing was written") from None
    return aggregate(rounds)


def _round(
    configuration: FloodConfig,
    environ: Mapping[str, str],
    way: str,
    qrcode: list[PreparedRequest],
    flood: list[PreparedRequest],
) -> dict[str, Any]:
    cores = split_cores() if configuration.one_core else Cores(frozenset(), frozenset())
    load_cores = tuple(sorted(cores.generator))
    settings = {**environ, "CROSSOVER_SERVICES": "qrcode,blockchain", "WORKERS": "1", VARIABLE: way}
    settings[CORE] = "".join(map(str, cores.server))
    probe = LoadPlan(
        mix={"qrcode": 1},
        rate=configuration.rate,
        seconds=configuration.seconds,
        connections=50,
        timeout=5,
        cores=load_cores,
    )
    flooding = LoadPlan(
        mix={"blockchain": 1},
        rate=configuration.flood,
        seconds=configuration.seconds + 2 * HEAD_START_SECONDS,
        connections=1_000,
        cores=load_cores,
        behaviour=True,
    )
    with served(settings, ("-P", "-m", "local.measure.experiments.flood_server")) as server:
        try:
            watch = partial(cpu_seconds, server.process.pid)
            quiet = run(probe, server.address, qrcode, watch=watch)
            with ThreadPoolExecutor(1) as other:
                flooded_by = other.submit(run, flooding, server.address, flood)
                flooded = run(replace(probe, warmup=HEAD_START_SECONDS), server.address, qrcode, watch=watch)
            return {"quiet": _asked(quiet), "flooded": _asked(flooded), "flood": _answers(flooded_by.result())}
        finally:
            _end(server.process.pid)


def _end(pid: int) -> None:
    """End a server at once: there may be a minute of work left that has no client any more."""
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(pid)
        for process in (*server.children(recursive=True), server):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def _asked(outcome: LoadOutcome) -> dict[str, Any]:
    data = outcome.as_data()
    before, after = outcome.watched or (0.0, 0.0)
    latency = data["latency_ms"] or {}
    return {
        "p50_ms": latency.get("p50"),
        "p99_ms": latency.get("p99"),
        "right": data["right"],
        "asked": data["asked"],
        "server_cores": round((after - before) / outcome.seconds, 3),
        "lag_p99_ms": outcome.lag_p99_ms,
        "discarded": outcome.discarded,
    }


def _answers(outcome: LoadOutcome) -> dict[str, Any]:
    data = outcome.as_data()
    return {
        "asked": data["asked"],
        "right": data["right"],
        "unavailable": data["statuses"].get("503", 0),
    }


def aggregate(rounds: dict[str, list[dict[str, Any]]]) -> FloodResult:
    """Return the medians of the rounds of each way."""
    discarded = [
        f"{way}, round {number}, {part}: {reason}"
        for way, several in rounds.items()
        for number, parts in enumerate(several, 1)
        for part, values in parts.items()
        for reason in values.get("discarded", ())
    ]
    return FloodResult(
        ways={way: msgspec.convert(_median(several), WayFigures) for way, several in rounds.items()},
        discarded=discarded,
    )


def _median(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    medians: dict[str, Any] = {}
    for part, values in rounds[0].items():
        names = [name for name in values if name != "discarded"]
        medians[part] = {name: _middle([parts[part][name] for parts in rounds]) for name in names}
        if "discarded" in values:
            medians[part]["discarded_rounds"] = sum(bool(parts[part]["discarded"]) for parts in rounds)
    return medians


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None
