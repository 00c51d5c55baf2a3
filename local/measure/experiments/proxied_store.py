"""A private database with a loaded store, and an emulated RDS Proxy in front of it, for experiments."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import psutil
import pymysql

from crossover.stores import load
from local.data.mysql.server import HOST, USER, PrivateServer
from local.errors import UserError

RUN = "from local.cli import main; main()"


class ProxyProcess(NamedTuple):
    """A running `crossover rds-proxy`."""

    url: str
    process: psutil.Process


@contextmanager
def proxy_process(url: str, options: Sequence[str]) -> Iterator[ProxyProcess]:
    """Run an emulated RDS Proxy without TLS while the block runs."""
    command = [sys.executable, "-c", RUN, "rds-proxy", url, "--no-require-tls", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        try:
            if child.stdout is None or not (lines := [child.stdout.readline() for _ in range(3)])[2]:
                raise UserError("the emulated RDS Proxy did not start")
            yield ProxyProcess(lines[2].strip(), psutil.Process(child.pid))
        finally:
            child.terminate()


def random_records(count: int, size: int) -> dict[bytes, bytes]:
    """Make records of random bytes, which nothing compresses, under keys of eight."""
    chance = random.Random(1)  # noqa: S311 - data, no secret
    return {number.to_bytes(8, "big"): chance.randbytes(size) for number in range(count)}


def load_records(server: PrivateServer, records: dict[bytes, bytes]) -> None:
    """Load a server's store."""
    load(server.url(), records.items())


class ServerCounters:
    """Counters of a server, read by one connection that is open from the start: later there may be none left."""

    def __init__(self, server: PrivateServer) -> None:
        self._server = server
        self.reconnect()

    def reconnect(self) -> None:
        """Connect again, after a restart of the server."""
        self._client = pymysql.connect(host=HOST, port=self._server.port or 0, user=USER, ssl_disabled=True)

    def read(self, *names: str) -> list[int]:
        """Read variables of `SHOW GLOBAL STATUS`."""
        counters: dict[str, Any] = {}
        with self._client.cursor() as cursor:
            for name in names:
                cursor.execute("SHOW GLOBAL STATUS LIKE %s", (name,))
                counters.update(cursor.fetchall())
        return [int(counters[name]) for name in names]

    def close(self) -> None:
        """End the connection."""
        with suppress(pymysql.MySQLError):
            self._client.close()


def cpu_seconds(process: psutil.Process | None) -> float:
    """CPU that a process has used; 0 without one."""
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)
