"""The parts of the MySQL store that need no server: errors, statements, rows, sums."""

from __future__ import annotations

import pytest
from pymysql.err import InterfaceError, InternalError, OperationalError, ProgrammingError

from crossover.runner import Refused
from crossover.stores.policy import Fault
from crossover_mysql import store
from crossover_mysql.budget import budget
from crossover_mysql.credentials import Fixed
from crossover_mysql.driver import PyMySQLDriver
from crossover_mysql.target import parse

DRIVER = PyMySQLDriver(parse("mysql://me@host/db"), Fixed("me", ""))


def timed_out() -> Exception:
    try:
        try:
            raise TimeoutError
        except TimeoutError:
            raise OperationalError(2013, "Lost connection (timed out)")  # noqa: B904 - as pymysql raises it
    except OperationalError as problem:
        return problem


@pytest.mark.parametrize(
    ("problem", "fault"),
    [
        *((OperationalError(code, ""), Fault.LOST) for code in (2006, 2013, 2014, 2055, 1053, 1927, 4031)),
        (InterfaceError(0, ""), Fault.LOST),
        (InternalError("Packet sequence number wrong - got 3 expected 1"), Fault.LOST),
        (timed_out(), Fault.HUNG),
        (OperationalError(1040, "Too many connections"), Fault.BUSY),
        (OperationalError(9501, "Timed-out waiting to acquire database connection"), Fault.BUSY),
        (ProgrammingError(1146, "no such table"), Fault.OWN),
        (OperationalError("no number"), Fault.STRANGE),
        (UnicodeDecodeError("utf-8", b"", 0, 1, ""), Fault.STRANGE),
    ],
)
def test_every_error_says_what_became_of_the_connection(problem: Exception, fault: Fault) -> None:
    assert DRIVER.fault(problem) is fault


def test_no_statement_comes_near_the_size_that_pins_a_client_of_rds_proxy() -> None:
    for long in (9, 250):
        for some in store._statements([number.to_bytes(long, "big") for number in range(1000)]):
            assert len(store._MANY) + sum(len(f"_binary X'{key.hex()}', ") for key in some) < 16_000


def test_a_long_list_of_keys_takes_several_statements_and_loses_none() -> None:
    keys = [bytes([each % 251]) * (each % 255) for each in range(600)]
    parts = list(store._statements(keys))
    assert {each for part in parts for each in part} == set(keys)
    assert all(sum(map(len, part)) <= store.MAX_STATEMENT_KEY_BYTES for part in parts)


def test_a_key_too_long_for_any_statement_stands_alone() -> None:
    keys = [b"a", b"b" * 7000, b"c"]
    assert list(store._statements(keys)) == [[b"a"], [b"b" * 7000], [b"c"]]


def test_no_keys_take_no_statement() -> None:
    assert list(store._statements([])) == []


@pytest.mark.parametrize(
    ("needed", "percent", "fits"), [((2, 2, 2), 100, True), ((2, 2, 3), 100, False), ((2, 2, 2), 79, False)]
)
def test_a_fleet_fits_where_pods_times_workers_times_size_does(
    needed: tuple[int, int, int], percent: int, fits: bool
) -> None:
    assert budget(*needed, max_connections=10, percent=percent).fits is fits


def test_a_database_that_does_not_tell_its_limit_has_no_budget() -> None:
    class Silent(store.MysqlStore):
        def _query(self, sql: str, parameters: object) -> store.Rows:
            return ()

    with pytest.raises(Refused, match="does not give its max_connections"):
        Silent(parse("mysql://me@host/db"), lambda: ("me", "")).budget(1, 1)
