"""Which client gets which database connection, and when: one pool, no clock and no socket of its own.

The pool is asked with the time; it answers by the callbacks of a ticket and of its connector. Connections of one key
(user and protocol flags) are exchangeable as far as their tracked state allows: a session gets one whose values are its
own, else one that can be brought there, else a new one, and only at the limit one that has to be reset first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from local.emulator.rds_proxy.tracked import SessionState, can_follow

IDLE_SECONDS = 300.0
"""After so long without activity the guide calls a database connection idle."""
RECYCLE_SECONDS = 24 * 3600.0
"""The guide: closed "some time after 24 hours when they are no longer in use"."""
RETRY_SECONDS = 0.2
"""After a failed connect no other is tried for so long."""


class PoolKey(NamedTuple):
    """Connections with the same key may serve the same clients."""

    user: str
    flags: int


class PooledConnection(Protocol):
    """What the pool knows of a database connection."""

    key: PoolKey
    state: SessionState
    opened_at: float
    returned_at: float

    def close(self) -> None:
        """End the connection."""
        ...


Lent = TypeVar("Lent", bound=PooledConnection)


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of a pool. Times are seconds."""

    max_connections: int
    max_idle: int
    borrow_timeout: float


@dataclass(eq=False, slots=True)
class BorrowTicket(Generic[Lent]):
    """One client's wish for a connection."""

    key: PoolKey
    state: SessionState
    """The session's state now."""
    also: SessionState
    """The state that its statement leads to, which is as good: every session begins by setting its character set."""
    on_grant: Callable[[Lent], None]
    on_refusal: Callable[[str], None]
    asked_at: float = 0.0
    open: bool = field(default=True)


