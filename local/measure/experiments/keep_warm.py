"""How many requests start cold at a rate: the emulator's own fleet, on a clock of its own, with Poisson arrivals.

Nothing runs and nothing waits: the fleet decides as in the emulator, which drives it with real processes.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from local.emulator.account import AccountLimits
from local.emulator.actions import Action, Deliver, Ending, InvocationReport, Start
from local.emulator.fleet import Fleet
from local.emulator.spec import Scaling

PING = "ping"
EARLY = "early"
WARMING = 20
"""The count begins after so many INITs, and five requests: before, every environment is new to everybody."""


class Callers(NamedTuple):
    """Who asks."""

    rate: float
    """Requests a second, of independent users."""
    requests: int
    """How many are counted."""
    ping_seconds: float | None = None
    """How often a request is sent for no other reason than to keep an environment."""
    seed: int = 1


class Times(NamedTuple):
    """How long an environment takes, in seconds."""

    init: float
    invocation: float


class Shares(NamedTuple):
    """What came of it."""

    cold: float
    """The share of the requests that waited for INIT; pings do not count."""
    cold_starts_an_hour: float
    """Those of pings too: each of them is paid."""
    most_environments: int


def simulate(traffic: Callers, times: Times, scaling: Scaling) -> Shares:
    """Let the requests come to a function. The same for the same traffic."""
    return _Simulation(traffic, times, scaling).run()


class _Simulation:
    def __init__(self, traffic: Callers, times: Times, scaling: Scaling) -> None:
        self._traffic = traffic
        self._times = times
        self._fleet = Fleet(scaling, AccountLimits())
        self._events: list[tuple[float, int, str, str]] = []
        self._order = count()
        self._cold = self._answered = self._inits = self._most = 0

    def run(self) -> Shares:
        traffic = self._traffic
        chance = random.Random(traffic.seed)  # noqa: S311 - traffic, not a secret
        self._do(self._fleet.begin(0.0), 0.0)
        # Provisioned environments are ready before anybody asks.
        start = now = self._times.init * 2
        counted_from = start + max(WARMING * self._times.init, 5 / traffic.rate)
        counted = 0
        while counted < traffic.requests:
            now += chance.expovariate(traffic.rate)
            counted += now >= counted_from
            self._at(now, "ask", f"{EARLY if now < counted_from else ''}{next(self._order)}")
        if traffic.ping_seconds:
            for ping in range(int((now - start) / traffic.ping_seconds) + 1):
                moment = start + ping * traffic.ping_seconds
                self._at(moment, "ask", f"{EARLY if moment < counted_from else PING}{next(self._order)}")
        while self._events:
            at, _, what, name = heapq.heappop(self._events)
            self._do(self._fleet.tick(at), at)
            self._happens(at, what, name)
            self._most = max(self._most, len(self._fleet.environments))
        hours = (now - counted_from) / 3600
        return Shares(self._cold / max(1, self._answered), self._inits / max(hours, 1e-9), self._most)

    def _at(self, moment: float, what: str, name: str) -> None:
        heapq.heappush(self._events, (moment, next(self._order), what, name))

    def _happens(self, now: float, what: str, name: str) -> None:
        if what == "ask":
            return self._do(self._fleet.invoke(name, now), now)
        identity = int(name)
        if what == "answer":
            self._do(self._fleet.response(identity, Ending.SUCCESS, now), now)
        return self._do(self._fleet.next(identity, now), now)

    def _do(self, actions: Iterable[Action], now: float) -> None:
        for action in actions:
            match action:
                case Start(identity, _):
                    self._fleet.started(identity, now)
                    self._at(now + self._times.init, "ready", str(identity))
                case Deliver(identity, _, _):
                    self._at(now + self._times.invocation, "answer", str(identity))
                case InvocationReport() as report:
                    if report.request.startswith(EARLY):
                        continue
                    cold = report.init is not None and not report.provisioned
                    self._inits += cold
                    if not report.request.startswith(PING):
                        self._answered += 1
                        self._cold += cold
                case _:
                    continue
