"""A database that is killed, hangs and comes back; clients that go in the middle."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import psutil
import pytest
from pymysql.err import OperationalError

from local.data.mysql.server import PrivateServer
from local.emulator.rds_proxy import wire
from tests.integration.mysql.hurting import kill, pause, resume
from tests.integration.rds_proxy.conftest import Proxied
from tests.support.rds_proxy import HOST, RunningProxy, ask, backend


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def test_idle_clients_live_through_a_killed_database(proxied: Proxied, own_server: PrivateServer) -> None:
    proxy = proxied(of=own_server, max_database_connections=3, connection_borrow_timeout=30)
    clients = [proxy.connect() for _ in range(10)]
    assert [ask(client, "SELECT 1") for client in clients] == [1] * 10
    sockets = [client._sock for client in clients]
    kill(own_server)
    eventually(lambda: proxy.gauges()["DatabaseConnections"] == 0)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(ask(clients[0], "SELECT 7")))
    waiting.start()
    eventually(lambda: proxy.inside(lambda proxy: proxy.pool.waiting) == 1)
    own_server.start()
    waiting.join(30)
    assert answers == [7]
    assert [ask(client, "SELECT 1") for client in clients] == [1] * 10
    assert [client._sock for client in clients] == sockets
    assert proxy.counts()["emulator_cancelled"] == 0


def test_clients_in_a_transaction_or_statement_are_cancelled(proxied: Proxied, own_server: PrivateServer) -> None:
    proxy = proxied(of=own_server, max_database_connections=3)
    in_transaction, in_statement, idle = (proxy.connect() for _ in range(3))
    ask(in_transaction, "CREATE TABLE twitter.t (id INT) ENGINE=InnoDB")
    ask(in_transaction, "BEGIN")
    ask(in_transaction, "INSERT INTO twitter.t VALUES (1)")
    problems: list[int] = []

    def sleep() -> None:
        try:
            ask(in_statement, "SELECT SLEEP(20)")
        except OperationalError as problem:
            problems.append(problem.args[0])

    running = threading.Thread(target=sleep)
    running.start()
    eventually(lambda: proxy.gauges()["DatabaseConnectionsCurrentlyBorrowed"] == 2)
    kill(own_server)
    running.join(10)
    assert problems == [2013]
    with pytest.raises(OperationalError, match=r"2013|2006"):
        ask(in_transaction, "SELECT 1")
    own_server.start()
    assert ask(idle, "SELECT COUNT(*) FROM twitter.t") == 0
    assert proxy.counts()["emulator_cancelled"] == 2


def test_requests_wait_for_the_database_or_get_9501(proxied: Proxied, own_server: PrivateServer) -> None:
    proxy = proxied(of=own_server, max_database_connections=3, connection_borrow_timeout=0.5)
    client = proxy.connect()
    kill(own_server)
    eventually(lambda: proxy.gauges()["DatabaseConnections"] == 0)
    with pytest.raises(OperationalError, match="9501"):
        ask(client, "SELECT 1")
    own_server.start()
    assert ask(client, "SELECT 1") == 1
    assert proxy.counts()["DatabaseConnectionsSetupFailed"] >= 1


def test_a_database_that_hangs_costs_those_who_ask_it_and_recovers(proxied: Proxied, own_server: PrivateServer) -> None:
    proxy = proxied(of=own_server, max_database_connections=1, connection_borrow_timeout=0.5)
    client, other = proxy.connect(read_timeout=1), proxy.connect()
    assert ask(client, "SELECT 1") == 1
    pause(own_server)
    eventually(lambda: psutil.Process(own_server.pid).status() == psutil.STATUS_STOPPED)
    try:
        with pytest.raises(OperationalError, match="2013"):
            ask(client, "SELECT 2")
        with pytest.raises(OperationalError, match="9501"):
            ask(other, "SELECT 3")
    finally:
        resume(own_server)
    assert ask(other, "SELECT 4") == 4


def test_a_result_that_is_cut_in_the_middle_ends_its_client_with_no_wrong_answer(
    proxied: Proxied, own_server: PrivateServer
) -> None:
    proxy = proxied(of=own_server, max_database_connections=2)
    client, other = proxy.connect(), proxy.connect()
    client._execute_command(wire.QUERY, "SELECT REPEAT('x', 15000000)")
    client._read_packet()
    kill(own_server)
    with pytest.raises(OperationalError, match=r"2013|2006"):
        [client._read_packet() for _ in range(5)]
    own_server.start()
    assert ask(other, "SELECT 5") == 5


def test_a_client_that_goes_in_a_request_costs_its_database_connection(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    client, other = proxy.connect(), proxy.connect()
    used = backend(client)
    client._execute_command(wire.QUERY, "SELECT SLEEP(20)")
    eventually(lambda: proxy.gauges()["DatabaseConnectionsCurrentlyBorrowed"] == 1)
    client._force_close()
    assert backend(other) != used
    eventually(lambda: any("closed in the middle of a request" in line for line in proxy.lines))


def login(proxy: RunningProxy) -> socket.socket:
    client = socket.create_connection((HOST, proxy.port), timeout=10)
    client.recv(4096)
    request = wire.LoginRequest(wire.OFFERED & ~wire.CONNECT_WITH_DB, 45, "crossover", b"", b"", wire.NATIVE)
    client.sendall(wire.packet(1, request.payload()))
    assert client.recv(4096)[4] == 0
    return client


@pytest.mark.parametrize(
    "hostile",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 100,
        wire.packet(1, b"\0" * 32),
        wire.packet(1, b"\xff" * 200),
        b"\x05\x00",
        wire.packet(1, wire.login_head(wire.OFFERED, 45) + b"name without an end"),
    ],
)
def test_garbage_in_place_of_a_login_costs_only_its_sender(proxied: Proxied, hostile: bytes) -> None:
    proxy = proxied(max_database_connections=1, handshake_seconds=0.5)
    kept = proxy.connect()
    with socket.create_connection((HOST, proxy.port), timeout=10) as client:
        client.recv(4096)
        client.sendall(hostile)
        received = b""
        try:
            while part := client.recv(4096):
                received += part
        except ConnectionResetError:
            pass
        assert not received or received[4] == 0xFF
    assert ask(kept, "SELECT 1") == 1
    eventually(lambda: proxy.gauges()["ClientConnections"] == 1)


def test_a_command_of_16_mb_costs_only_its_sender(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    kept = proxy.connect()
    with login(proxy) as client:
        client.sendall(b"\xff\xff\xff\x00\x03")
        received = client.recv(4096)
        assert wire.read_error(received[4:]).code == 1153
    assert ask(kept, "SELECT 1") == 1


def test_a_client_that_does_not_read_stops_the_database_and_not_the_proxy(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=2)
    kept = proxy.connect()
    with login(proxy) as client:
        client.sendall(wire.packet(0, b"\x03SELECT REPEAT('x', 15000000), REPEAT('y', 15000000)"))
        eventually(lambda: proxy.gauges()["DatabaseConnectionsCurrentlyBorrowed"] == 1)
        time.sleep(0.3)
        buffered = proxy.inside(
            lambda proxy: max(
                session.transport.get_write_buffer_size() for session in proxy.clients.values() if session.transport
            )
        )
        assert buffered < 2_000_000
        assert ask(kept, "SELECT 1") == 1
        assert proxy.gauges()["DatabaseConnectionsCurrentlyBorrowed"] == 1


def test_garbage_behind_a_login_costs_only_its_sender(proxied: Proxied) -> None:
    proxy = proxied(max_database_connections=1)
    kept = proxy.connect()
    with login(proxy) as client:
        client.sendall(b"\x00\x00\x00\x00" + b"\x01\x00\x00\x00\x77" * 10)
        assert wire.read_error(client.recv(4096)[4:]).code == 1153
    assert ask(kept, "SELECT 1") == 1
