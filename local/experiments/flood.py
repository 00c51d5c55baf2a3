"""A flood of long computations: what it does to another service of the same worker, for each way to compute.

A real server has one worker, which is pinned to a core as a pod of one vCPU is. QR codes are asked for at a steady
rate, alone and then while blocks are asked for whose targets nobody can meet, so that each costs the limit of attempts.
Ways take turns in every round, so that what else the machine does falls on all of them alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

import psutil

from local.blockchain.draft import Shape
from local.blockchain.making import made
from local.experiments.flood_server import COMPUTING, CORE, VARIABLE
from local.load.api import Asked, Outcome, Plan, cpu_seconds, requests_of, run
from local.serve.process import served

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
    """Whether the server has one core, and the load another one."""
    seed: int = 1


def measure(configuration: Configuration, progress: Callable[[str], object]) -> dict[str, Any]:
    """Runs the experiment.

    Gives {way: {"quiet": ASKED, "flooded": ASKED, "flood": {"asked", "right", "unavailable"}}}, where ASKED is what
    came of the QR codes: {"p50_ms", "p99_ms", "right", "asked", "server_cores", "lag_p99_ms"}. Each number is the
    median of the rounds.
    """
    qrcode = requests_of({"qrcode": 1}, configuration.seed, os.environ)
    kind = "proof-of-work-too-hard"
    flood = [
        Asked(f"/blockchain?{each.query}", b"INVALID")
        for each in islice(made(configuration.seed, Shape(), kind), FLOOD_REQUESTS)
    ]
    rounds: dict[str, list[dict[str, Any]]] = {way: [] for way in COMPUTING}
    for number in range(configuration.rounds):
        for way in COMPUTING:
            progress(f"round {number + 1}: {way}")
            rounds[way].append(_round(configuration, way, qrcode, flood))
    return {way: _median(found) for way, found in rounds.items()}


def _round(configuration: Configuration, way: str, qrcode: list[Asked], flood: list[Asked]) -> dict[str, Any]:
    server_core, load_core = _cores() if configuration.one_core else ("", ())
    settings = {"CROSSOVER_SERVICES": "qrcode,blockchain", "WORKERS": "1", VARIABLE: way, CORE: server_core}
    probe = Plan(
        mix={"qrcode": 1},
        rate=configuration.rate,
        seconds=configuration.seconds,
        connections=50,
        timeout=5,
        cores=load_core,
    )
    flooding = Plan(
        mix={"blockchain": 1},
        rate=configuration.flood,
        seconds=configuration.seconds + 2 * HEAD_START_SECONDS,
        connections=1_000,
        cores=load_core,
        behaviour=True,
    )
    with served(settings, ("-m", "local.experiments.flood_server")) as server:
        watch = partial(cpu_seconds, server.process.pid)
        quiet = run(probe, server.address, qrcode, watch=watch)
        with ThreadPoolExecutor(1) as other:
            flooded_by = other.submit(run, flooding, server.address, flood)
            flooded = run(
                replace(probe, warmup=HEAD_START_SECONDS),
                server.address,
                qrcode,
                watch=lambda: cpu_seconds(server.process.pid),
            )
        # There may be a minute of work left that nobody waits for, and a process that does it.
        for child in psutil.Process(server.process.pid).children(recursive=True):
            child.kill()
        server.process.kill()
        return {"quiet": _told(quiet), "flooded": _told(flooded), "flood": _answers(flooded_by.result())}


def _told(outcome: Outcome) -> dict[str, Any]:
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
    }


def _answers(outcome: Outcome) -> dict[str, Any]:
    data = outcome.as_data()
    return {
        "asked": data["asked"],
        "right": data["right"],
        "unavailable": data["statuses"].get("503", data["statuses"].get(503, 0)),
    }


def _median(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        part: {name: _middle([found[part][name] for found in rounds]) for name in rounds[0][part]} for part in rounds[0]
    }


def _middle(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None


def _cores() -> tuple[str, tuple[int, ...]]:
    """One core for the server and another one for the load, where this system has two and lets choose."""
    if not hasattr(os, "sched_getaffinity") or len(cores := sorted(os.sched_getaffinity(0))) < 2:
        return "", ()
    return str(cores[0]), (cores[1],)
