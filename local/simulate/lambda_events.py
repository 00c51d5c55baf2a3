"""Lambda request by request, through the emulator's own state machine of a fleet. Exact, and slow: for few requests."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from local.emulator.account import AccountLimits
from local.emulator.actions import Action, Deliver, Ending, InvocationAnswer, InvocationReport, Start
from local.emulator.fleet import Fleet
from local.emulator.spec import Scaling


@dataclass
class Counts:
    """What happened."""

    requests: int = 0
    cold: int = 0
    throttled: int = 0
    environment_seconds: float = 0.0
    seconds: float = 0.0
    served: list[tuple[float, bool]] = field(default_factory=list)
    """When each request that was served came in, and whether it was a cold start; only where it is wanted."""

    @property
    def mean_environments(self) -> float:
        """Mean number of environments."""
        return self.environment_seconds / self.seconds if self.seconds else 0.0


def poisson_arrivals(rate: float, seconds: float, chance: random.Random) -> Iterator[float]:
    """Yield the times of Poisson arrivals at a constant rate."""
    now = chance.expovariate(rate)
    while now < seconds:
        yield now
        now += chance.expovariate(rate)


class EventFleet:
    """Drives a `Fleet` on a clock of its own: processes are two durations."""

    def __init__(
        self, scaling: Scaling, account: AccountLimits, warm: Callable[[], float], init: Callable[[], float]
    ) -> None:
        self.fleet = Fleet(scaling, account)
        self.warm, self.init = warm, init
        self.now = 0.0
        self.counts = Counts()
        self._due: list[tuple[float, int, int, bool]] = []
        self._order = 0
        self._carry_out(self.fleet.begin(0.0))

    def run(self, arrivals: Iterable[float], until: float, *, keep: bool = False) -> Counts:
        """Serve requests that come at these times (seconds, never going back); return what happened."""
        counts = self.counts
        for time in arrivals:
            self.advance(time)
            counts.requests += 1
            before = self.fleet.counts["cold"]
            throttled = counts.throttled
            self._carry_out(self.fleet.invoke(str(counts.requests), time))
            cold = self.fleet.counts["cold"] > before
            counts.cold += cold
            if keep and counts.throttled == throttled:
                counts.served.append((time, cold))
        self.advance(until)
        return counts

    def advance(self, until: float) -> None:
        """Let everything happen that is due by then."""
        while True:
            timer = self.fleet.next_timer()
            event = self._due[0][0] if self._due else float("inf")
            due = min(event, float("inf") if timer is None else timer)
            if due > until:
                break
            self._pass(due)
            if event <= due:
                _, _, environment, done = heapq.heappop(self._due)
                if done:
                    self._carry_out(self.fleet.response(environment, Ending.SUCCESS, due))
                self._carry_out(self.fleet.next(environment, due))
            else:
                self._carry_out(self.fleet.tick(due))
        self._pass(until)

    def _pass(self, time: float) -> None:
        self.counts.environment_seconds += len(self.fleet.environments) * (time - self.now)
        self.counts.seconds += time - self.now
        self.now = time

    def _carry_out(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Start):
                self._carry_out(self.fleet.started(action.environment, self.now))
                self._later(self.init(), action.environment, done=False)
            elif isinstance(action, Deliver):
                self._later(self.warm(), action.environment, done=True)
            elif isinstance(action, InvocationAnswer) and action.ending is Ending.THROTTLED:
                self.counts.throttled += 1
            elif isinstance(action, InvocationReport) and action.ending is not Ending.SUCCESS:
                raise AssertionError(f"a simulated invocation ended in {action.ending}")

    def _later(self, seconds: float, environment: int, *, done: bool) -> None:
        self._order += 1
        heapq.heappush(self._due, (self.now + seconds, self._order, environment, done))
