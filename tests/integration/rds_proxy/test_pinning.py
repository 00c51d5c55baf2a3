"""What pins a client to its connection, and what does not."""

from __future__ import annotations

import struct

import pytest

from local.emulator.rds_proxy.settings import EXCLUDE_VARIABLE_SETS, ProxyPolicies
from tests.integration.rds_proxy.conftest import Proxied
from tests.support.rds_proxy import ask, backend

PINS = {
    "SET @x = 5": "user variable",
    "SELECT @x := 5": "user variable",
    "SELECT 5 INTO @x": "user variable",
    "SELECT GET_LOCK('a', 0)": "named lock",
    "CREATE TEMPORARY TABLE t (id INT)": "temporary table",
    "CREATE OR REPLACE TEMPORARY TABLE t (id INT)": "temporary table",
    "PREPARE s FROM 'SELECT 1'": "prepared statement",
    "LOCK TABLES pets READ": "locked tables",
    "LOCK TABLE pets WRITE": "locked tables",
    "FLUSH TABLES WITH READ LOCK": "locked tables",
    "SET sort_buffer_size = 100000": "doesn't track",
    "SET @@session.sort_buffer_size = 100000": "doesn't track",
    "/*!40000 SET sort_buffer_size = 100000 */": "doesn't track",
}
NO_PINS = (
    "SET NAMES utf8mb4",
    "SET CHARACTER SET utf8mb4",
    "SET autocommit = 1",
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    "SELECT '@x := 1', 'GET_LOCK(1)'",
    "SELECT 1 -- SET @x = 1",
    "SELECT 1 /* GET_LOCK('a', 0) */",
    "SELECT 1 # LOCK TABLES pets READ",
    'SELECT "it\\"s SET @x = 1"',
    "SELECT `name` FROM pets",
    "SELECT @@sort_buffer_size",
    "SET STATEMENT max_statement_time = 1 FOR SELECT 1",
    "BEGIN",
    "COMMIT",
    "UPDATE pets SET name = 'Rex' WHERE id = 1",
    "CREATE PROCEDURE sets() SET @x = 1",
    "CALL sets()",
)


@pytest.mark.parametrize("sql", PINS)
def test_what_the_guide_says_pins_does(proxied: Proxied, database: str, sql: str) -> None:
    proxy = proxied(max_database_connections=2)
    client = proxy.connect(database=database)
    ask(client, sql)
    assert proxy.gauges()["DatabaseConnectionsCurrentlySessionPinned"] == 1
    (line,) = proxy.pins()
    assert PINS[sql] in line


def test_what_the_guide_says_does_not_pin_does_not(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect(database=database)
    for sql in NO_PINS:
        ask(client, sql)
    assert proxy.pins() == []


def test_a_text_of_more_than_16_kb_pins(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    short = "SELECT '" + "a" * (16 * 1024 - len("SELECT ''")) + "'"
    assert len(ask(client, short)) == len(short) - len("SELECT ''")
    assert proxy.pins() == []
    ask(client, f"{short} ")
    assert len(proxy.pins()) == 1


def test_a_prepared_statement_of_the_binary_protocol_pins_and_works(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect(database=database)
    client._execute_command(0x16, "SELECT name FROM pets WHERE id = ?")
    prepared = client._read_packet().get_all_data()
    statement = prepared[1:5]
    for _ in range(4):  # the parameter, the column, and the ends of both
        client._read_packet()
    bound = statement + b"\0" + struct.pack("<I", 1) + b"\0\1\x03\0" + struct.pack("<I", 2)
    client._execute_command(0x17, bound)
    answers = [client._read_packet().get_all_data() for _ in range(5)]
    assert "Zoë".encode() in answers[3]
    client._execute_command(0x19, statement)
    assert ask(client, "SELECT 1") == 1
    (line,) = proxy.pins()
    assert "prepared statement" in line


def test_one_untracked_variable_among_tracked_ones_pins(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    ask(
        proxy.connect(),
        "SET `autocommit` = 1, `session_track_schema` = 1, `session_track_system_variables` = 'time_zone'",
    )
    (line,) = proxy.pins()
    digest = "SET `autocommit` = ? , `session_track_schema` = ? , `session_track_system_variables` = ?"
    assert f'Digest: "{digest}".' in line


def test_functions_of_the_last_statement_pin_by_policy(proxied: Proxied) -> None:
    functions = ("ROW_COUNT()", "FOUND_ROWS()", "LAST_INSERT_ID()")
    for pins in (True, False):
        proxy = proxied(max_database_connections=3, policies=ProxyPolicies(row_functions_pin=pins))
        for function in functions:
            ask(proxy.connect(), f"SELECT {function}")
        assert len(proxy.pins()) == 3 * pins


def test_a_pin_lasts_until_the_client_goes(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=2)
    client, other = proxy.connect(), proxy.connect()
    ask(client, "CREATE TEMPORARY TABLE twitter.t (id INT)")
    mine = backend(client)
    ask(client, "DROP TEMPORARY TABLE twitter.t")
    client.commit()
    assert {backend(client) for _ in range(3)} == {mine}
    assert backend(other) != mine
    assert len(proxy.pins()) == 1
    ask(client, "SET @x = 1")
    client.close()
    ask(other, "BEGIN")
    third = proxy.connect()
    assert backend(third) == mine
    assert ask(third, "SELECT @x") is None


def test_a_pin_is_logged_with_its_reason_and_digest_and_no_value(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    used = backend(client)
    ask(client, "SET @password = 'topsecret'")
    (line,) = proxy.pins()
    assert f"The client session was pinned to the database connection [dbConnection={used}] for the remainder" in line
    assert "The proxy can't reuse this connection until the session ends. Reason: The SQL set a user variable." in line
    assert line.endswith('Digest: "SET @password = ?".')
    assert "topsecret" not in "".join(proxy.lines)


def test_the_filter_exempts_variables_and_nothing_else(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1, session_pinning_filters=(EXCLUDE_VARIABLE_SETS,))
    client = proxy.connect()
    for sql in ("SET @x = 1", "SET sort_buffer_size = 100000", "SELECT @x := 2"):
        ask(client, sql)
    assert proxy.pins() == []
    ask(client, "SELECT GET_LOCK('a', 0)")
    assert len(proxy.pins()) == 1
