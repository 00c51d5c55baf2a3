"""The pool's vocabulary: its limits, its figures, the driver port, and the kinds of a driver's errors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple, Protocol, TypeVar

C = TypeVar("C")


class Fault(Enum):
    """What an error says of the connection on which it happened."""

    LOST = auto()
    """The connection is dead, and was before or while the statement ran. A read may run once more on another."""
    HUNG = auto()
    """The database does not answer in time. The connection is of no use, and asking again would double the wait."""
    BUSY = auto()
    """The database cannot take more now; the connection is good."""
    OWN = auto()
    """The statement is at fault, says the database; the connection is good."""
    STRANGE = auto()
    """Not an error of the database: the connection may be in the middle of an answer."""


class Driver(Protocol[C]):
    """What the pool asks of a database driver."""

    def connect(self) -> C:
        """Return a new connection, ready for statements."""
        ...

    def close(self, connection: C) -> None:
        """End a connection, dead or alive. Raises nothing."""
        ...

    def fault(self, problem: Exception) -> Fault:
        """Return what an exception of a statement, or of `connect`, says."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The pool's policy. Times are seconds."""

    size: int = 2
    """Connections of one process, at most. Pods * workers * size have to fit the database (see `budget`)."""
    borrow_timeout: float = 2.0
    """How long a borrower waits for a connection."""
    max_waiting: int = 64
    """Borrowers that may wait at once."""
    lifetime: float = 1800.0
    """How old a connection may grow: below what the database, a proxy or a balancer would cut by itself."""
    jitter: float = 0.2
    """The share of the lifetime by which a connection may die earlier, so that a fleet does not reconnect at once."""
    retry_after: float = 0.5
    """After a failed connect no other is tried for so long, so that a database that starts is not flooded."""


class Stats(NamedTuple):
    """What a pool does and did. All but the first four (`GAUGES`) only ever grow."""

    size: int
    open: int
    in_use: int
    waiting: int
    borrows: int
    borrow_seconds: float
    """The time that borrowers waited, connecting included, in all."""
    connects: int
    connect_failures: int
    reconnects: int
    """Reads that ran a second time, because their connection was dead."""
    expired: int
    """Connections that were closed for their age."""
    refused: int
    """Borrowers sent away: too many waiting, or too long."""


GAUGES = frozenset({"size", "open", "in_use", "waiting"})
"""The figures of `Stats` that go down too."""
