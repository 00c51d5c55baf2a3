"""Many Lambda environments and a few pods against a database of few connections, straight and through RDS Proxy.

An environment is a thread with a store of its own and one lazily opened connection, as it has on Lambda; a pod is a
store with a pool of two, asked by two threads. What the database sees is the same as from as many processes; what
the clients use in CPU is not measured.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass

import psutil

from crossover.runner import Unavailable
from crossover_mysql.store import MysqlStore, open_store
from local.data.mysql.server import PrivateServer
from local.measure.experiments.proxied_store import (
    ProxyProcess,
    ServerCounters,
    cpu_seconds,
    load_records,
    proxy_process,
    random_records,
)
from local.measure.experiments.result import ConnectionFigures, ConnectionsResult
from local.measure.statistics import rounded

POD_POOL = 2
RECORDS, RECORD_BYTES = 2_000, 1_000
PROXY_OPTIONS = ("--connection-borrow-timeout", "2", "--max-connections-percent", "90")
WAYS = ("straight", "RDS Proxy, emulated")
URL_OPTIONS = "borrow_timeout=2&connect_timeout=2&read_timeout=3"
IDLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class ConnectionsConfig:
    """What is run."""

    environments: int = 200
    pods: int = 4
    database_connections: int = 30
    seconds: float = 5.0
    """Of the steady load."""
    requests_per_second: float = 2.0
    """Of each environment in the steady load; Lambda's own limit is 10."""


class _Fleet:
    """Environments and pods that ask at the same time, and what became of their requests."""

    def __init__(self, config: ConnectionsConfig, url: str, records: dict[bytes, bytes]) -> None:
        url = f"{url}{'&' if '?' in url else '?'}{URL_OPTIONS}"
        environments = [open_store(f"{url}&size=1") for _ in range(config.environments)]
        pods = [open_store(f"{url}&size={POD_POOL}") for _ in range(config.pods)]
        self._stores = [*environments, *pods]
        self._askers = [*environments, *(pod for pod in pods for _ in range(POD_POOL))]
        self._records = list(records.items())
        self.wrong = 0

    def ask(self, rounds: int, pause: float) -> tuple[list[float], int]:
        """Ask from everywhere; latencies in seconds of the right answers, and the number of errors."""
        latencies: list[list[float]] = [[] for _ in self._askers]
        errors = [0] * len(self._askers)
        start = threading.Barrier(len(self._askers))

        def work(at: int, store: MysqlStore) -> None:
            start.wait()
            time.sleep(pause * at / len(self._askers))
            due = time.monotonic()
            for turn in range(rounds):
                key, record = self._records[(at * 37 + turn) % len(self._records)]
                began = time.monotonic()
                try:
                    self.wrong += store.fetch(key) != record
                    latencies[at].append(time.monotonic() - began)
                except Unavailable:
                    errors[at] += 1
                due += pause
                time.sleep(max(0.0, due - time.monotonic()))

        threads = [threading.Thread(target=work, args=pair) for pair in enumerate(self._askers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [latency for some in latencies for latency in some], sum(errors)

    def close(self) -> None:
        for store in self._stores:
            store.close()


def measure(config: ConnectionsConfig, step: Callable[[str], None]) -> ConnectionsResult:
    """Run every step each way, on a server of its own."""
    rows: list[ConnectionFigures] = []
    wrong = 0
    records = random_records(RECORDS, RECORD_BYTES)
    for way in WAYS:
        options = (f"--max-connections={config.database_connections}", "--loose-innodb-flush-method=nosync")
        with PrivateServer(options=options) as server:
            load_records(server, records)
            with closing(ServerCounters(server)) as counters, _through(way, server) as proxy:
                scene = _Scene(way, server, proxy, counters)
                with closing(_Fleet(config, proxy.url if proxy else server.url(), records)) as fleet:
                    rows += _steps(config, scene, fleet, step)
                wrong += fleet.wrong
    return ConnectionsResult(
        figures=rows,
        wrong_answers=wrong,
        database_connections=config.database_connections,
        proxy_settings=" ".join(PROXY_OPTIONS),
    )


@contextmanager
def _through(way: str, server: PrivateServer) -> Iterator[ProxyProcess | None]:
    with nullcontext() if way == WAYS[0] else proxy_process(server.url(), PROXY_OPTIONS) as proxy:
        yield proxy


@dataclass(frozen=True, slots=True)
class _Scene:
    """One way to the database, with what is read of it."""

    way: str
    server: PrivateServer
    proxy: ProxyProcess | None
    counters: ServerCounters


def _steps(
    config: ConnectionsConfig, scene: _Scene, fleet: _Fleet, step: Callable[[str], None]
) -> Iterator[ConnectionFigures]:
    pause = 1 / config.requests_per_second
    rounds = max(1, round(config.seconds * config.requests_per_second))
    step(f"{scene.way}: every environment starts at once")
    yield _row(scene, "burst of cold starts", lambda: fleet.ask(1, 0.0))
    step(f"{scene.way}: steady load")
    yield _row(scene, "steady load", lambda: fleet.ask(rounds, pause))
    step(f"{scene.way}: the database is killed and comes back while clients are idle")
    os.kill(scene.server.pid, signal.SIGKILL)
    scene.server.stop()
    time.sleep(IDLE_SECONDS)
    scene.server.start()
    scene.counters.reconnect()
    yield _row(scene, "first request after a failover", lambda: fleet.ask(1, 0.0))
    step(f"{scene.way}: steady load again")
    yield _row(scene, "steady load after it", lambda: fleet.ask(rounds, pause))


def _row(scene: _Scene, name: str, work: Callable[[], tuple[list[float], int]]) -> ConnectionFigures:
    """Run one step, with the counters of the server before and after it."""
    processes = [psutil.Process(scene.server.pid), scene.proxy.process if scene.proxy else None]
    (opened_before,) = scene.counters.read("Connections")
    before = list(map(cpu_seconds, processes))
    latencies, errors = work()
    used = [after - earlier for after, earlier in zip(map(cpu_seconds, processes), before, strict=True)]
    opened, most = scene.counters.read("Connections", "Max_used_connections")
    ordered = sorted(latencies)
    right = len(ordered)
    return ConnectionFigures(
        way=scene.way,
        step=name,
        asked=right + errors,
        right=right,
        errors=errors,
        p50_ms=rounded(ordered[right // 2] * 1e3) if right else None,
        p99_ms=rounded(ordered[min(right - 1, right * 99 // 100)] * 1e3) if right else None,
        connections_opened=max(0, opened - opened_before),
        most_connections=most,
        database_cpu_ms=rounded(used[0] * 1e3),
        proxy_cpu_ms=rounded(used[1] * 1e3),
    )
