"""A real server for the tests of a worker, and proxies in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from itertools import count
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from local.data.mysql import programs
from local.data.mysql.server import HOST, USER, PrivateServer
from local.emulator.rds_proxy.settings import ProxySettings, ProxyUsers
from tests.support.rds_proxy import RunningProxy

UNSAFE = ("--loose-debug-no-sync", "--loose-innodb-flush-method=nosync")
USERS = ProxyUsers({USER: "", "reader": "secret é"})
_numbers = count()
Proxied = Callable[..., RunningProxy]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    if programs.find() is None:
        pytest.skip(f"NOT RUN: no MariaDB or MySQL server on this machine; {programs.BY_HAND}")
    with PrivateServer(tmp_path_factory.mktemp("mysql"), options=UNSAFE) as running:
        with closing(direct(running, user="root")) as client, client.cursor() as cursor:
            cursor.execute("CREATE USER reader IDENTIFIED BY 'secret é'")
            cursor.execute("GRANT ALL ON *.* TO reader")
        yield running


@pytest.fixture
def own_server(server: PrivateServer, tmp_path: Path) -> Iterator[PrivateServer]:
    """A server that a test may hurt."""
    with PrivateServer(tmp_path / "mysql", options=UNSAFE) as running:
        yield running


@pytest.fixture
def database(server: PrivateServer) -> Iterator[str]:
    name = f"Test{next(_numbers)}"
    with closing(direct(server)) as client, client.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        cursor.execute(f"CREATE TABLE {name}.pets (id INT PRIMARY KEY, name VARCHAR(20)) ENGINE=InnoDB")
        cursor.execute(f"INSERT INTO {name}.pets VALUES (1, 'Pim'), (2, 'Zoë')")
        yield name
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def proxied(server: PrivateServer, database: str) -> Iterator[Proxied]:
    """Starts proxies: settings by name. They end before the database goes, which their clients may have locked."""
    with ExitStack() as stack:

        def start(*, front: dict[str, Any] | None = None, of: PrivateServer = server, **settings: Any) -> RunningProxy:
            chosen = {"connection_borrow_timeout": 5, **settings}
            users = (front or {}).pop("users", USERS)
            running = RunningProxy(of.port or 0, ProxySettings(**chosen), users, **(front or {}))
            return stack.enter_context(running)

        yield start


def direct(server: PrivateServer, **options: Any) -> Connection[Cursor]:
    """A client of the server itself."""
    given = {"user": USER, "autocommit": True, "ssl_disabled": True, **options}
    return pymysql.connect(host=HOST, port=server.port or 0, **given)
