"""How clients get in, and who does not."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pymysql
import pytest
from pymysql.err import OperationalError

from local.emulator.rds_proxy import wire
from local.emulator.rds_proxy.iam import AccessKey
from local.emulator.rds_proxy.settings import AUTH_PLUGINS, ProxyUsers
from tests.integration.rds_proxy.conftest import USERS, Proxied
from tests.support.rds_proxy import HOST, RunningProxy, ask

KEY = AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


def over_tls(proxy: RunningProxy, **options: Any) -> Any:
    return proxy.connect(ssl_disabled=False, ssl=ssl.create_default_context(cafile=proxy.ca), **options)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_wrong_password_and_an_unknown_user_get_1045_and_nothing_else(
    proxied: Proxied, tmp_path: Path, secure: bool
) -> None:
    proxy = proxied(front={"tls": tmp_path})
    connect = over_tls if secure else lambda proxy, **options: proxy.connect(**options)
    for user, password in (("reader", "wrong"), ("reader", ""), ("nosuch", "x"), ("nosuch", ""), ("crossover", "x")):
        with pytest.raises(OperationalError) as caught:
            connect(proxy, user=user, password=password)
        used = "YES" if password else "NO"
        assert caught.value.args == (1045, f"Access denied for user '{user}'@'%' (using password: {used})")
    assert proxy.counts()["DatabaseConnectionRequests"] == 0
    assert proxy.counts()["ClientConnectionsSetupFailedAuth"] == 5
    assert "secret" not in "".join(proxy.lines)


def test_a_refused_client_is_not_served_however_it_goes_on(proxied: Proxied) -> None:
    proxy = proxied()
    with socket.create_connection((HOST, proxy.port), timeout=5) as client:
        client.recv(4096)
        login = wire.LoginRequest(wire.OFFERED & ~wire.CONNECT_WITH_DB, 45, "reader", b"x" * 20, b"", wire.NATIVE)
        client.sendall(wire.packet(1, login.payload()) + wire.packet(0, b"\x03SELECT 1"))
        received = b""
        with suppress(ConnectionResetError):
            while part := client.recv(4096):
                received += part
    assert received[4] == 0xFF
    assert len(received) == 4 + int.from_bytes(received[:3], "little")
    assert proxy.counts()["QueryRequests"] == 0


@pytest.mark.parametrize("method", AUTH_PLUGINS)
def test_a_password_is_proved_by_the_method_that_is_set(proxied: Proxied, tmp_path: Path, method: str) -> None:
    proxy = proxied(front={"tls": tmp_path}, client_password_auth_type=method)
    for connect in (over_tls, lambda proxy, **options: proxy.connect(**options)):
        assert ask(connect(proxy, user="reader", password="secret é".encode()), "SELECT 1") == 1
        assert ask(connect(proxy), "SELECT 1") == 1
        with pytest.raises(OperationalError, match="1045"):
            connect(proxy, user="reader", password="secret")


def test_many_clients_get_in_over_tls(proxied: Proxied, tmp_path: Path) -> None:
    """The first bytes of TLS may share a read with the request for it: this hung where a transport was upgraded."""
    proxy = proxied(front={"tls": tmp_path}, require_tls=True)
    for _ in range(40):
        client = over_tls(proxy)
        assert ask(client, "SELECT 1") == 1
        client.close()
    assert proxy.counts()["QueryRequestsTLS"] == proxy.counts()["QueryRequests"] == 80


def test_a_proxy_that_requires_tls_refuses_clients_without(proxied: Proxied, tmp_path: Path) -> None:
    proxy = proxied(front={"tls": tmp_path}, require_tls=True)
    with pytest.raises(pymysql.err.MySQLError) as caught:
        proxy.connect()
    assert caught.value.args == (3159, "This RDS Proxy requires TLS connections.")
    assert ask(over_tls(proxy), "SELECT 1") == 1


def test_a_token_signs_in_over_tls_only(proxied: Proxied, tmp_path: Path) -> None:
    moment = [time.time()]
    front = {"tls": tmp_path, "users": ProxyUsers(USERS.passwords, (KEY,)), "wall_clock": lambda: moment[0]}
    proxy = proxied(front=front, iam_auth=True, require_tls=True)
    rds = boto3.client("rds", region_name="us-east-1", aws_access_key_id=KEY.key_id, aws_secret_access_key=KEY.secret)
    token = rds.generate_db_auth_token(HOST, proxy.port, "reader")
    assert ask(over_tls(proxy, user="reader", password=token), "SELECT CURRENT_USER()").startswith("reader@")
    with pytest.raises(pymysql.err.MySQLError, match="3159"):
        proxy.connect(user="reader", password=token)
    with pytest.raises(OperationalError, match="1045"):
        over_tls(proxy, user="crossover", password=token)
    with pytest.raises(OperationalError, match="1045"):
        over_tls(proxy, user="reader", password="secret é".encode())
    moment[0] += 16 * 60
    with pytest.raises(OperationalError, match="1045"):
        over_tls(proxy, user="reader", password=token)
    assert token[:60] not in "".join(proxy.lines)
    assert "it has expired" in "".join(proxy.lines)
