"""The state that is tracked stays with its client, whoever's connection serves it."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pymysql.err import OperationalError

from local.emulator.rds_proxy.tracked import TRACKED
from tests.integration.rds_proxy.conftest import Proxied
from tests.support.rds_proxy import ask

VALUES: dict[str, tuple[tuple[str, Any], ...]] = {
    "AUTOCOMMIT": (("SET autocommit = 0", 0), ("SET autocommit = ON", 1)),
    "AUTO_INCREMENT_INCREMENT": (("SET auto_increment_increment = 7", 7), ("SET auto_increment_increment = 2", 2)),
    "CHARACTER_SET_CLIENT": (("SET character_set_client = latin1", "latin1"),),
    "CHARACTER_SET_DATABASE": (("SET character_set_database = 'latin1'", "latin1"),),
    "CHARACTER_SET_FILESYSTEM": (("SET character_set_filesystem = utf8mb4", "utf8mb4"),),
    "CHARACTER_SET_CONNECTION": (("SET character_set_connection = latin1", "latin1"),),
    "CHARACTER_SET_RESULTS": (
        ("SET character_set_results = NULL", None),
        ("SET character_set_results = latin1", "latin1"),
    ),
    "CHARACTER_SET_SERVER": (("SET character_set_server = latin1", "latin1"),),
    "COLLATION_CONNECTION": (("SET collation_connection = latin1_bin", "latin1_bin"),),
    "COLLATION_DATABASE": (("SET collation_database = latin1_bin", "latin1_bin"),),
    "COLLATION_SERVER": (("SET collation_server = latin1_bin", "latin1_bin"),),
    "INTERACTIVE_TIMEOUT": (("SET interactive_timeout = 77", 77),),
    "NET_WRITE_TIMEOUT": (("SET @@session.net_write_timeout = 78", 78),),
    "QUERY_CACHE_TYPE": (),
    "SESSION_TRACK_SCHEMA": (("SET session_track_schema = OFF", 0),),
    "SQL_MODE": (("SET SESSION sql_mode = 'ANSI_QUOTES'", "ANSI_QUOTES"), ("SET sql_mode = ''", "")),
    "TIME_ZONE": (("SET time_zone = '+03:00'", "+03:00"), ("SET time_zone = '-01:30'", "-01:30")),
    "TRANSACTION_ISOLATION": (
        ("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "READ-COMMITTED"),
        ("SET tx_isolation = 'SERIALIZABLE'", "SERIALIZABLE"),
    ),
    "TRANSACTION_READ_ONLY": (("SET SESSION TRANSACTION READ ONLY", 1),),
    "WAIT_TIMEOUT": (("SET LOCAL wait_timeout = 79", 79),),
}
"""Statements that set each, and what is read afterwards. NAMES and CHARACTER SET have tests of their own."""
OLD_NAMES = {"TRANSACTION_ISOLATION": "tx_isolation", "TRANSACTION_READ_ONLY": "tx_read_only"}


def test_the_statements_are_of_every_variable_of_the_list() -> None:
    assert set(VALUES) | {"NAMES", "CHARACTER SET"} == TRACKED


@pytest.mark.parametrize("name", VALUES)
def test_every_variable_of_the_tracked_list_stays_with_its_client(proxied: Proxied, name: str) -> None:
    proxy = proxied(max_database_connections=1)
    read = f"SELECT @@{OLD_NAMES.get(name, name)}"
    for sql, value in VALUES[name]:
        client, other = proxy.connect(), proxy.connect()
        before = ask(other, read)
        ask(client, sql)
        client.commit()
        for _ in range(3):
            assert ask(client, read) == value, sql
            client.commit()
            assert ask(other, read) == before, sql
    assert proxy.pins() == []


def test_names_and_character_set_stay_with_their_clients(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    wide, narrow, set_one = proxy.connect(), proxy.connect(), proxy.connect()
    ask(narrow, "SET NAMES latin1 COLLATE latin1_bin")
    ask(set_one, "SET CHARACTER SET latin1")
    read = "SELECT CONCAT_WS(' ', @@character_set_client, @@character_set_results, @@collation_connection)"
    for _ in range(3):
        assert ask(wide, read) == "utf8mb4 utf8mb4 utf8mb4_general_ci"
        assert ask(narrow, read) == "latin1 latin1 latin1_bin"
        assert ask(set_one, read).startswith("latin1 latin1 ")
    assert proxy.pins() == []


def test_the_default_database_stays_with_its_client(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1)
    client, other, third = proxy.connect(), proxy.connect(database="mysql"), proxy.connect()
    ask(client, f"USE {database}")
    for _ in range(3):
        assert ask(client, "SELECT DATABASE()") == database
        assert ask(other, "SELECT DATABASE()") == "mysql"
        assert ask(third, "SELECT DATABASE()") is None
    other.select_db(database)
    assert ask(other, "SELECT name FROM pets WHERE id = 1") == "Pim"
    ask(client, f"DROP DATABASE {database}")
    assert ask(client, "SELECT DATABASE()") is None
    assert proxy.pins() == []


def test_a_default_database_that_is_not_there_is_an_error_and_not_an_end(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    with pytest.raises(OperationalError, match="1049"):
        ask(client, "USE nosuch")
    assert ask(client, "SELECT 1") == 1


def test_a_tracked_variable_set_to_an_expression_is_followed(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client, other = proxy.connect(), proxy.connect()
    ask(client, "SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), time_zone = CONCAT('+0', '2:00')")
    for _ in range(2):
        assert "ANSI_QUOTES" not in ask(other, "SELECT @@sql_mode")
        assert "ANSI_QUOTES" in ask(client, "SELECT @@sql_mode")
        assert ask(client, "SELECT @@time_zone") == "+02:00"
    assert proxy.pins() == []
    unwatched = proxied(max_database_connections=1, watch_session_state=False)
    ask(unwatched.connect(), "SET time_zone = CONCAT('+0', '2:00')")
    (line,) = unwatched.pins()
    assert "an expression" in line


def test_many_clients_each_see_their_own_values_on_few_connections(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=2)
    chance = random.Random(7)
    clients = [proxy.connect() for _ in range(8)]
    expected = [{"time_zone": "SYSTEM", "wait_timeout": 28800, "sql_mode": None} for _ in clients]
    for expectation, client in zip(expected, clients, strict=True):
        expectation["sql_mode"] = ask(client, "SELECT @@sql_mode")
    for _ in range(300):
        at = chance.randrange(len(clients))
        match chance.randrange(4):
            case 0:
                expected[at]["time_zone"] = zone = f"+0{chance.randrange(10)}:00"
                ask(clients[at], f"SET time_zone = '{zone}'")
            case 1:
                expected[at]["wait_timeout"] = seconds = chance.randrange(100, 999)
                ask(clients[at], f"SET wait_timeout = {seconds}, sql_mode = 'ANSI_QUOTES'")
                expected[at]["sql_mode"] = "ANSI_QUOTES"
            case 2:
                ask(clients[at], "SET time_zone = DEFAULT")
                expected[at]["time_zone"] = "SYSTEM"
            case _:
                for name, value in expected[at].items():
                    assert ask(clients[at], f"SELECT @@{name}") == value
    assert proxy.pins() == []
