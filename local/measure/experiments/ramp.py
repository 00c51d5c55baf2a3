"""The container under an open loop that rises in steps: its CPU and its clients' latencies, for a model of its queue.

One worker, one service, on a core of its own. The requests are blockchain requests of long chains, as each takes about
a millisecond: beside it the time of sockets and wake-ups is small. Arrivals are Poisson by a seed, and latencies count
from the planned moment.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from statistics import fmean, median, pstdev
from typing import Any

from crossover.runner import InlineRunner
from functions.blockchain.handler import SERVICE
from local.errors import UserError
from local.load.api import GeneratorFailedError, LoadOutcome, LoadPlan, PreparedRequest, cpu_seconds, run
from local.load.latencies import milliseconds
from local.load.schedule import arrivals
from local.measure.affinity import Cores, can_be_real_time, pinned, real_time, real_time_share, split_cores
from local.measure.experiments.result import RampLoad, RampResult
from local.measure.statistics import rounded
from local.serve.process import Served, served
from local.workloads.blockchain.draft import Shape, Span
from local.workloads.blockchain.making import made
from local.workloads.mix import result_of

REPEATS = 5
"""Times that the handler does each request, to have the CPU that it takes."""
MAX_TRIES = 3
"""Loads for each one that is to count: one is discarded where the generator was late."""
Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class RampConfig:
    """What the experiment runs with."""

    loads: tuple[float, ...] = (0.05, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.2)
    """Arrivals over what the worker serves at most, step by step; the first is nearly idle."""
    reference: float = 0.6
    """The load before the ramp whose CPU for a request sets the rates of its steps."""
    seconds: float = 4
    rounds: int = 3
    seed: int = 1
    blocks: tuple[int, int] = (30, 60)
    prepared: int = 400
    connections: int = 200
    behaviour: bool = False
    """Whether only right answers and a complete file count."""

    def __post_init__(self) -> None:
        if not all(0.01 <= load <= 2 for load in self.loads) or list(self.loads) != sorted(self.loads):
            raise UserError("the loads of a ramp rise, from 0.01 to 2 of what a worker serves")

    def as_data(self) -> dict[str, Any]:
        """Return the configuration as plain JSON values."""
        return {name: list(item) if isinstance(item, tuple) else item for name, item in asdict(self).items()}


QUICK = RampConfig(rounds=1, seconds=2)


def measure(configuration: RampConfig, environ: Mapping[str, str], step: Step) -> RampResult:
    """Run the experiment. Raises `UserError`."""
    step("preparing requests")
    requests = prepared(configuration)
    cores = split_cores()
    settings = {**environ, "CROSSOVER_SERVICES": SERVICE.name, "WORKERS": "1", "PAGE_SAMPLES": ""}
    with ExitStack() as stack:
        with pinned(cores.server), real_time():
            handler = handler_ms(requests)
            server = stack.enter_context(served(settings))
        runner = RampRunner(configuration, requests, server, cores)
        loads = list(runner.ramp(fmean(handler), step))
    return RampResult(
        handler_ms=rounded(fmean(handler)),
        handler_cv=rounded(pstdev(handler) / fmean(handler)),
        core_share=real_time_share() if can_be_real_time() else 1.0,
        loads=loads,
        placing=cores.note,
        discarded=runner.discarded,
    )


def prepared(configuration: RampConfig) -> list[PreparedRequest]:
    """Return requests of long, valid chains, with their right answers."""
    runner, requests = InlineRunner(), []
    for request in made(configuration.seed, Shape(blocks=Span(*configuration.blocks))):
        requests.append(PreparedRequest(f"/{SERVICE.name}?{request.query}", result_of(SERVICE, request.query, runner)))
        if len(requests) >= configuration.prepared:
            return requests
    raise AssertionError("requests are made without end")


def handler_ms(requests: Sequence[PreparedRequest]) -> list[float]:
    """Return the CPU that the handler takes for each request, in ms: the median of a few times."""
    runner, medians = InlineRunner(), []
    for request in requests:
        query, times = request.path.partition("?")[2], []
        for _ in range(REPEATS):
            begun = time.thread_time_ns()
            result_of(SERVICE, query, runner)
            times.append(time.thread_time_ns() - begun)
        medians.append(median(times) / 1e6)
    return medians


@dataclass
class RampRunner:
    """Runs the loads, one after another."""

    configuration: RampConfig
    requests: Sequence[PreparedRequest]
    server: Served
    cores: Cores
    send: Callable[..., LoadOutcome] = run
    """The load generator."""
    discarded: list[str] = field(default_factory=list)
    _seed: int = 0

    def ramp(self, first_ms: float, step: Step) -> Iterator[RampLoad]:
        """Yield every load that counts; `first_ms` is a guess at the CPU for a request."""
        reference = self.configuration.reference
        step("the load that sets the rates")
        cpu_ms = self._load(reference, reference / first_ms * 1000)[0].cpu_ms
        for number in range(self.configuration.rounds):
            for load in self.configuration.loads:
                step(f"round {number + 1} of {self.configuration.rounds}: {load:.0%}")
                for _ in range(MAX_TRIES):
                    measured, reasons = self._load(load, load / cpu_ms * 1000)
                    if not reasons:
                        yield measured
                        break
                    self.discarded += [f"at {load:.0%}: {reason}" for reason in reasons]

    def _load(self, load: float, rate: float) -> tuple[RampLoad, list[str]]:
        """Run a load; return what was measured, and why its latencies do not count."""
        self._seed += 1
        configuration, pid = self.configuration, self.server.process.pid
        plan = LoadPlan(
            mix={SERVICE.name: 1},
            rate=rate,
            seconds=configuration.seconds,
            connections=configuration.connections,
            cores=tuple(sorted(self.cores.generator)),
            seed=configuration.seed * 1000 + self._seed,
            behaviour=configuration.behaviour,
        )
        try:
            with real_time():
                outcome = self.send(plan, self.server.address, self.requests, watch=lambda: cpu_seconds(pid))
        except GeneratorFailedError as problem:
            raise UserError(f"{problem}; nothing was written") from None
        total = outcome.total
        if not outcome.all_right:
            raise UserError(f"{total.wrong} wrong answers, errors {dict(total.errors)}; nothing was written")
        assert outcome.watched is not None  # noqa: S101 - it was asked for
        before, after = outcome.watched
        latency = milliseconds(total.latencies) or dict.fromkeys(("mean", "p50", "p90", "p99"), 0.0)
        seconds = Counter(int(moment) for moment in arrivals(plan, 0))
        return RampLoad(
            load=load,
            arrivals=[seconds[second] for second in range(int(-(-configuration.seconds // 1)))],
            cpu_ms=rounded((after - before) / max(1, total.answered) * 1000),
            mean_ms=latency["mean"],
            p50_ms=latency["p50"],
            p90_ms=latency["p90"],
            p99_ms=latency["p99"],
        ), outcome.discarded