class ConnectionPool(Generic[Lent]):
    """The connections to one database.

    Args:
        limits: Bounds.
        connect: Starts to open a connection with a key, which ends in `opened` or `open_failed`.
    """

    def __init__(self, limits: PoolLimits, connect: Callable[[PoolKey, SessionState], None]) -> None:
        self.limits = limits
        self._connect = connect
        self._idle: dict[PoolKey, dict[Lent, None]] = {}
        """By key, the one that came back last at the end."""
        self._by_state: dict[tuple[PoolKey, SessionState], list[Lent]] = {}
        self._waiting: deque[BorrowTicket[Lent]] = deque()
        self._opening = 0
        self._no_connect_before = float("-inf")
        self._lent: set[Lent] = set()
        self._closed = False
        self.idle = 0

    @property
    def borrowed(self) -> int:
        """Connections that clients have."""
        return len(self._lent)

    @property
    def open(self) -> int:
        """Connections that are open."""
        return self.borrowed + self.idle

    @property
    def waiting(self) -> int:
        """Clients in the queue."""
        return len(self._waiting)

    def borrow(self, ticket: BorrowTicket[Lent], now: float) -> None:
        """Grant a ticket now, or queue it: first come, first served."""
        ticket.asked_at = now
        if not self._waiting and (connection := self._take(ticket)):
            self._grant(ticket, connection)
            return
        self._waiting.append(ticket)
        self._serve(now)

    def cancel(self, ticket: BorrowTicket[Lent]) -> None:
        """Take back a ticket that waits, because its client is gone."""
        if ticket.open:
            ticket.open = False
            self._waiting.remove(ticket)

    def give_back(self, connection: Lent, now: float) -> None:
        """Take a connection back whose state is known, and serve who waits."""
        self._lent.discard(connection)
        connection.returned_at = now
        if now - connection.opened_at > RECYCLE_SECONDS:
            connection.close()
        else:
            self._put(connection)
        if self._waiting:
            self._serve(now)

    def lost(self, connection: Lent, now: float) -> None:
        """Forget a connection that is closed, borrowed or idle, or that the pool closed itself."""
        if self._remove(connection):
            self.idle -= 1
        self._lent.discard(connection)
        self._serve(now)

    def opened(self, connection: Lent, now: float) -> None:
        """Take a new connection, and serve the tickets that wait."""
        self._opening -= 1
        connection.opened_at = connection.returned_at = now
        self._put(connection)
        self._serve(now)

    def open_failed(self, key: PoolKey, now: float, reason: str = "") -> None:
        """Take note that no connection could be opened. Tickets wait on; a `reason` refuses all of that key."""
        self._opening -= 1
        self._no_connect_before = now + RETRY_SECONDS
        if reason:
            for ticket in [waiter for waiter in self._waiting if waiter.key == key]:
                self._refuse(ticket, reason)

    def tick(self, now: float) -> None:
        """Do what time asks for: refuse tickets that waited too long, close what was idle too long, connect again."""
        while self._waiting and now - self._waiting[0].asked_at >= self.limits.borrow_timeout:
            self._refuse(self._waiting[0], "")
        self._close_idle(now)
        self._serve(now)

    def close(self) -> None:
        """Close what is idle, and lend and open no more."""
        self._closed = True
        for connections in list(self._idle.values()):
            for connection in list(connections):
                self._drop(connection)

    def _serve(self, now: float) -> None:
        if self._closed:
            return
        while self._waiting and (connection := self._take(self._waiting[0])):
            self._grant(self._waiting.popleft(), connection)
        wanted = len(self._waiting) - self._opening
        if wanted <= 0 or now < self._no_connect_before:
            return
        for ticket in list(self._waiting)[self._opening :]:
            if self.open + self._opening >= self.limits.max_connections and not self._make_room(ticket.key):
                return
            self._opening += 1
            self._connect(ticket.key, ticket.state)

    def _take(self, ticket: BorrowTicket[Lent]) -> Lent | None:
        """Return an idle connection: of equal state, one that can follow, or at the limit one to be reset."""
        for state in (ticket.also, ticket.state):
            same = self._by_state.get((ticket.key, state))
            if same:
                return self._out(same[-1])
        idle = self._idle.get(ticket.key)
        if not idle:
            return None
        for connection in reversed(idle):
            if can_follow(connection.state, ticket.state):
                return self._out(connection)
        if self.open + self._opening < self.limits.max_connections:
            return None
        for connection in idle:
            if ticket.state.database or not connection.state.database:
                return self._out(connection)
        return None

    def _make_room(self, key: PoolKey) -> bool:
        """Close an idle connection that cannot serve the key. A key's own are idle here only with a database."""
        for other, connections in self._idle.items():
            if other != key or connections:
                self._drop(next(iter(connections)))
                return True
        return False

    def _grant(self, ticket: BorrowTicket[Lent], connection: Lent) -> None:
        ticket.open = False
        self._lent.add(connection)
        ticket.on_grant(connection)

    def _refuse(self, ticket: BorrowTicket[Lent], reason: str) -> None:
        self._waiting.remove(ticket)
        ticket.open = False
        ticket.on_refusal(reason)

    def _close_idle(self, now: float) -> None:
        """Close what no activity was on for five minutes and that the limit of idle connections does not keep.

        What is older than a day goes whatever the limit says.
        """
        for connections in list(self._idle.values()):
            for connection in list(connections):
                idle_long = now - connection.returned_at >= IDLE_SECONDS
                if (idle_long and self.open > self.limits.max_idle) or now - connection.opened_at > RECYCLE_SECONDS:
                    self._drop(connection)

    def _put(self, connection: Lent) -> None:
        self.idle += 1
        self._idle.setdefault(connection.key, {})[connection] = None
        self._by_state.setdefault((connection.key, connection.state), []).append(connection)

    def _out(self, connection: Lent) -> Lent:
        self._remove(connection)
        self.idle -= 1
        return connection

    def _drop(self, connection: Lent) -> None:
        self._out(connection).close()

    def _remove(self, connection: Lent) -> bool:
        idle = self._idle.get(connection.key, {})
        if connection not in idle:
            return False
        del idle[connection]
        if not idle:
            del self._idle[connection.key]
        place = (connection.key, connection.state)
        same = self._by_state[place]
        same.remove(connection)
        if not same:
            del self._by_state[place]
        return True
