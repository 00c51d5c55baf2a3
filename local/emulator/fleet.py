"""The environments of one function, as a state machine without I/O: events in, actions out, time is a parameter.

Every method is an event; it takes the time in seconds on any clock that never goes back, and returns what has to be
done, in order. The driver (real processes, or a simulation) carries it out and reports the result.

    INIT --runtime asks for work--> BUSY (made for a request) or READY (provisioned), frozen
    READY --a request is given to it--> BUSY
    BUSY --it has answered and asks for work--> READY, frozen
    INIT --fails, or takes over 10 s--> INIT again, once, now inside the invocation and against the function's timeout
    INIT (again), BUSY --exit, timeout--> gone, the request answered;  READY --idle or exit--> gone
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from itertools import count

from local.emulator import quotas
from local.emulator.account import AccountLimits
from local.emulator.actions import (
    Action,
    Deliver,
    Ending,
    Freeze,
    InvocationAnswer,
    InvocationReport,
    Kill,
    Start,
    Thaw,
    Throttle,
)
from local.emulator.spec import Scaling
from local.emulator.token_bucket import TokenBucket

NEVER = float("inf")


class State(Enum):
    """Where an environment is."""

    INIT = "init"
    READY = "ready"
    BUSY = "busy"


@dataclass(slots=True, eq=False)
class ExecutionEnvironment:
    """One environment as the machine sees it."""

    id: int
    provisioned: bool
    since: float
    """When the current INIT or invocation began."""
    state: State = State.INIT
    deadline: float = NEVER
    timer: float = NEVER
    """When the earliest timer that is set for it rings; never later than `deadline`."""
    request: str | None = None
    attempt: int = 1
    init: float | None = None
    """INIT that no invocation has been billed for yet."""
    failed_init: float = 0.0
    ending: Ending | None = None
    """How the invocation ended, once the runtime has answered and until it asks for work."""
    duration: float = 0.0
    shared: bool = False
    """Whether it holds a place of the account's unreserved concurrency."""


