"""Commands of the protocol, beside queries."""

from __future__ import annotations

import socket

import pytest
from pymysql.err import OperationalError

from local.emulator.rds_proxy import wire
from tests.integration.rds_proxy.conftest import Proxied
from tests.support.rds_proxy import HOST, ask, backend


def test_a_ping_borrows_nothing(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect(autocommit=None)
    other = proxy.connect()
    ask(other, "BEGIN")
    client.ping(reconnect=False)
    assert client.server_status & wire.AUTOCOMMIT
    other.ping(reconnect=False)
    assert other.server_status & wire.IN_TRANSACTION


def test_a_reset_forgets_the_values_and_keeps_the_pin(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    ask(client, "SET time_zone = '+05:00'")
    client._execute_command(wire.RESET_CONNECTION, "")
    client._read_ok_packet()
    assert ask(client, "SELECT @@time_zone") == "SYSTEM"
    ask(client, "SET @x = 1")
    mine = backend(client)
    client._execute_command(wire.RESET_CONNECTION, "")
    client._read_ok_packet()
    assert ask(client, "SELECT @x") is None
    assert backend(client) == mine
    assert proxy.gauges()["DatabaseConnectionsCurrentlySessionPinned"] == 1


def test_an_option_of_the_session_pins(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    client._execute_command(wire.SET_OPTION, b"\0\0")
    client._read_packet()
    assert ask(client, "SELECT 1") == 1
    assert len(proxy.pins()) == 1


def test_a_command_that_is_not_emulated_gets_1047(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    for code in (wire.CHANGE_USER, 0x12, 0x77):
        client._execute_command(code, b"")
        with pytest.raises(OperationalError, match="1047"):
            client._read_packet()
    assert ask(client, "SELECT 1") == 1


def test_a_statement_that_was_not_prepared_is_unknown(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    client._execute_command(wire.STMT_CLOSE, b"\1\0\0\0")
    client._execute_command(wire.STMT_EXECUTE, b"\1\0\0\0\0\1\0\0\0")
    with pytest.raises(OperationalError, match="1243"):
        client._read_packet()
    assert ask(client, "SELECT 1") == 1
    assert proxy.pins() == []


def test_statistics_and_fields_pass_through(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect(database=database)
    client._execute_command(wire.STATISTICS, b"")
    assert b"Uptime" in client._read_packet().get_all_data()
    client._execute_command(wire.FIELD_LIST, b"pets\0")
    assert b"id" in client._read_packet().get_all_data()
    assert b"name" in client._read_packet().get_all_data()
    assert client._read_packet().is_eof_packet()
    assert ask(client, "SELECT 1") == 1


def test_a_character_set_that_crashes_servers_is_refused(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    for sql in ("SET NAMES ucs2", "SET character_set_client = 'utf16'"):
        with pytest.raises(OperationalError, match="can't be set to the value of"):
            ask(client, sql)
    assert ask(client, "SELECT 1") == 1


def test_the_greeting_has_the_databases_version_and_no_more_than_is_emulated(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    with socket.create_connection((HOST, proxy.port)) as client:
        greeting = wire.read_greeting(client.recv(4096)[4:])
    assert greeting.version.removeprefix("5.5.5-") == ask(proxy.connect(), "SELECT VERSION()")
    for flag in (wire.SESSION_TRACK, 1 << 24, 1 << 5, 1 << 7, wire.SSL):
        assert not greeting.capabilities & flag


def test_several_results_pass_through_and_large_ones(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect(database=database, client_flag=wire.MULTI_STATEMENTS)
    with client.cursor() as cursor:
        cursor.execute("SELECT 1; SET time_zone = '+01:00'; SELECT name FROM pets ORDER BY id; SELECT 4")
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
        assert list(map(tuple, results)) == [((1,),), (), (("Pim",), ("Zoë",)), ((4,),)]
        cursor.execute("SELECT REPEAT('x', 9000000)")
        assert cursor.fetchall() == (("x" * 9_000_000,),)
        cursor.execute("SELECT 1; SELECT nosuch FROM pets")
        with pytest.raises(OperationalError, match="1054"):
            cursor.nextset()
    assert ask(client, "SELECT @@time_zone") == "+01:00"
    assert proxy.pins() == []


def test_commands_that_come_at_once_are_answered_in_order(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client = proxy.connect()
    pings = 3_000
    client._write_bytes(wire.packet(0, bytes((wire.PING,))) * pings + wire.packet(0, b"\x03SELECT 5"))
    for _ in range(pings):
        client._next_seq_id = 1
        assert client._read_packet().is_ok_packet()
    client._next_seq_id = 1
    assert client._read_packet().get_all_data() == b"\x01"
