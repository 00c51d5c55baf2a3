"""An emulated proxy that runs in a thread of its own, for tests that ask it by blocking clients."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from local.emulator.rds_proxy.certificates import server_context
from local.emulator.rds_proxy.database import DatabaseAddress
from local.emulator.rds_proxy.proxy import ProxyEndpoint, ProxyPorts, RdsProxy
from local.emulator.rds_proxy.settings import ProxySettings, ProxyUsers

HOST = "127.0.0.1"
T = TypeVar("T")


class RunningProxy:
    """A proxy in front of a server on loopback; a context manager."""

    def __init__(
        self,
        port: int,
        settings: ProxySettings,
        users: ProxyUsers,
        *,
        tls: Path | None = None,
        run: Callable[..., Any] = asyncio.run,
        **clocks: Callable[[], float],
    ) -> None:
        self.lines: list[str] = []
        self._address = DatabaseAddress(HOST, port)
        self._settings = settings
        self._users = users
        self._clocks = clocks
        self._tls: ssl.SSLContext | None = None
        self._run = run
        self.ca = ""
        if tls is not None:
            self._tls, certificate = server_context(tls)
            self.ca = str(certificate)

    def __enter__(self) -> RunningProxy:
        started: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: self._run(self._serve(started)), daemon=True)
        self._thread.start()
        started.result(30)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    async def _serve(self, started: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        try:
            async with RdsProxy(
                self._address,
                self._users,
                self._settings,
                ProxyEndpoint(tls=self._tls),
                ProxyPorts(log=self.lines.append, **self._clocks),
            ) as self.proxy:
                started.set_result(None)
                await self._ended.wait()
        except Exception as problem:
            if started.done():
                raise
            started.set_exception(problem)

    def inside(self, work: Callable[[RdsProxy], T]) -> T:
        """Runs something on the proxy's own event loop."""
        done: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: done.set_result(work(self.proxy)))
        return done.result(10)

    @property
    def port(self) -> int:
        return self.proxy.port

    def gauges(self) -> dict[str, int]:
        return self.inside(lambda proxy: proxy.gauges())

    def counts(self) -> dict[str, int]:
        return self.inside(lambda proxy: dict(proxy.figures.counts))

    def pins(self) -> list[str]:
        """The log's lines of pins, after all that the proxy has received."""
        self.inside(lambda proxy: None)
        return [line for line in self.lines if "was pinned to" in line]

    def connect(self, **options: Any) -> Connection[Cursor]:
        """A client with autocommit on, as the store's is."""
        given = {"user": "crossover", "autocommit": True, "ssl_disabled": True, "read_timeout": 20, **options}
        return pymysql.connect(host=HOST, port=self.port, **given)


def ask(client: Connection[Cursor], sql: str) -> Any:
    """The first value of a statement's result, or None without one."""
    with client.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
    return rows[0][0] if rows else None


def backend(client: Connection[Cursor]) -> Any:
    """The id of the database connection that serves a client now."""
    return ask(client, "SELECT CONNECTION_ID()")
