"""A flood of long computations: what it does to another service of the same worker, for each way to compute.

A real server has one worker, which is pinned to a core as a pod of one vCPU is. QR codes are asked for at a steady
rate, alone and then while blocks are asked for whose targets nobody can meet, so that each costs the limit of attempts.
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

import psutil

from local.errors import UserError
from local.load.api import Asked, GeneratorFailedError, Outcome, Plan, cpu_seconds, requests_of, run
from local.measure.affinity import Cores, apart
from local.measure.experiments.flood_server import COMPUTING, CORE, VARIABLE
from local.serve.process import served
from local.workloads.blockchain.draft import Shape
from local.workloads.blockchain.making import made

FLOOD_REQUESTS = 50
"""Different ones, asked over and over."""
HEAD_START_SECONDS = 1.5
"""Before the probe counts, the flood has filled every queue."""


@dataclass(frozen=True, slots=True)
class Configuration:
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


def measure(
    configuration: Configuration, environ: Mapping[str, str], progress: Callable[[str], object]
) -> dict[str, Any]:
    """Runs the experiment.

    Gives {"ways": {way: {"quiet": ASKED, "flooded": ASKED, "flood": {"asked", "right", "unavailable"}}}, "void":
    [REASON]}, where ASKED is what came of the QR codes: {"p50_ms", "p99_ms", "right", "asked", "server_cores",
    "lag_p99_ms", "void_rounds"}. Each number is the median of the rounds, but `void_rounds` how many of them the load
    generator could not send as planned; each of those has a REASON. Raises `UserError` where a load does not end.
    """
    qrcode = requests_of({"qrcode": 1}, configuration.seed, environ)
    kind = "proof-of-work-too-hard"
    flood = [
        Asked(f"/blockchain?{each.query}", b"INVALID")
        for each in islice(made(configuration.seed, Shape(), kind), FLOOD_REQUESTS)
    ]
    rounds: dict[str, list[dict[str, Any]]] = {way: [] for way in COMPUTING}
    for number in range(configuration.rounds):
        for way in COMPUTING:
            progress(f"round {number + 1} of {configuration.rounds}: {way}")
            try:
                rounds[way].append(_round(configuration, environ, way, qrcode, flood))
            except GeneratorFailedError as problem:
                raise UserError(f"{way}: {problem}; nothing was written") from None
    return told(rounds)


def _round(
    configuration: Configuration, environ: Mapping[str, str], way: str, qrcode: list[Asked], flood: list[Asked]
) -> dict[str, Any]:
    cores = apart() if configuration.one_core else Cores(frozenset(), frozenset())
    load_cores = tuple(sorted(cores.generator))
    settings = {**environ, "CROSSOVER_SERVICES": "qrcode,blockchain", "WORKERS": "1", VARIABLE: way}
    settings[CORE] = "".join(map(str, cores.server))
    probe = Plan(
        mix={"qrcode": 1},
        rate=configuration.rate,
        seconds=configuration.seconds,
        connections=50,
        timeout=5,
        cores=load_cores,
    )
    flooding = Plan(
        mix={"blockchain": 1},
        rate=configuration.flood,
        seconds=configuration.seconds + 2 * HEAD_START_SECONDS,
        connections=1_000,
        cores=load_cores,
        behaviour=True,
    )
    with served(settings, ("-m", "local.measure.experiments.flood_server")) as server:
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
    """Ends a server at once: there may be a minute of work left that nobody waits for, and a process that does it."""
    with suppress(psutil.NoSuchProcess):
        server = psutil.Process(pid)
        for each in (*server.children(recursive=True), server):
            with suppress(psutil.NoSuchProcess):
                each.kill()


def _asked(outcome: Outcome) -> dict[str, Any]:
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
        "void": outcome.void,
    }


def _answers(outcome: Outcome) -> dict[str, Any]:
    data = outcome.as_data()
    return {
        "asked": data["asked"],
        "right": data["right"],
        "unavailable": data["statuses"].get("503", 0),
    }


def told(rounds: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The experiment's result out of the rounds of each way; see `measure`."""
    void = [
        f"{way}, round {number}, {part}: {reason}"
        for way, found in rounds.items()
        for number, each in enumerate(found, 1)
        for part, values in each.items()
        for reason in values.get("void", ())
    ]
    return {"ways": {way: _median(found) for way, found in rounds.items()}, "void": void}


def _median(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    middle: dict[str, Any] = {}
    for part, values in rounds[0].items():
        middle[part] = {name: _middle([each[part][name] for each in rounds]) for name in values if name != "void"}
        if "void" in values:
            middle[part]["void_rounds"] = sum(bool(each[part]["void"]) for each in rounds)
    return middle


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None
