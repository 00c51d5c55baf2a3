"""What the emulated RDS Proxy costs: `python -m local.measure.rds_proxy`.

Added latency and CPU of a query of one client, in alternating rounds; many clients on two connections, every answer
checked; memory of an idle client.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psutil
import pymysql

from container.http.fd_limit import connections_within_limit
from crossover_mysql.target import parse
from local.console import console
from local.data.mysql.server import PrivateServer
from local.measure.experiments.proxied_store import cpu_seconds, proxy_process

ROUNDS, QUERIES = 7, 2_000
CLIENTS, PROCESSES, QUERIES_OF_ALL = 200, 4, 100_000
IDLE_CLIENTS = 2_000
SIZES = (40, 900, 14_000)
"""Bytes of the answers that are checked."""


def connect(url: str) -> Any:
    """Connect as the store does."""
    target = parse(url)
    return pymysql.connect(
        host=target.host, port=target.port, user=target.user, autocommit=True, ssl_disabled=True, database="twitter"
    )


def one_client(direct: str, through: str, proxy: psutil.Process) -> Iterator[str]:
    """Compare the medians of a client's queries, and count the proxy's CPU."""
    medians: dict[str, list[float]] = {direct: [], through: []}
    used: list[float] = []
    with closing(connect(direct)) as first, closing(connect(through)) as second:
        for client in (first, second):
            client.cursor().execute("SELECT 1")
        for _ in range(ROUNDS):
            for url, client in ((direct, first), (through, second)):
                cursor = client.cursor()
                before = cpu_seconds(proxy)
                latencies = []
                for number in range(QUERIES):
                    began = time.perf_counter()
                    cursor.execute("SELECT id, name FROM pets WHERE id = %s", (number % 50,))
                    latencies.append(time.perf_counter() - began)
                medians[url].append(statistics.median(latencies) * 1e6)
                if client is second:
                    used.append((cpu_seconds(proxy) - before) / QUERIES * 1e6)
    straight, proxied = (statistics.median(medians[url]) for url in (direct, through))
    yield f"one client, {ROUNDS} alternating rounds of {QUERIES:,} queries by key (pymysql, no TLS):"
    yield f"  p50 direct {straight:.0f} us, through the proxy {proxied:.0f} us: {proxied - straight:.0f} us added"
    yield f"  CPU of the proxy {statistics.median(used):.0f} us a query ({min(used):.0f} to {max(used):.0f})"


def ask_and_check(url: str, clients: int, queries: int, seed: int) -> tuple[int, int]:
    """Ask from threads with a client each; how many answers were right, and how many wrong."""

    def work(number: int) -> tuple[int, int]:
        right = 0
        with closing(connect(url)) as client, client.cursor() as cursor:
            for at in range(queries // clients):
                text = f"{seed}-{number}-{at}-".ljust(SIZES[at % len(SIZES)], "x")
                cursor.execute("SELECT %s, SHA2(%s, 256)", (text, text))
                right += cursor.fetchall() == ((text, hashlib.sha256(text.encode()).hexdigest()),)
        return right, queries // clients - right

    with ThreadPoolExecutor(clients) as pool:
        counts = list(pool.map(work, range(clients)))
    return sum(right for right, _ in counts), sum(wrong for _, wrong in counts)


def many_clients(through: str, proxy: psutil.Process) -> Iterator[str]:
    """Have many clients share two connections."""
    context = multiprocessing.get_context("spawn")
    before, began = cpu_seconds(proxy), time.monotonic()
    with context.Pool(PROCESSES) as pool:
        share = (CLIENTS // PROCESSES, QUERIES_OF_ALL // PROCESSES)
        counts = pool.starmap(ask_and_check, [(through, *share, seed) for seed in range(PROCESSES)])
    seconds = time.monotonic() - began
    right, wrong = (sum(part[at] for part in counts) for at in range(2))
    us_per_request = (cpu_seconds(proxy) - before) / (right + wrong) * 1e6
    yield f"{CLIENTS} clients on 2 database connections: {right:,} right answers, {wrong} wrong, {seconds:.0f} s"
    yield f"  CPU of the proxy {us_per_request:.0f} us a query (answers of {', '.join(map(str, SIZES))} bytes)"


def idle_clients(through: str, proxy: psutil.Process) -> Iterator[str]:
    """Count the memory of clients that asked once."""
    connections_within_limit(2 * IDLE_CLIENTS)
    clients: list[Any] = []
    memory = []
    # What was freed since the start holds the first ones, so they do not count.
    for _ in range(2):
        some = [connect(through) for _ in range(IDLE_CLIENTS)]
        for client in some:
            client.cursor().execute("SELECT 1")
        clients += some
        memory.append(proxy.memory_info().rss)
    kb_per_client = (memory[1] - memory[0]) / IDLE_CLIENTS / 1024
    whole = memory[1] / 2**20
    yield f"{len(clients):,} idle clients: {kb_per_client:.1f} KiB each (second half), {whole:.0f} MiB in all"
    for client in clients:
        client.close()


def main() -> None:
    """Measure, and print."""
    with PrivateServer(options=("--loose-innodb-flush-method=nosync", "--max-connections=100")) as server:
        with closing(connect(server.url())) as client, client.cursor() as cursor:
            cursor.execute("CREATE TABLE pets (id INT PRIMARY KEY, name VARCHAR(99)) ENGINE=InnoDB")
            cursor.executemany("INSERT INTO pets VALUES (%s, %s)", [(number, "x" * 60) for number in range(50)])
        for options in ((), ("--no-watch",)):
            limits = ("--max-database-connections", "2", "--max-connections-percent", "100")
            patience = ("--connection-borrow-timeout", "60", *options)
            with proxy_process(server.url(), (*limits, *patience)) as proxy:
                console.print("with session tracking" if not options else "without session tracking")
                # Idle clients first: what was freed before would hold them without a new page.
                lines = [] if options else [*idle_clients(proxy.url, proxy.process)]
                lines += one_client(server.url(), proxy.url, proxy.process)
                lines += [] if options else many_clients(proxy.url, proxy.process)
                console.print("\n".join(lines), highlight=False)


if __name__ == "__main__":
    main()
