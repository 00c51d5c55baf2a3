"""Sends a process' share of a load over its connections: in an open loop by a schedule, in a closed loop by answers."""

from __future__ import annotations

import asyncio
import ssl
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence

from local.load.address import LoadTarget
from local.load.client import LoadConnection, LoadRequest
from local.load.latencies import Durations
from local.load.load_plan import LoadPlan
from local.load.metronome import Metronome
from local.load.sameness import same
from local.load.schedule import arrivals
from local.workloads.requests.answers import RecordedAnswer

NOT_SENT = "not sent"
"""The error of an arrival that found no free connection in time."""
AT_ONCE = 64
"""Connections that are opened at the same time before the run: fewer than a server lets wait."""
SWEEP_SECONDS = 0.05
"""How often requests are looked at that take too long."""
PAUSE_SECONDS = 0.05
"""How long a connection of a closed loop rests after an error, so that a server that is down costs little."""


class Sender(ABC):
    """What both loops share: connections, counting, and an end."""

    def __init__(self, plan: LoadPlan, process: int, target: LoadTarget, requests: Sequence[LoadRequest]) -> None:
        self.target = target
        self.tls = ssl.create_default_context() if target.tls_name else None
        self.timeout = plan.timeout
        self.keep_alive = plan.keep_alive
        self.max_answer_bytes = plan.max_answer_bytes
        self.setups = Durations()
        self.refused = 0
        self.lags = Durations()
        self.ends = 0
        """Requests that have come to their end, warm-up included."""
        self.last_answer = 0.0
        """When the last counted answer came, on the monotonic clock."""
        self._plan = plan
        self._requests = requests
        self._number = process % len(requests)
        self._connections = [LoadConnection(self) for _ in range(plan.share(plan.connections, process))]
        self._in_flight: dict[LoadConnection, None] = {}
        self._finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self) -> None:
        """Open all connections, unless every request opens its own. What fails is counted and tried again later."""
        if not self.keep_alive:
            return
        for first in range(0, len(self._connections), AT_ONCE):
            await asyncio.gather(*(connection.connect() for connection in self._connections[first : first + AT_ONCE]))

    async def run(self, start: float) -> None:
        """Send from a moment of the monotonic clock on, until every request has come to its end."""
        loop = asyncio.get_running_loop()
        self._window = start + self._plan.warmup
        loop.call_later(SWEEP_SECONDS, self._sweep)
        self._start(start)
        try:
            await self._finished
        finally:
            for connection in self._connections:
                connection.give_up("")

    @abstractmethod
    def _start(self, start: float) -> None:
        """Begin to send at that moment."""

    @abstractmethod
    def _expire(self, before: float) -> None:
        """Give up what waits since then without a connection."""

    @abstractmethod
    def _over(self) -> bool:
        """Return whether nothing will be sent any more."""

    def _ask(self, connection: LoadConnection, since: float, counted: bool) -> None:
        requests = self._requests
        request = requests[self._number]
        self._number += self._plan.processes
        if self._number >= len(requests):
            self._number %= len(requests)
        self._in_flight[connection] = None
        connection.send(request, since, counted)

    def ended(self, connection: LoadConnection, error: str) -> None:
        """Count a request that has come to its end."""
        self._in_flight.pop(connection, None)
        self.ends += 1
        request = connection.request
        if not connection.counted or request is None:
            return
        tally = request.tally
        tally.bytes_in += connection.bytes_in
        if error:
            tally.errors[error] += 1
            return
        now = time.monotonic()
        self.last_answer = now
        status = connection.status
        tally.statuses[status] += 1
        if status != request.status:
            tally.errors[f"status {status}"] += 1
            return
        tally.latencies.add(now - connection.since)
        if request.expected is not None:
            answer = RecordedAnswer(status, tuple(connection.headers or ()), connection.body)
            tally.compared(request.service, request.expected.differing(answer))
            return
        result = connection.body.partition(b"\n")[2]
        if request.by_status or result == request.result or same(request.service, result, request.result):
            tally.right += 1
        else:
            tally.wrong += 1

    @abstractmethod
    def freed(self, connection: LoadConnection) -> None:
        """Go on with a connection."""

    def _end_if_over(self) -> None:
        if not self._in_flight and self._over() and not self._finished.done():
            self._finished.set_result(None)

    def _sweep(self) -> None:
        """Give up requests that take too long. They stand in the order of their beginning: the first is the oldest."""
        before = time.monotonic() - self.timeout
        late = []
        for connection in self._in_flight:
            if connection.since > before:
                break
            late.append(connection)
        for connection in late:
            connection.give_up("timeout")
        self._expire(before)
        self._end_if_over()
        if not self._finished.done():
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)