class Fleet:
    """The environments of one function. Methods are events; each returns the actions that follow."""

    def __init__(self, scaling: Scaling, account: AccountLimits | None = None) -> None:
        self.scaling = scaling
        self.account = account or AccountLimits()
        self.account.reserve(scaling)
        self.environments: dict[int, ExecutionEnvironment] = {}
        self.counts: Counter[str] = Counter()
        """`cold`, `invocations`, `provisioned-failed`, values of `Ending`, and `throttle:` + values of `Throttle`."""
        self._ids = count(1)
        self._idle: dict[bool, dict[int, ExecutionEnvironment]] = {True: {}, False: {}}
        """READY environments by `provisioned`, the most recently used last."""
        self._busy = 0
        self._timers: list[tuple[float, int]] = []
        limit = self.account.concurrency if scaling.reserved is None else scaling.reserved
        rate = float(quotas.RATE_PER_ENVIRONMENT * limit)
        self._rate = TokenBucket(capacity=rate, rate=rate)
        rate = float(quotas.RATE_PER_ENVIRONMENT * scaling.provisioned)
        self._provisioned_rate = TokenBucket(capacity=rate, rate=rate)
        self._scaling_rate = TokenBucket(
            capacity=quotas.SCALING_ENVIRONMENTS, rate=quotas.SCALING_ENVIRONMENTS / quotas.SCALING_SECONDS
        )

    def states(self) -> dict[State, int]:
        """Return the number of environments in each state."""
        states = Counter(environment.state for environment in self.environments.values())
        return {state: states[state] for state in State}

    def next_timer(self) -> float | None:
        """Return when `tick` is due, or None."""
        return self._timers[0][0] if self._timers else None

    # --- events ---

    def begin(self, now: float) -> list[Action]:
        """Deploy the function: start its provisioned environments."""
        return [self._provision(now) for _ in range(self.scaling.provisioned)]

    def invoke(self, request: str, now: float) -> list[Action]:
        """Serve a request by an idle environment, or by a new one, or refuse it."""
        self.counts["invocations"] += 1
        if self.scaling.reserved is None:
            if not self._rate.has(now) or not self.account.rate.has(now):
                return self._refuse(request, Throttle.RATE)
        elif not self._rate.has(now) and self.scaling.reserved:
            return self._refuse(request, Throttle.RESERVED_RATE)
        environment = self._pick(now)
        if not (environment and environment.provisioned):
            if self.scaling.reserved is not None:
                if self._busy >= self.scaling.reserved - len(self._idle[True]):
                    return self._refuse(request, Throttle.RESERVED)
            elif self.account.busy >= self.account.unreserved:
                return self._refuse(request, Throttle.ACCOUNT)
            if environment is None and not self._scaling_rate.take(now):
                return self._refuse(request, Throttle.SCALING)
        self._rate.take(now)
        if self.scaling.reserved is None:
            self.account.rate.take(now)
        self._busy += 1
        if environment is None:
            return [self._start(request, now)]
        if environment.provisioned:
            self._provisioned_rate.take(now)
        else:
            self._share(environment)
        del self._idle[environment.provisioned][environment.id]
        return [Thaw(environment.id), self._deliver(environment, request, now, now + self.scaling.timeout)]

    def started(self, identity: int, now: float) -> list[Action]:
        """Note that the environment's process runs: INIT counts from here, for a machine may not start all at once."""
        environment = self.environments.get(identity)
        if environment is None or environment.state is not State.INIT:
            return []
        environment.since = now
        if environment.attempt == 2:
            timeout = self.scaling.timeout
        elif environment.provisioned:
            timeout = max(quotas.PROVISIONED_INIT_TIMEOUT, self.scaling.timeout)
        else:
            timeout = quotas.INIT_TIMEOUT
        self._set_deadline(environment, now + timeout)
        return []

    def next(self, identity: int, now: float) -> list[Action]:
        """Handle the runtime's call for the next event."""
        environment = self.environments.get(identity)
        if environment is None:
            return []
        if environment.state is State.INIT:
            if environment.attempt == 1:
                environment.init = now - environment.since
            if environment.request is None:
                return [self._rest(environment, now)]
            if environment.attempt == 1:
                return [self._deliver(environment, environment.request, now, now + self.scaling.timeout)]
            return [self._deliver(environment, environment.request, environment.since, environment.deadline)]
        if environment.state is State.READY:
            return []
        if environment.ending is None or environment.request is None:
            return [Kill(identity), *self._lose(environment, now, Ending.EXIT)]
        over = self._finish(environment, environment.request, environment.ending)
        return [*over, self._rest(environment, now)]

    def response(self, identity: int, ending: Ending, now: float) -> list[Action]:
        """Note the runtime's response or error.

        The caller gets it when the runtime asks for the next event: Lambda's Invoke phase ends there, and a caller
        that asks again at once finds the environment ready.
        """
        environment = self.environments.get(identity)
        if environment is None or environment.request is None:
            return []
        if environment.state is not State.BUSY or environment.ending is not None:
            return []
        environment.ending = ending
        environment.duration = now - environment.since
        return []

    def exit(self, identity: int, ending: Ending, now: float) -> list[Action]:
        """Handle the end of a process that the fleet did not order."""
        environment = self.environments.get(identity)
        return [] if environment is None else self._lose(environment, now, ending)

    def tick(self, now: float) -> list[Action]:
        """Fire every timer that is due."""
        actions: list[Action] = []
        while self._timers and self._timers[0][0] <= now:
            at, identity = heapq.heappop(self._timers)
            environment = self.environments.get(identity)
            if environment is None or environment.timer != at:
                continue
            environment.timer = NEVER
            if environment.deadline > now:
                self._set_timer(environment)
            else:
                actions += [Kill(identity), *self._lose(environment, now, Ending.TIMEOUT)]
        return actions

    # --- transitions ---

    def _provision(self, now: float) -> Start:
        return self._add(ExecutionEnvironment(next(self._ids), True, now))

    def _start(self, request: str, now: float) -> Start:
        self.counts["cold"] += 1
        environment = ExecutionEnvironment(next(self._ids), False, now, request=request)
        self._share(environment)
        return self._add(environment)

    def _add(self, environment: ExecutionEnvironment) -> Start:
        self.environments[environment.id] = environment
        return Start(environment.id, 1)

    def _pick(self, now: float) -> ExecutionEnvironment | None:
        """Choose a provisioned environment within the provision's rate, else the one used last: the others idle."""
        for provisioned in (True, False):
            idle = self._idle[provisioned]
            if idle and (not provisioned or self._provisioned_rate.has(now)):
                return next(reversed(idle.values()))
        return None

    def _deliver(self, environment: ExecutionEnvironment, request: str, since: float, deadline: float) -> Deliver:
        environment.state = State.BUSY
        environment.request = request
        environment.since = since
        self._set_deadline(environment, deadline)
        return Deliver(environment.id, request, deadline)

    def _rest(self, environment: ExecutionEnvironment, now: float) -> Freeze:
        environment.state = State.READY
        environment.request = environment.ending = None
        self._idle[environment.provisioned][environment.id] = environment
        self._set_deadline(environment, NEVER if environment.provisioned else now + self.scaling.idle_lifetime)
        return Freeze(environment.id)

    def _lose(self, environment: ExecutionEnvironment, now: float, ending: Ending) -> list[Action]:
        """Handle a process that is gone: retry an INIT, answer a request, renew a provision."""
        if environment.state is State.INIT and environment.attempt == 1 and environment.request is not None:
            environment.failed_init = now - environment.since
            environment.attempt = 2
            environment.since = now
            environment.deadline = NEVER
            return [Start(environment.id, 2)]
        del self.environments[environment.id]
        if environment.state is State.READY:
            del self._idle[environment.provisioned][environment.id]
        actions: list[Action] = []
        if environment.request is not None:
            if environment.ending is None:
                environment.duration = now - environment.since
                if ending is Ending.TIMEOUT:
                    environment.duration = min(environment.duration, self.scaling.timeout)
            actions += self._finish(environment, environment.request, environment.ending or ending)
        if environment.provisioned:
            if environment.state is State.INIT:
                self.counts["provisioned-failed"] += 1
            else:
                actions.append(self._provision(now))
        return actions

    def _refuse(self, request: str, throttle: Throttle) -> list[Action]:
        self.counts[f"throttle:{throttle.value}"] += 1
        self.counts[Ending.THROTTLED.value] += 1
        return [InvocationAnswer(request, Ending.THROTTLED, throttle)]

    def _finish(self, environment: ExecutionEnvironment, request: str, ending: Ending) -> list[Action]:
        """End an invocation: an answer, a report, a place that is free again."""
        self.counts[ending.value] += 1
        self._busy -= 1
        if environment.shared:
            self.account.busy -= 1
            environment.shared = False
        report = InvocationReport(
            request,
            environment.id,
            ending,
            environment.duration,
            None if environment.attempt == 2 else environment.init,
            environment.failed_init,
            environment.provisioned,
        )
        environment.init = None
        environment.failed_init = 0.0
        environment.attempt = 1
        return [InvocationAnswer(request, ending), report]

    def _share(self, environment: ExecutionEnvironment) -> None:
        if self.scaling.reserved is None:
            self.account.busy += 1
            environment.shared = True

    def _set_deadline(self, environment: ExecutionEnvironment, deadline: float) -> None:
        environment.deadline = deadline
        if deadline < environment.timer:
            self._set_timer(environment)

    def _set_timer(self, environment: ExecutionEnvironment) -> None:
        """Keep one live timer an environment: a later deadline waits for the earlier timer, which sets it again."""
        environment.timer = environment.deadline
        if environment.deadline != NEVER:
            heapq.heappush(self._timers, (environment.timer, environment.id))
