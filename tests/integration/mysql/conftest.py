"""A real server for the tests of a worker, with a fresh database for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from crossover.stores import load
from crossover_mysql.store import MysqlStore, open_store
from local.data.mysql import programs
from local.data.mysql.server import HOST, USER, PrivateServer
from tests.integration.mysql.records import PAIRS

UNSAFE = ("--loose-debug-no-sync", "--loose-innodb-flush-method=nosync")
"""Nothing waits for the disk: these data need not outlive the machine."""
_numbers = count()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """A server that every test leaves as it found it."""
    if programs.find() is None:
        pytest.skip(f"NOT RUN: no MariaDB or MySQL server on this machine; {programs.BY_HAND}")
    with PrivateServer(tmp_path_factory.mktemp("mysql"), options=UNSAFE) as running:
        yield running


@pytest.fixture
def own_server(server: PrivateServer, tmp_path: Path) -> Iterator[PrivateServer]:
    """A server that a test may hurt."""
    with PrivateServer(tmp_path / "mysql", options=UNSAFE) as running:
        yield running


@pytest.fixture
def admin(server: PrivateServer) -> Iterator[Cursor]:
    """A cursor for what only a test does to a server."""
    with closing(connect(server)) as connection:
        yield connection.cursor()


@pytest.fixture
def database(admin: Cursor) -> Iterator[str]:
    """An empty database."""
    name = f"test{next(_numbers)}"
    admin.execute(f"CREATE DATABASE {name}")
    yield name
    admin.execute(f"DROP DATABASE {name}")


@pytest.fixture
def url(server: PrivateServer, database: str) -> str:
    """The URL of an empty database."""
    return server.url(database)


@pytest.fixture
def loaded(url: str) -> str:
    """The URL of a database with PAIRS."""
    load(url, PAIRS)
    return url


@pytest.fixture
def opened() -> Iterator[Callable[[str], MysqlStore]]:
    """Opens stores, and closes them at the end."""
    stores: list[MysqlStore] = []

    def open_one(url: str) -> MysqlStore:
        stores.append(open_store(url))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()


@pytest.fixture
def setting(admin: Cursor) -> Iterator[Callable[[str, int], Any]]:
    """Sets a global variable of the server until the end of the test."""
    before: dict[str, int] = {}

    def set_one(name: str, value: int) -> None:
        admin.execute(f"SELECT @@GLOBAL.{name}")
        before.setdefault(name, admin.fetchone()[0])  # type: ignore[index]
        admin.execute(f"SET GLOBAL {name} = {value}")

    yield set_one
    for name, value in before.items():
        admin.execute(f"SET GLOBAL {name} = {value}")


def connect(server: PrivateServer, user: str = USER) -> Connection[Cursor]:
    """A plain connection, none of a pool's."""
    return pymysql.connect(host=HOST, port=server.port or 0, user=user, autocommit=True, ssl_disabled=True)
