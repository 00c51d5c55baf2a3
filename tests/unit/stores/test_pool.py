"""The pool's policy, with a driver and a clock that do as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from crossover.runner import Unavailable
from crossover.stores.policy import Fault, Limits
from crossover.stores.pool import Pool


class Lost(Exception):
    fault = Fault.LOST


class Hung(Exception):
    fault = Fault.HUNG


class Busy(Exception):
    fault = Fault.BUSY


class Wrong(Exception):
    fault = Fault.OWN


@dataclass
class Connection:
    number: int
    closed: bool = False


@dataclass
class FakeDriver:
    """Connections that remember whether they were closed."""

    made: list[Connection] = field(default_factory=list)
    refuses: bool = False

    def connect(self) -> Connection:
        if self.refuses:
            raise Lost
        self.made.append(Connection(len(self.made)))
        return self.made[-1]

    def close(self, connection: Connection) -> None:
        connection.closed = True

    def fault(self, problem: Exception) -> Fault:
        return getattr(problem, "fault", Fault.STRANGE)

    def open(self) -> list[int]:
        return [each.number for each in self.made if not each.closed]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def pool_of(
    driver: FakeDriver, clock: Clock | None = None, chance: Callable[[], float] = lambda: 0.0, **limits: float
) -> Pool[Connection]:
    return Pool(driver, Limits(**limits), clock=clock or Clock(), chance=chance)  # type: ignore[arg-type]


def number(connection: Connection) -> int:
    return connection.number


class Borrower(threading.Thread):
    """Reads once in a thread of its own, for as long as it is let; keeps what it got."""

    def __init__(self, pool: Pool[Connection], work: Callable[[Connection], int] = number) -> None:
        super().__init__(daemon=True)
        self.pool = pool
        self.work = work
        self.entered = threading.Event()
        self.leave = threading.Event()
        self.result: int | str | None = None
        self.start()

    def run(self) -> None:
        try:
            self.result = self.pool.read(self.hold)
        except Unavailable as problem:
            self.result = str(problem)

    def hold(self, connection: Connection) -> int:
        self.entered.set()
        assert self.leave.wait(10)
        return self.work(connection)

    def finish(self) -> int | str | None:
        self.leave.set()
        self.join(10)
        return self.result


def wait_until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(5000):
        if true():
            return
        pause.wait(0.002)
    raise AssertionError("it never came true")


def test_nothing_is_connected_before_the_first_read() -> None:
    driver = FakeDriver()
    pool = pool_of(driver)
    assert driver.made == []
    assert pool.stats().open == 0


def test_one_thread_never_has_more_than_one_connection() -> None:
    driver = FakeDriver()
    pool = pool_of(driver, size=5)
    assert [pool.read(number) for _ in range(10)] == [0] * 10
    assert pool.stats()[:5] == (5, 1, 0, 0, 10)


def test_there_are_never_more_connections_than_the_size() -> None:
    driver = FakeDriver()
    pool = pool_of(driver, size=2)
    borrowers = [Borrower(pool) for _ in range(6)]
    wait_until(lambda: pool.stats().waiting == 4)
    assert pool.stats().in_use == 2
    assert {each.finish() for each in borrowers} == {0, 1}
    assert driver.open() == [0, 1]
    assert pool.stats().borrows == 6


def test_who_waits_first_is_served_first() -> None:
    pool = pool_of(FakeDriver(), size=1)
    order: list[int] = []
    holder = Borrower(pool)
    assert holder.entered.wait(10)
    borrowers = []
    for at in range(4):
        borrowers.append(Borrower(pool, lambda _, at=at: order.append(at) or at))  # type: ignore[misc, func-returns-value]
        wait_until(lambda at=at: pool.stats().waiting == at + 1)  # type: ignore[misc]
        borrowers[-1].leave.set()
    holder.finish()
    for each in borrowers:
        each.join(10)
    assert order == [0, 1, 2, 3]


def test_a_borrower_waits_no_longer_than_the_borrow_timeout() -> None:
    pool = pool_of(FakeDriver(), size=1, borrow_timeout=0.01)
    holder = Borrower(pool)
    assert holder.entered.wait(10)
    with pytest.raises(Unavailable, match=r"no database connection within 0\.01 s"):
        pool.read(number)
    assert pool.stats().refused == 1
    assert pool.stats().waiting == 0
    assert holder.finish() == 0


def test_no_more_borrowers_wait_than_allowed() -> None:
    pool = pool_of(FakeDriver(), size=1, max_waiting=1)
    holder = Borrower(pool)
    assert holder.entered.wait(10)
    waiting = Borrower(pool)
    wait_until(lambda: pool.stats().waiting == 1)
    with pytest.raises(Unavailable, match="1 requests wait"):
        pool.read(number)
    waiting.leave.set()
    assert (holder.finish(), waiting.finish()) == (0, 0)


def test_a_read_on_a_dead_connection_runs_once_more_on_a_new_one() -> None:
    driver = FakeDriver()
    pool = pool_of(driver)

    def dead_at_first(connection: Connection) -> int:
        if connection.number == 0:
            raise Lost
        return connection.number

    assert pool.read(dead_at_first) == 1
    assert driver.open() == [1]
    assert (pool.stats().reconnects, pool.stats().connects) == (1, 2)


def test_a_read_does_not_run_a_third_time() -> None:
    driver = FakeDriver()
    pool = pool_of(driver)
    runs: list[int] = []

    def always_dead(connection: Connection) -> int:
        runs.append(connection.number)
        raise Lost

    with pytest.raises(Unavailable, match="does not answer"):
        pool.read(always_dead)
    assert runs == [0, 1]
    assert driver.open() == []
    assert pool.stats().open == 0


def test_a_read_that_hangs_is_not_asked_again() -> None:
    driver = FakeDriver()
    pool = pool_of(driver)

    def hangs(connection: Connection) -> int:
        raise Hung

    with pytest.raises(Unavailable, match="does not answer"):
        pool.read(hangs)
    assert len(driver.made) == 1
    assert driver.open() == []


def test_a_busy_database_is_unavailable_and_keeps_its_connection() -> None:
    driver = FakeDriver()
    pool = pool_of(driver)

    def busy(connection: Connection) -> int:
        raise Busy

    with pytest.raises(Unavailable, match="is busy") as problem:
        pool.read(busy)
    assert problem.value.retry_after >= 1
    assert pool.read(number) == 0


def test_a_wrong_statement_is_its_askers_affair_and_keeps_the_connection() -> None:
    pool = pool_of(FakeDriver())

    def wrong(connection: Connection) -> int:
        raise Wrong

    with pytest.raises(Wrong):
        pool.read(wrong)
    assert pool.read(number) == 0


@pytest.mark.parametrize("problem", [KeyboardInterrupt, ZeroDivisionError])
def test_a_connection_interrupted_in_the_middle_is_not_used_again(problem: type[BaseException]) -> None:
    driver = FakeDriver()
    pool = pool_of(driver)

    def interrupted(connection: Connection) -> int:
        raise problem

    with pytest.raises(problem):
        pool.read(interrupted)
    assert driver.open() == []
    assert pool.read(number) == 1


def test_a_connection_that_is_too_old_is_replaced() -> None:
    driver, clock = FakeDriver(), Clock()
    pool = pool_of(driver, clock, lifetime=100)
    pool.read(number)
    clock.now += 99.9
    assert pool.read(number) == 0
    clock.now += 0.2
    assert pool.read(number) == 1
    assert driver.open() == [1]
    assert pool.stats().expired == 1
    assert pool.stats().reconnects == 0


def test_a_connection_that_nobody_needs_any_more_is_closed_when_it_is_too_old() -> None:
    driver, clock = FakeDriver(), Clock()
    chances = iter((0.0, 1.0))
    pool = pool_of(driver, clock, lambda: next(chances), size=2, lifetime=100, jitter=0.2)
    assert pool.read(lambda first: (first.number, pool.read(number))) == (0, 1)
    clock.now += 79
    assert pool.read(number) == 0
    assert driver.open() == [0, 1]
    clock.now += 2
    assert pool.read(number) == 0
    assert driver.open() == [0]
    assert (pool.stats().open, pool.stats().in_use, pool.stats().expired) == (1, 0, 1)


def test_the_lifetime_is_shorter_by_chance() -> None:
    driver, clock = FakeDriver(), Clock()
    pool = pool_of(driver, clock, lambda: 0.5, lifetime=100, jitter=0.2)
    pool.read(number)
    clock.now += 90.1
    assert pool.read(number) == 1


def test_a_database_that_refuses_is_left_alone_for_a_moment() -> None:
    driver, clock = FakeDriver(refuses=True), Clock()
    pool = pool_of(driver, clock, retry_after=0.5)
    with pytest.raises(Unavailable, match="no connection to the database"):
        pool.read(number)
    driver.refuses = False
    with pytest.raises(Unavailable, match="a moment ago"):
        pool.read(number)
    assert driver.made == []
    clock.now += 0.5
    assert pool.read(number) == 0
    assert pool.stats().connect_failures == 1


def test_who_waits_is_served_by_the_connections_there_are_while_no_other_can_be_made() -> None:
    driver = FakeDriver()
    pool = pool_of(driver, size=2)
    holder = Borrower(pool)
    assert holder.entered.wait(10)
    driver.refuses = True
    with pytest.raises(Unavailable, match="no connection"):
        pool.read(number)
    waiting = Borrower(pool)
    wait_until(lambda: pool.stats().waiting == 1)
    waiting.leave.set()
    assert (holder.finish(), waiting.finish()) == (0, 0)


def test_who_waits_is_sent_away_when_the_last_connection_is_gone_for_good() -> None:
    driver = FakeDriver()
    pool = pool_of(driver, size=1)

    def dies(connection: Connection) -> int:
        raise Lost

    holder = Borrower(pool, dies)
    assert holder.entered.wait(10)
    waiting = Borrower(pool)
    wait_until(lambda: pool.stats().waiting == 1)
    driver.refuses = True
    assert "no connection" in str(holder.finish())
    assert "a moment ago" in str(waiting.finish())
    assert pool.stats()[1:4] == (0, 0, 0)


def test_who_waits_opens_a_connection_in_place_of_one_that_hung() -> None:
    driver = FakeDriver()
    pool = pool_of(driver, size=1)

    def hangs(connection: Connection) -> int:
        raise Hung

    holder = Borrower(pool, hangs)
    assert holder.entered.wait(10)
    waiting = Borrower(pool)
    wait_until(lambda: pool.stats().waiting == 1)
    holder.finish()
    assert waiting.finish() == 1
    assert driver.open() == [1]


def test_a_closed_pool_closes_idle_connections_now_and_others_as_they_come_back() -> None:
    driver = FakeDriver()
    pool = pool_of(driver, size=2)
    first, second = Borrower(pool), Borrower(pool)
    assert first.entered.wait(10)
    assert second.entered.wait(10)
    first.finish()
    assert len(driver.open()) == 2
    pool.close()
    assert len(driver.open()) == 1
    assert second.finish() in (0, 1)
    assert driver.open() == []
    pool.close()
    with pytest.raises(Unavailable, match="closed"):
        pool.read(number)


def test_closing_sends_away_who_waits() -> None:
    pool = pool_of(FakeDriver(), size=1)
    holder = Borrower(pool)
    assert holder.entered.wait(10)
    waiting = Borrower(pool)
    wait_until(lambda: pool.stats().waiting == 1)
    pool.close()
    assert waiting.finish() == "the pool is closed"
    assert holder.finish() == 0
