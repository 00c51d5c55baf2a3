"""The container half: one server for each service and one for the mix, loaded in an open loop, their CPU measured.

A server has one worker and a core to itself. The load keeps it as busy as the configurations plan for: a server that
is idle most of the time, or that is never, spends another time on a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from statistics import mean

from hdrh.histogram import HdrHistogram
from msgspec import convert

from local.errors import UserError
from local.load.api import GeneratorFailedError, LoadOutcome, LoadPlan, PreparedRequest, Total, cpu_seconds, run
from local.load.latencies import histogram, milliseconds
from local.load.sender import NOT_SENT
from local.measure.affinity import Cores, pinned, real_time
from local.measure.comparison.configuration import ComparisonConfig
from local.measure.comparison.result import ContainerFigures, Latency
from local.measure.memory import peak_mb
from local.measure.statistics import Spread
from local.serve.process import Served, served

MAX_TRIES, MAX_FIRST_TRIES = 2, 6
"""Loads of a round that may overload the server before it ends without a figure, and while there is no figure yet."""
SLOWER = 0.7
"""The next rate of a round after a load that overloaded the server, as a share of its rate."""
OVERLOADED = (NOT_SENT, "status 503", "timeout")
"""Errors that mean that the rate was too high, and nothing about the answers."""
FIRST_SECONDS = 0.5
"""A closed loop of at most this length finds the rate that keeps the server busy."""


@dataclass
class LoadedContainer:
    """A running server under observation, and its figures so far."""

    name: str
    """The service, or `mix`."""
    mix: Mapping[str, int]
    requests: Sequence[PreparedRequest]
    server: Served
    start_ms: float
    cpu_ms: list[float] = field(default_factory=list)
    """Of a request, one value for each round."""
    rates: list[float] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    """Why latencies of a load, or a whole load, do not count, each with its rate."""
    latencies: HdrHistogram = field(default_factory=histogram)
    """Of the loads that the generator sent as planned."""
    total: Total = field(default_factory=Total)
    """Of all loads that counted."""
    peak_mb: float = 0.0
    rate: float = 0.0
    """What a round's first load asks for, requests/s; 0 where that is not known yet."""
    send: Callable[..., LoadOutcome] = run
    """The load generator."""
    tolerated: float = 0.0
    """Share of the answers that may be wrong or missing."""

    def round(self, configuration: ComparisonConfig, cores: Cores) -> None:
        """Run one load, or further ones at lower rates while the server cannot take it.

        CPU for a request counts whatever else the machine does. Latencies count only where the generator was in time.

        Raises:
            UserError: An answer is wrong, the server has ended, or it could never take the load.
        """
        if not self.rate:
            self.rate = self._rate_of(configuration, cores)
        rate = self.rate
        for _ in range(MAX_TRIES if self.cpu_ms else MAX_FIRST_TRIES):
            outcome, cpu_ms = self._load(self._plan(configuration, cores, rate))
            overload = _overload(outcome)
            reasons = [f"load discarded: {overload}"] if overload else []
            reasons += [f"latencies discarded: {reason}" for reason in outcome.discarded]
            self.discarded += [f"at {rate:,.0f} requests/s: {reason}" for reason in reasons]
            if not overload:
                self._count(outcome, cpu_ms)
                return
            rate *= SLOWER
        if not self.cpu_ms:
            raise UserError(
                f"the container server of {self.name} fell behind at every rate, the last {self.discarded[-1]}; "
                "nothing was written. Is the machine busy with something else?"
            )

    def _count(self, outcome: LoadOutcome, cpu_ms: float) -> None:
        self.cpu_ms.append(cpu_ms)
        self.rates.append(outcome.total.answered / outcome.seconds)
        self.total.add(outcome.total)
        if not outcome.discarded:
            self.latencies.add(outcome.total.latencies)
        self.peak_mb = max(self.peak_mb, peak_mb(self.server.process.pid))

    def figures(self) -> ContainerFigures:
        """Return the figures of all rounds."""
        latency = milliseconds(self.latencies)
        return ContainerFigures(
            cpu_ms=Spread.of(self.cpu_ms),
            rate=round(mean(self.rates), 1),
            requests=self.total.asked,
            right=self.total.right,
            wrong=self.total.wrong,
            errors=self.total.errors.total(),
            latency_ms=convert(latency, Latency) if latency else None,
            peak_mb=round(self.peak_mb, 1),
            start_ms=round(self.start_ms, 1),
            bytes_in=self.total.bytes_in,
            bytes_out=self.total.bytes_out,
            discarded=self.discarded,
        )

    def _rate_of(self, configuration: ComparisonConfig, cores: Cores) -> float:
        seconds = min(FIRST_SECONDS, configuration.load_seconds)
        closed_loop = replace(self._plan(configuration, cores), seconds=seconds, warmup=seconds / 5, behaviour=True)
        _, cpu_ms = self._load(closed_loop)
        return max(1.0, configuration.utilisation * 1000 / cpu_ms) if cpu_ms else 100.0

    def _plan(self, configuration: ComparisonConfig, cores: Cores, rate: float | None = None) -> LoadPlan:
        return LoadPlan(
            mix=self.mix,
            rate=rate,
            seconds=configuration.load_seconds,
            warmup=configuration.warmup_seconds,
            connections=configuration.connections,
            cores=tuple(sorted(cores.generator)),
            seed=configuration.seed + len(self.rates),
            behaviour=configuration.behaviour,
        )

    def _load(self, plan: LoadPlan) -> tuple[LoadOutcome, float]:
        """Run a load; return its outcome and the server's CPU for a request, in ms."""
        process = self.server.process
        try:
            with real_time():
                outcome = self.send(plan, self.server.address, self.requests, watch=lambda: cpu_seconds(process.pid))
        except GeneratorFailedError as problem:
            raise UserError(f"{problem}; nothing was written") from None
        if process.poll() is not None:
            raise UserError(f"the container server ended with status {process.poll()}; nothing was written")
        total = outcome.total
        errors = {name: count for name, count in total.errors.items() if name not in OVERLOADED}
        if total.wrong + sum(errors.values()) > self.tolerated * total.asked:
            counts = "".join(f", {count} x {name}" for name, count in errors.items())
            raise UserError(
                f"{self.name} in the container: of {total.asked} requests {total.wrong} wrong answers{counts}; "
                "nothing was written"
            )
        assert outcome.watched is not None  # noqa: S101 - it was asked for
        before, after = outcome.watched
        return outcome, (after - before) / max(1, outcome.total.answered) * 1000


def _overload(outcome: LoadOutcome) -> str:
    """Return that the server could not take the load; empty where it could."""
    unanswered = sum(outcome.total.errors[name] for name in OVERLOADED)
    requests = outcome.total.asked
    return f"{unanswered} of {requests} requests were not answered: the server fell behind" if unanswered else ""


@contextmanager
def container(
    name: str, mix: Mapping[str, int], requests: Sequence[PreparedRequest], cores: Cores, environ: Mapping[str, str]
) -> Iterator[LoadedContainer]:
    """Run a server of the mix's services on its core, for as long as the block lasts."""
    begun = time.perf_counter()
    settings = {**environ, "CROSSOVER_SERVICES": ",".join(mix), "WORKERS": "1", "PAGE_SAMPLES": ""}
    with ExitStack() as stack:
        with pinned(cores.server), real_time():
            server = stack.enter_context(served(settings))
        yield LoadedContainer(name, mix, requests, server, (time.perf_counter() - begun) * 1000)