class OpenLoop(Sender):
    """Sends at planned moments; who finds no free connection waits, and the waiting counts."""

    def __init__(self, plan: LoadPlan, process: int, target: LoadTarget, requests: Sequence[LoadRequest]) -> None:
        super().__init__(plan, process, target, requests)
        self._schedule = arrivals(plan, process)
        self._metronome = Metronome(arrivals(plan, process), self._pump)
        self._next = next(self._schedule, None)
        self._free = deque(self._connections)
        self._waiting: deque[float] = deque()
        self._room = plan.share(plan.backlog, process)

    def _start(self, start: float) -> None:
        self._begun = start
        self._metronome.start(start)

    def _pump(self) -> None:
        """Send what is due."""
        now = time.monotonic()
        while self._next is not None and (planned := self._begun + self._next) <= now:
            self._next = next(self._schedule, None)
            if self._free and not self._waiting:
                if planned >= self._window:
                    self.lags.add(now - planned)
                self._ask(self._free.popleft(), planned, planned >= self._window)
                now = time.monotonic()
            elif len(self._waiting) < self._room:
                self._waiting.append(planned)
            else:
                self._not_sent(planned)

    def freed(self, connection: LoadConnection) -> None:
        """Take the connection for the next request."""
        if self._waiting and not self._finished.done():
            planned = self._waiting.popleft()
            self._ask(connection, planned, planned >= self._window)
        else:
            self._free.append(connection)
            if self._next is None:
                self._end_if_over()

    def _not_sent(self, planned: float) -> None:
        self.ends += 1
        if planned >= self._window:
            self._requests[self._number].tally.errors[NOT_SENT] += 1
        self._number = (self._number + self._plan.processes) % len(self._requests)

    def _expire(self, before: float) -> None:
        while self._waiting and self._waiting[0] <= before:
            self._not_sent(self._waiting.popleft())

    def _over(self) -> bool:
        return self._next is None and not self._waiting


class ClosedLoop(Sender):
    """Asks over every connection as soon as it was answered."""

    def __init__(self, plan: LoadPlan, process: int, target: LoadTarget, requests: Sequence[LoadRequest]) -> None:
        super().__init__(plan, process, target, requests)
        self._left = plan.share(plan.requests, process) if plan.requests is not None else None
        self._failed: set[LoadConnection] = set()

    async def run(self, start: float) -> None:
        """Send until the plan is fulfilled."""
        await super().run(start)
        for place, request in enumerate(self._requests):
            if rest := len(range(place, self._left or 0, len(self._requests))):
                request.tally.errors[NOT_SENT] += rest

    def _start(self, start: float) -> None:
        self._end = start + self._plan.most_seconds
        self._ask_all(start)

    def _ask_all(self, start: float) -> None:
        """Ask over every connection once it is time. The loop's timers may be a millisecond early."""
        early = start - time.monotonic()
        if early > 0:
            asyncio.get_running_loop().call_later(early, self._ask_all, start)
            return
        for connection in self._connections:
            self._next(connection)

    def _next(self, connection: LoadConnection) -> None:
        if self._over():
            self._end_if_over()
            return
        now = time.monotonic()
        counted = now >= self._window
        if counted and self._left is not None:
            self._left -= 1
        self._ask(connection, now, counted)

    def ended(self, connection: LoadConnection, error: str) -> None:
        """Count the request and what follows from it."""
        super().ended(connection, error)
        if error:
            self._failed.add(connection)

    def freed(self, connection: LoadConnection) -> None:
        """Take the connection for the next request."""
        if connection in self._failed and not self._over():
            self._failed.discard(connection)
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._next, connection)
        else:
            self._next(connection)

    def _expire(self, before: float) -> None:
        """Nothing waits for a connection here."""

    def _over(self) -> bool:
        return self._left == 0 or time.monotonic() >= self._end
