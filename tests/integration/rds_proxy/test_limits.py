"""Bounds: of connections, of waiting, of clients, and what a new connection begins with."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from pymysql.err import OperationalError

from container.http.fd_limit import connections_within_limit
from local.data.mysql.server import PrivateServer
from tests.integration.rds_proxy.conftest import Proxied, direct
from tests.support.rds_proxy import ask, backend


def test_the_limit_is_a_percentage_of_the_databases_and_reached_by_need(
    proxied: Proxied, server: PrivateServer
) -> None:
    most = ask(direct(server), "SELECT @@max_connections")
    proxy = proxied(max_connections_percent=75)
    assert proxy.gauges()["MaxDatabaseConnectionsAllowed"] == most * 75 // 100
    assert proxy.gauges()["DatabaseConnections"] == 0
    clients = [proxy.connect() for _ in range(6)]
    ask(clients[0], "SELECT 1")
    assert proxy.gauges()["DatabaseConnections"] == 1
    for client in clients[:3]:
        ask(client, "BEGIN")
    assert proxy.gauges()["DatabaseConnections"] == 3


def test_who_waits_too_long_gets_9501_and_stays_connected(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1, connection_borrow_timeout=0.3)
    holder, client = proxy.connect(), proxy.connect()
    ask(holder, "BEGIN")
    with pytest.raises(OperationalError) as caught:
        ask(client, "SELECT 1")
    assert caught.value.args == (9501, "Timed-out waiting to acquire database connection")
    assert proxy.counts()["emulator_borrow_timeouts"] == 1
    holder.rollback()
    assert ask(client, "SELECT 1") == 1


def test_an_idle_client_is_closed_and_its_connection_goes_back(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1, idle_client_timeout=100)
    holder, client = proxy.connect(), proxy.connect()
    ask(holder, "BEGIN")
    proxy.inside(lambda proxy: proxy.end_idle_clients(proxy.clock() + 90))
    ask(holder, "SELECT 1")
    proxy.inside(lambda proxy: proxy.end_idle_clients(proxy.clock() + 101))
    for gone in (holder, client):
        with pytest.raises(OperationalError, match=r"2013|2006"):
            ask(gone, "SELECT 1")
    assert ask(proxy.connect(), "SELECT 1") == 1
    assert proxy.counts()["emulator_idle_clients_closed"] == 2


def test_the_initialization_query_holds_on_every_connection(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1, init_query="SET sort_buffer_size = 123456; SET time_zone = '+04:00'")
    client, other = proxy.connect(), proxy.connect()
    assert ask(client, "SELECT @@sort_buffer_size") == 123456
    ask(client, "SET time_zone = '+09:00'")
    assert ask(client, "SELECT @@time_zone") == "+09:00"
    assert ask(other, "SELECT @@time_zone") == "+04:00"
    ask(client, "SET @x = 1")
    client.close()
    assert ask(other, "SELECT @@sort_buffer_size") == 123456


def test_clients_above_the_limits_get_1040(proxied: Proxied) -> None:
    few = proxied(max_database_connections=1, max_clients=2)
    kept = [few.connect() for _ in range(2)]
    with pytest.raises(OperationalError) as caught:
        few.connect()
    assert caught.value.args == (1040, "Number simultaneous connections exceeded (2)")
    assert [ask(client, "SELECT 1") for client in kept] == [1, 1]
    slow = proxied(max_database_connections=1, connections_per_second=3)
    refused = set()
    for _ in range(20):
        try:
            slow.connect().close()
        except OperationalError as problem:
            refused.add(problem.args)
    assert refused == {(1040, "Connections rate limit exceeded (3)")}


def test_two_thousand_idle_clients_are_kept_and_served(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=2)
    count = min(2_000, connections_within_limit(4_200) // 2 - 100)  # both ends are this process's
    clients = [proxy.connect(autocommit=None) for _ in range(count)]
    assert proxy.gauges()["ClientConnections"] == count
    assert {ask(client, "SELECT 1") for client in clients[::50]} == {1}
    for client in clients:
        client.close()
    deadline = time.monotonic() + 10
    while proxy.gauges()["ClientConnections"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert proxy.gauges()["ClientConnections"] == 0
    assert proxy.gauges()["DatabaseConnections"] <= 2


def test_connections_of_two_users_are_not_mixed_up_and_make_room_for_each_other(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client, reader = proxy.connect(), proxy.connect(user="reader", password="secret é".encode())
    for _ in range(2):
        assert ask(client, "SELECT CURRENT_USER()").startswith("crossover@")
        assert ask(reader, "SELECT CURRENT_USER()").startswith("reader@")
    assert backend(client) != backend(reader)
    with suppress(OperationalError):
        client.close()
