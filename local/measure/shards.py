"""What a divided store costs beside one database: `python -m local.measure.shards [TWEETS [DATABASES]]`.

Synthetic tweets go into one private MySQL server and, over and over, into several. Printed are tables of the load, of
each database's share of the records, and of the CPU of a fetch in this process and in the servers.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, process_time
from typing import NamedTuple

import psutil

from container.compute_queue import ComputeQueue
from container.settings import ContainerSettings
from container.stores.backends import ServiceBackend
from crossover.runner import Later
from crossover.stores import load, open_store
from crossover.stores.dumping import dump
from crossover.stores.port import Loaded
from functions import registry
from local.data.etl.pipeline import run
from local.data.etl.popular import read_popular
from local.data.mysql.server import PrivateServer
from local.data.tweets.files import popular_tags, write_tweets
from local.formatting import markdown, number

TWEETS, DATABASES = 100_000, 3
FETCHES, ROUNDS, CONCURRENT, WARM = 5_000, 5, 32, 100
SEED = 1


Timed = AbstractContextManager[None]
Fetching = Callable[[str, Sequence[bytes], Timed], None]
"""Fetches keys from the store at a URL, and enters the context for what counts."""


class Filled(NamedTuple):
    """A store that was loaded."""

    url: str
    servers: Sequence[PrivateServer]
    loaded: Loaded
    seconds: float
    cpu_seconds: float
    """Of this process."""


class FetchCost(NamedTuple):
    """Microseconds of CPU of a fetch."""

    client: float
    servers: float


def main(tweets: int = TWEETS, databases: int = DATABASES, fetches: int = FETCHES) -> None:
    """Measure and print."""
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="crossover-shards-")))
        source = _source(folder, tweets)
        servers = [held.enter_context(PrivateServer(folder / str(at))) for at in range(1 + databases)]
        one, several = _filled(source, servers[:1]), _filled(source, servers[1:])
        print(_loads(one, several))  # noqa: T201
        print(_shares(several.loaded))  # noqa: T201
        keys = [key for key, _ in dump(source)]
        chosen = random.Random(SEED).choices(keys, k=fetches)  # noqa: S311
        print(_fetches("one after the other", _inline, one, several, chosen))  # noqa: T201
        for concurrent in (CONCURRENT, CONCURRENT * databases):
            how = f"{concurrent} at a time, in batches"
            print(_fetches(how, partial(_batched, concurrent), one, several, chosen))  # noqa: T201
        began = monotonic()
        copied = load(one.url, dump(several.url))
        print(f"Back into one database: {copied.records:,} records in {monotonic() - began:.1f} s.")  # noqa: T201


def _source(folder: Path, tweets: int) -> str:
    """Make a SQLite store of synthetic tweets, and return its URL."""
    popular, file, url = folder / "popular.txt", folder / "tweets.json", f"sqlite:///{folder}/store.db"
    write_tweets(tweets, SEED, popular_tags(popular), file)
    run([file], read_popular(popular), url, folder)
    return url


def _filled(source: str, servers: Sequence[PrivateServer]) -> Filled:
    url = "|".join(server.url() for server in servers)
    began, cpu = monotonic(), process_time()
    loaded = load(url, dump(source))
    return Filled(url, servers, loaded, monotonic() - began, process_time() - cpu)


def _inline(url: str, keys: Sequence[bytes], timed: Timed) -> None:
    """Fetch as a function does."""
    with closing(open_store(url)) as store:
        store.fetch_many(keys[:WARM])
        with timed:
            for key in keys:
                store.fetch(key)


def _batched(concurrent: int, url: str, keys: Sequence[bytes], timed: Timed) -> None:
    """Fetch as a pod does, without the HTTP."""

    async def fetch_all() -> None:
        environ = {"TWITTER_STORE": url}
        (service,) = registry.load(["twitter"], environ)
        settings = ContainerSettings()
        backend = ServiceBackend(service, settings, environ, ComputeQueue(settings.max_computations, 1))

        async def client(left: Iterator[bytes]) -> None:
            for key in left:
                record = backend.runner.fetch(key)
                if isinstance(record, Later):
                    await record.value

        async def clients(some: Sequence[bytes]) -> None:
            left = iter(some)
            await asyncio.gather(*(client(left) for _ in range(concurrent)))

        await clients(keys[:WARM])
        with timed:
            await clients(keys)
        await backend.close()

    asyncio.run(fetch_all())


def _cost(fetch: Fetching, store: Filled, keys: Sequence[bytes]) -> FetchCost:
    processes = [psutil.Process(server.pid) for server in store.servers]
    costs: list[FetchCost] = []

    def used() -> tuple[float, float]:
        return process_time(), sum(sum(process.cpu_times()[:2]) for process in processes)

    @contextmanager
    def timed() -> Iterator[None]:
        before = used()
        yield
        client, servers = (after - was for after, was in zip(used(), before, strict=True))
        costs.append(FetchCost(client / len(keys) * 1e6, servers / len(keys) * 1e6))

    fetch(store.url, keys, timed())
    return costs[0]


def _fetches(how: str, fetch: Fetching, one: Filled, several: Filled, keys: Sequence[bytes]) -> str:
    """Measure both stores in turn, and return a table of the lowest figures: other work on the machine only adds."""
    costs: dict[str, list[FetchCost]] = {"one": [], str(len(several.servers)): []}
    for _ in range(ROUNDS):
        for costs_of, store in zip(costs.values(), (one, several), strict=True):
            costs_of.append(_cost(fetch, store, keys))
    rows = (
        (name, *(number(min(cost[part] for cost in measured)) for part in range(2))) for name, measured in costs.items()
    )
    head = (f"databases, {how}", "client, us of CPU a fetch", "servers, us of CPU a fetch")
    return markdown(head, rows, right=1) + "\n"


def _loads(one: Filled, several: Filled) -> str:
    rows = (
        (
            str(len(store.servers)),
            f"{store.loaded.records:,}",
            f"{store.loaded.size_bytes / 1e6:.0f}",
            f"{store.seconds:.1f}",
            f"{store.cpu_seconds:.1f}",
        )
        for store in (one, several)
    )
    return markdown(("databases", "records", "MB", "load, s", "loader's CPU, s"), rows, right=1) + "\n"


def _shares(loaded: Loaded) -> str:
    rows = ((name, f"{figure:,.0f}", f"{100 * figure / loaded.records:.1f}") for name, figure in loaded.figures.items())
    return markdown(("part", "records", "%"), rows, right=1) + "\n"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
