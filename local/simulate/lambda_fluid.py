"""Lambda's environments by rates instead of single requests: seconds where it is quiet, hundredths of it in a burst.

Environments are taken last used first, so that the k-th one is used whenever k requests are at work at once. Hence a
fleet is as large as the most that were at work in the idle lifetime, and an environment starts when all are at work.
Requests at work are Poisson distributed (M/G/infinity); those that find all environments at work are Erlang's loss.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass

from local.simulate import rules
from local.simulate.queueing import erlang_b

FINE = 0.01
"""Seconds of a step in a burst."""
CALM = 0.05
"""Environments expected to start while another does, up to which a second is taken whole."""


@dataclass(frozen=True)
class FluidStep:
    """What a step did, in requests; environments at its end."""

    cold: float
    throttled: float
    environments: float
    busy: float
    on_provisioned: float = 0.0
    """Requests at work on provisioned environments, on average."""


class FluidFleet:
    """The environments of one function."""

    def __init__(self, duration: float, init: float, idle: float, concurrency: int, seed: int) -> None:
        self.duration, self.init, self.idle, self.concurrency = duration, init, idle, concurrency
        self._chance = random.Random(seed)  # noqa: S311 (a simulation)
        self._window: deque[tuple[float, int]] = deque()
        """Most at work at a time, falling: a maximum over a sliding window."""
        self._starting: deque[tuple[float, int]] = deque()
        self._tokens = rules.LAMBDA_BURST.value

    def step(self, now: float, seconds: float, rate: float, provisioned: int = 0) -> FluidStep:
        """Serve a rate for some seconds."""
        admitted = min(rate, rules.LAMBDA_RATE.value * self.concurrency)
        throttled = (rate - admitted) * seconds
        rest = admitted
        if provisioned:
            served = admitted * (1 - _loss(provisioned, admitted * self.duration))
            rest = admitted - min(served, rules.LAMBDA_RATE.value * provisioned)
        self._tokens = min(rules.LAMBDA_BURST.value, self._tokens + rules.LAMBDA_BURST.value / 10 * seconds)
        room = max(0, self.concurrency - provisioned)
        offered = rest * self.duration
        self._age(now)
        warm = min(self._size, room)
        if self._starting or rest * _loss(warm, offered) * self.init > CALM:
            cold, refused = self._burst(now, seconds, rest, room)
        else:
            most = self._most_at_work(rest, offered, seconds)
            wanted = max(0, most - warm)
            cold = min(wanted, int(self._tokens), max(0, room - warm))
            refused = wanted - cold
            self._note(now, min(most, warm + cold))
        self._tokens -= cold
        at_work = admitted * self.duration
        return FluidStep(
            cold, throttled + refused, self._size + provisioned, at_work, (admitted - rest) * self.duration
        )

    def lose(self, share: float) -> None:
        """Lose a share of the environments, as with a zone."""
        self._window = deque((at, math.floor(size * (1 - share))) for at, size in self._window)

    @property
    def _size(self) -> int:
        return self._window[0][1] if self._window else 0

    def _age(self, now: float) -> None:
        while self._window and self._window[0][0] <= now - self.idle:
            self._window.popleft()

    def _note(self, now: float, at_work: int) -> None:
        while self._window and self._window[-1][1] <= at_work:
            self._window.pop()
        if at_work:
            self._window.append((now, at_work))

    def _burst(self, now: float, seconds: float, rate: float, room: int) -> tuple[int, float]:
        """Go through a step in hundredths of a second: what starts serves no other for its INIT and its request."""
        offered = rate * self.duration
        starting = sum(count for _, count in self._starting)
        warm = min(self._size, room) - starting
        cold, refused, tokens = 0, 0.0, self._tokens
        steps = max(1, round(seconds / FINE))
        for at in range(steps):
            time = now + at * FINE
            while self._starting and self._starting[0][0] <= time:
                count = self._starting.popleft()[1]
                starting -= count
                warm += count
            wanted = self._poisson(rate * FINE * _loss(max(0, warm), offered))
            started = max(0, min(wanted, int(tokens), room - warm - starting))
            refused += wanted - started
            if started:
                cold += started
                tokens -= started
                starting += started
                self._starting.append((time + self.init + self.duration, started))
        self._note(now, warm + starting)
        return cold, refused

    def _most_at_work(self, rate: float, offered: float, seconds: float) -> int:
        """Draw the most requests at work at once: it stays at k or below with exp(-rate * seconds * P(N = k))."""
        if rate <= 0:
            return 0
        luck = max(self._chance.random(), 1e-300)
        if luck >= 1.0:
            return 0
        below = math.log(-math.log(luck)) - math.log(rate * seconds)
        low = int(offered)
        if _log_poisson(low, offered) <= below:
            return 0 if low == 0 else low
        high = low + 8 + int(12 * math.sqrt(offered))
        while high - low > 1:
            middle = (low + high) // 2
            if _log_poisson(middle, offered) <= below:
                high = middle
            else:
                low = middle
        return high

    def _poisson(self, mean: float) -> int:
        if mean <= 0:
            return 0
        if mean > 30:
            return max(0, round(self._chance.gauss(mean, math.sqrt(mean))))
        limit, product, count = math.exp(-mean), self._chance.random(), 0
        while product > limit:
            product *= self._chance.random()
            count += 1
        return count


def _log_poisson(count: int, mean: float) -> float:
    return count * math.log(mean) - mean - math.lgamma(count + 1)


def _loss(servers: int, offered: float) -> float:
    """Return Erlang's loss; well above the load it is the Poisson probability of all servers at work."""
    if offered <= 0:
        return 0.0
    if servers > offered + 3 * math.sqrt(offered) + 3:
        return math.exp(_log_poisson(servers, offered))
    return erlang_b(servers, offered)
