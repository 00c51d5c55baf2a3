"""The pool's decisions, on a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.emulator.rds_proxy.pool import BorrowTicket, ConnectionPool, PoolKey, PoolLimits
from local.emulator.rds_proxy.tracked import SessionState

KEY, OTHER = PoolKey("reader", 0), PoolKey("writer", 0)
PLAIN = SessionState()
ZONE = SessionState(b"", (("TIME_ZONE", "'+01:00'"),))
MODE = SessionState(b"", (("SQL_MODE", "'ANSI'"),))


@dataclass(eq=False)
class FakeConnection:
    key: PoolKey = KEY
    state: SessionState = field(default_factory=SessionState)
    opened_at: float = 0.0
    returned_at: float = 0.0
    closed: bool = False

    def close(self) -> None:
        self.closed = True


Ticket = BorrowTicket[FakeConnection]


class Bench:
    """A pool whose connections open when the test says so."""

    def __init__(self, most: int = 1, idle: int = 1, timeout: float = 10.0) -> None:
        self.asked: list[PoolKey] = []
        self.pool: ConnectionPool[FakeConnection] = ConnectionPool(
            PoolLimits(most, idle, timeout), lambda key, state: self.asked.append(key)
        )
        self.granted: list[tuple[str, FakeConnection]] = []
        self.refused: list[tuple[str, str]] = []

    def borrow(
        self, name: str, state: SessionState = ZONE, now: float = 0.0, key: PoolKey = KEY
    ) -> BorrowTicket[FakeConnection]:
        ticket: BorrowTicket[FakeConnection] = BorrowTicket(
            key,
            state,
            state,
            lambda connection: self.granted.append((name, connection)),
            lambda reason: self.refused.append((name, reason)),
        )
        self.pool.borrow(ticket, now)
        return ticket

    def open(self, state: SessionState = PLAIN, now: float = 0.0) -> FakeConnection:
        connection = FakeConnection(self.asked.pop(0), state)
        self.pool.opened(connection, now)
        return connection


def test_a_connection_is_opened_when_one_is_needed_and_no_earlier() -> None:
    bench = Bench(most=3)
    assert bench.asked == []
    bench.borrow("a")
    bench.borrow("b")
    assert bench.asked == [KEY, KEY]
    first = bench.open()
    assert bench.granted == [("a", first)]
    assert (bench.pool.borrowed, bench.pool.idle, bench.pool.waiting) == (1, 0, 1)


def test_who_asks_first_is_served_first() -> None:
    bench = Bench()
    for name in "abcd":
        bench.borrow(name)
    connection = bench.open()
    for _ in range(3):
        bench.pool.give_back(connection, 1.0)
    assert [name for name, _ in bench.granted] == list("abcd")


def test_a_connection_of_equal_values_is_lent_before_any_other() -> None:
    bench = Bench(most=2, idle=2)
    bench.borrow("a"), bench.borrow("b")
    plain, zoned = bench.open(), bench.open(ZONE)
    bench.pool.give_back(zoned, 1.0), bench.pool.give_back(plain, 2.0)
    bench.borrow("c", ZONE)
    bench.borrow("d", MODE)
    assert bench.granted[2:] == [("c", zoned), ("d", plain)]


def test_at_the_limit_a_connection_of_other_values_is_lent_to_be_reset() -> None:
    bench = Bench(most=2, idle=2)
    bench.borrow("a")
    zoned = bench.open(ZONE)
    bench.pool.give_back(zoned, 1.0)
    bench.borrow("b", MODE)
    assert bench.asked == [KEY]
    bench.open()
    bench.borrow("c", MODE)
    assert [name for name, _ in bench.granted] == ["a", "b", "c"]
    assert bench.granted[-1][1] is zoned


def test_a_session_without_a_database_gets_no_connection_with_one() -> None:
    bench = Bench()
    bench.borrow("a", SessionState(b"twitter"))
    used = bench.open(SessionState(b"twitter"))
    bench.pool.give_back(used, 1.0)
    bench.borrow("b", SessionState())
    assert used.closed
    assert bench.asked == [KEY]
    bench.pool.lost(used, 1.1)
    fresh = bench.open()
    assert bench.granted[-1] == ("b", fresh)
    assert (bench.pool.borrowed, bench.pool.idle) == (1, 0)


def test_a_connection_of_another_user_makes_room() -> None:
    bench = Bench()
    bench.borrow("a")
    reader = bench.open()
    bench.pool.give_back(reader, 1.0)
    bench.borrow("b", key=OTHER)
    assert reader.closed
    assert bench.asked == [OTHER]


def test_who_waits_too_long_is_refused_and_nobody_else() -> None:
    bench = Bench(timeout=10.0)
    bench.borrow("a"), bench.open()
    bench.borrow("b", now=5.0), bench.borrow("c", now=8.0)
    bench.pool.tick(14.9)
    assert bench.refused == []
    bench.pool.tick(15.0)
    assert bench.refused == [("b", "")]
    bench.pool.give_back(bench.granted[0][1], 16.0)
    assert bench.granted[-1][0] == "c"


def test_a_ticket_that_is_taken_back_is_not_served() -> None:
    bench = Bench()
    bench.borrow("a")
    connection = bench.open()
    ticket = bench.borrow("b")
    bench.pool.cancel(ticket), bench.pool.cancel(ticket)
    bench.pool.give_back(connection, 1.0)
    assert [name for name, _ in bench.granted] == ["a"]
    assert bench.pool.idle == 1


def test_a_failed_connect_is_tried_again_after_a_while_and_keeps_who_waits() -> None:
    bench = Bench()
    bench.borrow("a")
    bench.asked.clear()
    bench.pool.open_failed(KEY, 1.0)
    bench.pool.tick(1.1)
    assert bench.asked == []
    bench.pool.tick(1.2)
    assert bench.asked == [KEY]
    connection = bench.open(now=1.3)
    assert bench.granted == [("a", connection)]


def test_a_refusal_of_the_database_reaches_who_waits_for_that_user() -> None:
    bench = Bench(most=2)
    bench.borrow("a"), bench.borrow("b", key=OTHER)
    bench.pool.open_failed(KEY, 1.0, "Access denied")
    assert bench.refused == [("a", "Access denied")]
    assert bench.pool.waiting == 1


def test_connections_idle_for_five_minutes_go_down_to_the_limit() -> None:
    bench = Bench(most=4, idle=2)
    for name in "abcd":
        bench.borrow(name)
    connections = [bench.open() for _ in range(4)]
    for at, connection in enumerate(connections):
        bench.pool.give_back(connection, float(at))
    bench.pool.tick(299.9)
    assert bench.pool.idle == 4
    bench.pool.tick(310.0)
    assert [connection.closed for connection in connections] == [True, True, False, False]


def test_a_free_connection_is_closed_after_a_day() -> None:
    bench = Bench(most=2, idle=2)
    bench.borrow("a"), bench.borrow("b")
    kept, lent = bench.open(), bench.open()
    bench.pool.give_back(kept, 100.0)
    bench.pool.tick(86_401.0)
    assert (kept.closed, lent.closed) == (True, False)
    bench.pool.give_back(lent, 90_000.0)
    assert lent.closed


def test_a_lost_connection_is_forgotten_and_replaced_for_who_waits() -> None:
    bench = Bench()
    bench.borrow("a")
    connection = bench.open()
    bench.borrow("b")
    bench.pool.lost(connection, 1.0)
    assert bench.pool.open == 0
    assert bench.asked == [KEY]
