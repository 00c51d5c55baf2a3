"""How a process shares its few database connections: one policy for Lambda and for pods, knowing no driver.

A pool hands a connection to one borrower at a time, first come, first served, and opens one only when a borrower needs
it, so a Lambda environment, which does one thing at a time, never has more than one. Waiting is bounded in time and in
number; beyond that, and while the database cannot be reached, the answer is `Unavailable`.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from crossover.runner import Unavailable
from crossover.stores.policy import C, Driver, Fault, Limits, Stats

T = TypeVar("T")


@dataclass(slots=True)
class _Member(Generic[C]):
    """One of the pool's places: the connection on it, or None while it has none, and when that has to go."""

    connection: C | None = None
    expires: float = 0.0


class _Waiter(Generic[C]):
    """One borrower in the queue, which waits for `ready` and then finds its answer in `outcome`."""

    __slots__ = ("outcome", "ready")

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.outcome: _Member[C] | str = ""
        """A place, to open a connection on where it has none; or why there is none."""

    def answer(self, outcome: _Member[C] | str) -> None:
        self.outcome = outcome
        self.ready.set()


class Pool(Generic[C]):
    """At most `limits.size` connections, for any number of threads. Clock and chance (0 to 1) are injected."""

    def __init__(
        self,
        driver: Driver[C],
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._driver = driver
        self._limits = limits
        self._clock = clock
        self._chance = chance
        self._lock = threading.Lock()
        self._idle: list[_Member[C]] = []
        self._queue: deque[_Waiter[C]] = deque()
        self._places = 0
        """Places taken: connections that are open, and those that are being opened."""
        self._closed = False
        self._no_connect_before = float("-inf")
        self._borrows = self._connects = self._connect_failures = self._reconnects = self._expired = self._refused = 0
        self._borrow_seconds = 0.0

    def read(self, work: Callable[[C], T]) -> T:
        """Run a read on a connection, and once more on a new one where that was dead.

        Raises:
            Unavailable: Where no connection is available or the database does not answer; what `work` raises passes
                through where the statement is at fault.
        """
        member = self._borrow()
        usable = False
        try:
            result = self._attempt(member, work)
            usable = True
            return result
        except Exception as problem:
            fault = self._driver.fault(problem)
            usable = fault in (Fault.BUSY, Fault.OWN)
            if fault in (Fault.OWN, Fault.STRANGE):
                raise
            raise Unavailable(f"the database {'is busy' if usable else 'does not answer'}: {problem}") from problem
        finally:
            self._give_back(member, usable)

    def stats(self) -> Stats:
        """Return the figures of this moment."""
        with self._lock:
            return Stats(
                self._limits.size,
                self._places,
                self._places - len(self._idle),
                len(self._queue),
                self._borrows,
                self._borrow_seconds,
                self._connects,
                self._connect_failures,
                self._reconnects,
                self._expired,
                self._refused,
            )

    def close(self) -> None:
        """Close idle connections now and the others as they come back; refuse waiting borrowers. Twice is harmless."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            self._places -= len(idle)
            self._send_away("the pool is closed")
        for member in idle:
            self._disconnect(member)

    def _attempt(self, member: _Member[C], work: Callable[[C], T]) -> T:
        connection = member.connection
        if connection is not None and self._clock() >= member.expires:
            self._disconnect(member)
            with self._lock:
                self._expired += 1
            connection = None
        try:
            return work(connection or self._connect(member))
        except Exception as problem:
            if self._driver.fault(problem) is not Fault.LOST:
                raise
        # The other connections most likely died with it: each is renewed when it is next lent.
        self._disconnect(member)
        with self._lock:
            self._reconnects += 1
        return work(self._connect(member))

    def _connect(self, member: _Member[C]) -> C:
        try:
            connection = self._driver.connect()
        except Exception as problem:
            with self._lock:
                self._connect_failures += 1
                self._no_connect_before = self._clock() + self._limits.retry_after
            raise Unavailable(f"no connection to the database: {problem}") from problem
        with self._lock:
            self._connects += 1
        member.connection = connection
        member.expires = self._clock() + self._limits.lifetime * (1 - self._limits.jitter * self._chance())
        return connection

    def _disconnect(self, member: _Member[C]) -> None:
        connection, member.connection = member.connection, None
        if connection is not None:
            self._driver.close(connection)

    def _borrow(self) -> _Member[C]:
        """Return a place that is this thread's alone until it is given back. Raises `Unavailable`."""
        started = self._clock()
        with self._lock:
            if self._idle and not self._queue:
                member = self._idle.pop()
                self._borrows += 1
                return member
            if self._closed:
                raise Unavailable("the pool is closed")
            waiter: _Waiter[C] = _Waiter()
            self._queue.append(waiter)
            self._let_in()
            if len(self._queue) > self._limits.max_waiting:
                self._queue.pop()
                waiter.answer(f"{self._limits.max_waiting} requests wait for a database connection already")
        waiter.ready.wait(self._limits.borrow_timeout)
        with self._lock:
            if not waiter.ready.is_set():
                self._queue.remove(waiter)
                waiter.answer(f"no database connection within {self._limits.borrow_timeout:g} s")
            if isinstance(waiter.outcome, str):
                self._refused += 1
                raise Unavailable(waiter.outcome)
            self._borrows += 1
            self._borrow_seconds += self._clock() - started
            return waiter.outcome

    def _give_back(self, member: _Member[C], usable: bool) -> None:
        leaving: Sequence[_Member[C]] = (member,)
        with self._lock:
            if usable and member.connection is not None and not self._closed:
                if self._queue:
                    self._queue.popleft().answer(member)
                    return
                # The last to come back is the first to be lent again: those below it are seen to here, if ever.
                leaving = self._without_expired() if self._idle else ()
                self._idle.append(member)
        if not leaving:
            return
        for expired in leaving:
            self._disconnect(expired)
        with self._lock:
            self._places -= len(leaving)
            self._let_in()

    def _without_expired(self) -> list[_Member[C]]:
        """Remove the idle connections that are too old from the list, and return them to be closed."""
        now = self._clock()
        expired = [member for member in self._idle if now >= member.expires]
        if expired:
            self._idle = [member for member in self._idle if now < member.expires]
            self._expired += len(expired)
        return expired

    def _let_in(self) -> None:
        """Give free places to the first waiters, or refuse all of them where no place will come back."""
        may_connect = self._clock() >= self._no_connect_before
        while self._queue and may_connect and self._places < self._limits.size:
            self._places += 1
            self._queue.popleft().answer(_Member())
        if not self._places:
            self._send_away("the database could not be reached a moment ago")

    def _send_away(self, reason: str) -> None:
        while self._queue:
            self._queue.popleft().answer(reason)
