"""When a connection is lent, and when it comes back."""

from __future__ import annotations

import time

import pytest
from pymysql.err import OperationalError

from tests.integration.rds_proxy.conftest import Proxied
from tests.support.rds_proxy import ask, backend


def test_with_autocommit_on_clients_share_one_connection_statement_by_statement(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    clients = [proxy.connect() for _ in range(5)]
    assert len({backend(client) for _ in range(3) for client in clients}) == 1
    assert proxy.gauges()["DatabaseConnectionsCurrentlyBorrowed"] == 0
    assert proxy.pins() == []


def test_a_transaction_ends_by_the_servers_flag_and_not_by_a_word(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1, connection_borrow_timeout=0.2)
    client, other = proxy.connect(database=database), proxy.connect(database=database)
    ask(client, "CREATE PROCEDURE finish() COMMIT")
    ask(client, "BEGIN")
    ask(client, "SELECT 'commit; rollback'")
    with pytest.raises(OperationalError, match="9501"):
        ask(other, "SELECT 1")
    ask(client, "CALL finish()")
    assert ask(other, "SELECT 1") == 1


def test_with_autocommit_off_any_statement_keeps_the_connection_until_commit(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1, connection_borrow_timeout=0.2)
    client, other = proxy.connect(autocommit=False), proxy.connect()
    ask(client, "SET time_zone = '+01:00'")
    assert ask(other, "SELECT 1") == 1
    ask(client, "SELECT 1")
    with pytest.raises(OperationalError, match="9501"):
        ask(other, "SELECT 1")
    client.commit()
    assert ask(other, "SELECT @@autocommit") == 1
    assert ask(client, "SELECT @@autocommit") == 0


def test_by_policy_autocommit_off_keeps_only_what_the_server_calls_a_transaction(
    proxied: Proxied, database: str
) -> None:
    from local.emulator.rds_proxy.settings import ProxyPolicies

    policies = ProxyPolicies(autocommit_off_holds_first_statement=False)
    proxy = proxied(max_database_connections=1, connection_borrow_timeout=0.2, policies=policies)
    client, other = proxy.connect(autocommit=False, database=database), proxy.connect()
    ask(client, "SELECT 1")
    assert ask(other, "SELECT 1") == 1
    ask(client, "SELECT name FROM pets")
    with pytest.raises(OperationalError, match="9501"):
        ask(other, "SELECT 1")


def test_ddl_ends_a_transaction(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1, connection_borrow_timeout=0.2)
    client, off, other = proxy.connect(database=database), proxy.connect(autocommit=False), proxy.connect()
    ask(client, "BEGIN")
    ask(client, "INSERT INTO pets VALUES (3, 'Tom')")
    ask(client, "CREATE TABLE more (id INT)")
    assert ask(other, "SELECT 1") == 1
    ask(off, f"CREATE TABLE {database}.others (id INT)")
    assert ask(other, "SELECT 1") == 1


def test_a_characteristic_of_the_next_transaction_reaches_that_transaction(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1, connection_borrow_timeout=0.2)
    client, other = proxy.connect(database=database), proxy.connect(database=database)
    ask(client, "SET TRANSACTION READ ONLY")
    ask(client, "BEGIN")
    with pytest.raises(OperationalError, match="1792"):
        ask(client, "INSERT INTO pets VALUES (3, 'Tom')")
    client.rollback()
    ask(other, "INSERT INTO pets VALUES (3, 'Tom')")
    assert proxy.pins() == []


def test_a_client_that_goes_in_a_transaction_leaves_nothing(proxied: Proxied, database: str) -> None:
    proxy = proxied(max_database_connections=1)
    client, other = proxy.connect(database=database), proxy.connect(database=database)
    ask(client, "BEGIN")
    ask(client, "INSERT INTO pets VALUES (3, 'Tom')")
    used = backend(client)
    client.close()
    assert ask(other, "SELECT COUNT(*) FROM pets") == 2
    assert backend(other) == used


def test_who_waits_gets_the_connection_as_soon_as_it_is_back(proxied: Proxied) -> None:
    import threading

    proxy = proxied(max_database_connections=1)
    client, other = proxy.connect(), proxy.connect()
    ask(client, "BEGIN")
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(ask(other, "SELECT 7")))
    waiting.start()
    deadline = time.monotonic() + 5
    while not proxy.inside(lambda proxy: proxy.pool.waiting) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert answers == []
    client.commit()
    waiting.join(5)
    assert answers == [7]
