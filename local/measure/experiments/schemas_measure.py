"""What answering costs, schema by schema: one request after another, and many clients' requests merged."""

from __future__ import annotations

import sys
import time
from asyncio import gather
from collections.abc import Callable
from contextlib import closing
from statistics import median
from typing import Any, NamedTuple, Protocol

import pymysql
import uvloop

from container.stores.fetch_batcher import BatchedFetcher
from crossover.runner import InlineRunner, Later, Runner, answer_at_once, drive
from crossover.seam import Request
from crossover.stores.port import Store
from functions.twitter.handler import SERVICE
from local.console import stderr
from local.data.mysql.server import HOST, USER, PrivateServer
from local.errors import UserError
from local.measure.experiments.relational import SCHEMAS

MIX = "natural mix"
"""Every record as likely as any other: users and types as they come."""
CLIENTS = 32
REBUILDS = 50
"""Requests for which the packing of rows is measured by itself."""
DATABASES = {name: name.replace("-", "_") for name in ("packed", *SCHEMAS)}
"""Where each schema is loaded."""


class SizedRequests(NamedTuple):
    """Requests whose answers have so many rows."""

    name: str
    requests: list[bytes]


class ComparedStore(Store, Protocol):
    """A store on MySQL with a pool of its own."""

    threads: int


class Cost(NamedTuple):
    """What one request cost, on average."""

    client_us: float
    """CPU of this process: the service, the store and the driver."""
    server_us: float
    """CPU of the database server."""
    wall_us: float
    queries: float
    """Statements that the server ran."""

    @property
    def cpu_us(self) -> float:
        """CPU of client and server together."""
        return self.client_us + self.server_us


class Meter:
    """Reads what client and server have used, before and after."""

    def __init__(self, server: PrivateServer) -> None:
        if sys.platform != "linux":
            raise UserError("the CPU of another process is measured on Linux only: run this experiment there")
        # The CPU clock of another process, as clock_getcpuclockid(3) gives it on Linux: in nanoseconds, where
        # /proc/PID/stat counts hundredths of a second.
        self._server_clock = ~server.pid << 3 | 2
        self._cursor = pymysql.connect(host=HOST, port=server.port or 0, user=USER, ssl_disabled=True).cursor()

    def read(self) -> tuple[float, float, float, int]:
        """Return CPU seconds of client and server, the time, and statements so far."""
        self._cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_select'")
        ((_, queries),) = self._cursor.fetchall()
        return time.process_time(), time.clock_gettime(self._server_clock), time.perf_counter(), int(queries)

    def cost(self, requests: int, work: Callable[[], object]) -> Cost:
        """Return what work on so many requests cost, for each of them."""
        before = self.read()
        work()
        client, server, wall, queries = (after - begun for after, begun in zip(self.read(), before, strict=True))
        return Cost(client / requests * 1e6, server / requests * 1e6, wall / requests * 1e6, queries / requests)

    def rebuilding(self, name: str, sample: SizedRequests) -> float:
        """Return the part of the client's CPU, in us a request, in which rows become a record again."""
        schema = SCHEMAS.get(name)
        if schema is None:
            return 0.0
        self._cursor.execute(f"USE {DATABASES[name]}")
        used = 0.0
        for query in sample.requests[:REBUILDS]:
            keys = (SERVICE.start(Request(query)).key,)  # type: ignore[union-attr]
            self._cursor.execute(*schema.select(keys))
            rows = self._cursor.fetchall()
            begun = time.thread_time()
            schema.records(rows)
            used += time.thread_time() - begun
        return used / len(sample.requests[:REBUILDS]) * 1e6

    def close(self) -> None:
        """End what measures."""
        self._cursor.connection.close()


Cell = tuple[str, str, str]
"""A schema, `unbatched` or `merged`, and the name of a sample."""


def measure(
    rounds: int, seconds: float, server: PrivateServer, stores: dict[str, ComparedStore], samples: list[SizedRequests]
) -> dict[str, dict[str, Any]]:
    """For each schema, and `unbatched` or `merged`, and each sample: the medians of the rounds.

    A cell uses about `seconds` of CPU in a round.
    """
    from rich.progress import Progress

    # What is compared stands together, so that in each round the machine is the same for all of it.
    cells: dict[Cell, Callable[[int], object]] = {}
    for sample in samples:
        cells |= {(name, "unbatched", sample.name): _one_by_one(store, sample) for name, store in stores.items()}
    cells |= {(name, "merged", MIX): _together(store, samples[-1]) for name, store in stores.items()}
    costs: dict[Cell, list[Cost]] = {cell: [] for cell in cells}
    with closing(Meter(server)) as meter, Progress(console=stderr, transient=True) as progress:
        task = progress.add_task("measuring", total=rounds * len(cells))
        requests = {}
        for cell, go in cells.items():
            tried = meter.cost(10 * CLIENTS, lambda go=go: go(10 * CLIENTS))  # type: ignore[misc]
            requests[cell] = max(CLIENTS, int(seconds * 1e6 / tried.cpu_us))
        for _ in range(rounds):
            for cell, go in cells.items():
                number = requests[cell]
                costs[cell].append(meter.cost(number, lambda go=go, number=number: go(number)))  # type: ignore[misc]
                progress.advance(task)
        rebuilding = {(name, sample.name): meter.rebuilding(name, sample) for name in stores for sample in samples}
    result: dict[str, dict[str, Any]] = {name: {"unbatched": {}, "merged": {}} for name in stores}
    for (name, how, size), several in costs.items():
        result[name][how][size] = {
            **{field: median(values) for field, values in zip(Cost._fields, zip(*several, strict=True), strict=True)},
            "cpu_us": median(cost.cpu_us for cost in several),
            "rebuilding_us": rebuilding[name, size],
            "times_packed": _times(several, costs["packed", how, size]),
            "requests": requests[name, how, size],
        }
    return result


def _times(costs: list[Cost], base: list[Cost]) -> float:
    """Return the median of the rounds' own ratios: what slows a round slows both."""
    return median(cost.cpu_us / other.cpu_us for cost, other in zip(costs, base, strict=True))


def _one_by_one(store: ComparedStore, sample: SizedRequests) -> Callable[[int], object]:
    runner = InlineRunner(store)

    def go(requests: int) -> None:
        for at in range(requests):
            answer_at_once(SERVICE, sample.requests[at % len(sample.requests)], runner)

    return go


class _BatchingRunner(InlineRunner):
    """As a pod fetches."""

    def __init__(self, fetcher: BatchedFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def fetch(self, key: bytes) -> Later:
        return Later(self._fetcher.fetch(key))


def _together(store: ComparedStore, sample: SizedRequests) -> Callable[[int], object]:
    async def client(runner: Runner, first: int, requests: int) -> None:
        for at in range(first, requests, CLIENTS):
            await drive(SERVICE.start(Request(sample.requests[at % len(sample.requests)])), runner)

    async def clients(requests: int) -> None:
        fetcher = BatchedFetcher(store, store.threads)
        runner = _BatchingRunner(fetcher)
        await gather(*(client(runner, first, requests) for first in range(CLIENTS)))
        await fetcher.close()

    return lambda requests: uvloop.run(clients(requests))
