"""The container half: one server for each service and one for the mix, loaded in an open loop, their CPU measured.

A server has one worker and a core to itself. The load keeps it as busy as the configurations plan for: a server that
is idle most of the time, or that is never, spends another time on a request.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from local.errors import UserError
from local.load.api import Asked, GeneratorFailedError, Outcome, Plan, Total, cpu_seconds, run
from local.load.sender import NOT_SENT
from local.load.tally import milliseconds
from local.measure.affinity import Cores, pinned
from local.measure.comparison.configuration import Configuration
from local.measure.memory import peak_mb
from local.measure.statistics import Spread
from local.serve.process import Served, served

TRIES, FIRST_TRIES = 2, 6
"""Loads of a round that may be void before it goes on without this figure; and as long as there is none at all."""
SLOWER = 0.7
"""The next rate of a round after a void load, as a share of its rate."""
OVERLOADED = (NOT_SENT, "status 503", "timeout")
"""Errors that say that the rate was too high, and nothing of the answers."""
FIRST_SECONDS = 0.5
"""A closed loop of at most this length tells what rate would keep the server busy."""


@dataclass
class Container:
    """A running server under observation, and what was found so far."""

    name: str
    """The service, or `mix`."""
    mix: Mapping[str, int]
    asked: Sequence[Asked]
    server: Served
    start_ms: float
    cpu_us: list[float] = field(default_factory=list)
    """Of a request, one value for each round."""
    rates: list[float] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    """Why loads were repeated, each with its rate."""
    total: Total = field(default_factory=Total)
    """Of all loads that counted."""
    peak_mb: float = 0.0
    rate: float = 0.0
    """What a round's first load asks for, requests/s; 0 where that is not known yet."""
    send: Callable[..., Outcome] = run
    """The load generator."""

    def round(self, configuration: Configuration, cores: Cores) -> None:
        """One load. Raises `UserError` where an answer is wrong, the server has ended, or no load ever counted."""
        if not self.rate:
            self.rate = self._rate_of(configuration, cores)
        rate = self.rate
        for _ in range(TRIES if self.cpu_us else FIRST_TRIES):
            plan = self._plan(configuration, cores, rate, configuration.load_seconds, configuration.warmup_seconds)
            outcome, cpu_us = self._load(plan)
            void = [*outcome.void, *_fell_behind(outcome)]
            if not void:
                self.cpu_us.append(cpu_us)
                self.rates.append(outcome.total.answered / outcome.seconds)
                self.total.add(outcome.total)
                self.peak_mb = max(self.peak_mb, peak_mb(self.server.process.pid))
                return
            self.void += [f"at {rate:,.0f} requests/s: {reason}" for reason in void]
            rate *= SLOWER
        if not self.cpu_us:
            raise UserError(f"every load of {self.name} was void, the last {self.void[-1]}; nothing was written")

    def as_data(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "cpu_us": Spread.of(self.cpu_us).as_data(),
            "rate": round(mean(self.rates), 1),
            "requests": self.total.asked,
            "right": self.total.right,
            "wrong": self.total.wrong,
            "errors": self.total.errors.total(),
            "latency_ms": milliseconds(self.total.latencies),
            "peak_mb": round(self.peak_mb, 1),
            "start_ms": round(self.start_ms, 1),
            "bytes_in": self.total.bytes_in,
            "bytes_out": self.total.bytes_out,
            "void": self.void,
        }

    def _rate_of(self, configuration: Configuration, cores: Cores) -> float:
        seconds = min(FIRST_SECONDS, configuration.load_seconds)
        plan = self._plan(configuration, cores, None, seconds, seconds / 5, behaviour=True)
        _, cpu_us = self._load(plan)
        return max(1.0, configuration.utilisation * 1e6 / cpu_us) if cpu_us else 100.0

    def _plan(
        self,
        configuration: Configuration,
        cores: Cores,
        rate: float | None,
        seconds: float,
        warmup: float,
        behaviour: bool = False,
    ) -> Plan:
        return Plan(
            mix=self.mix,
            rate=rate,
            seconds=seconds,
            warmup=warmup,
            connections=configuration.connections,
            cores=tuple(sorted(cores.generator)),
            seed=configuration.seed + len(self.rates),
            behaviour=behaviour or configuration.behaviour,
        )

    def _load(self, plan: Plan) -> tuple[Outcome, float]:
        """A load, and the server's CPU in us for each of its requests."""
        process = self.server.process
        try:
            outcome = self.send(plan, self.server.address, self.asked, watch=lambda: cpu_seconds(process.pid))
        except GeneratorFailedError as problem:
            raise UserError(f"{problem}; nothing was written") from None
        if process.poll() is not None:
            raise UserError(f"the container server ended with status {process.poll()}; nothing was written")
        total = outcome.total
        errors = {name: count for name, count in total.errors.items() if name not in OVERLOADED}
        if total.wrong or errors:
            told = "".join(f", {count} x {name}" for name, count in errors.items())
            raise UserError(
                f"{self.name} in the container: of {total.asked} requests {total.wrong} wrong answers{told}; "
                "nothing was written"
            )
        assert outcome.watched is not None  # noqa: S101 - it was asked for
        before, after = outcome.watched
        return outcome, (after - before) / max(1, outcome.total.answered) * 1e6


def _fell_behind(outcome: Outcome) -> list[str]:
    """Whether the server, or the machine that something else keeps busy, could not take the load."""
    left = sum(outcome.total.errors[name] for name in OVERLOADED)
    return [f"{left} of {outcome.total.asked} requests were not answered: the server fell behind"] if left else []


@contextmanager
def container(
    name: str, mix: Mapping[str, int], asked: Sequence[Asked], cores: Cores, environ: Mapping[str, str]
) -> Iterator[Container]:
    """Starts a server of the mix's services, on its core, for as long as the block lasts."""
    begun = time.perf_counter()
    settings = {**environ, "CROSSOVER_SERVICES": ",".join(mix), "WORKERS": "1", "PAGE_SAMPLES": ""}
    with ExitStack() as stack:
        with pinned(cores.server):
            server = stack.enter_context(served(settings))
        yield Container(name, mix, asked, server, (time.perf_counter() - begun) * 1000)
