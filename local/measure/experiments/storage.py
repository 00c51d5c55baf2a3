"""Every store, bare and cached: the same requests in one run, what they take, and what the storage tier would cost.

Latencies are of local servers and compare within a run only. What a store reads is counted by the store (dynalite
counts units as DynamoDB does) and priced by the cost model.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossover.runner import InlineRunner, answer_at_once
from crossover.stores import load, open_store
from crossover.stores.caching import CachedStore
from crossover_dynamodb.items import chunks, item_bytes, read_units
from functions.twitter.handler import SERVICE
from local.data.dynamodb import dynalite
from local.data.dynamodb.tables import create_table
from local.data.mysql.server import PrivateServer
from local.data.redis.server import PrivateRedis
from local.emulator import aws_services
from local.errors import UserError
from local.measure.experiments.proxied_store import proxy_process
from local.measure.experiments.result import StorageResult, StoreFigures
from local.measure.experiments.schemas import request_for
from local.measure.experiments.storage_cost import Reads, cost_of_tiers
from local.measure.statistics import rounded
from local.workloads.popularity import drawn

Pair = tuple[bytes, bytes]
CACHES = {"bare": "", "local cache": "cache=local:64MB", "Redis": "cache={redis}&cache_timeout=1"}
DISCARDED = 0.2
"""The share of the requests before those that count: caches fill, connections open."""


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """What is run."""

    tweets: int = 20_000
    requests: int = 3_000
    exponent: float = 0.9
    """Of Zipf's law over the records: how unequally they are asked for."""
    seed: int = 1


def measure(config: StorageConfig, step: Callable[[str], None]) -> StorageResult:
    """Measure every store and cache with the same requests, and price the tiers. Raises `UserError`."""
    if sys.platform != "linux":
        raise UserError("the CPU of another process is measured on Linux only: run this experiment there")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossover-storage-")))
        step("making tweets and their records")
        pairs = _records(config, folder)
        requests = _requests(pairs, config)
        step("starting servers")
        stores, database, redis = _stores(stack, folder, pairs, step)
        figures = []
        kept = _MemoryRunner(dict(pairs))
        right = [answer_at_once(SERVICE, query, kept) for query in requests]
        for name, url in stores.items():
            for cache, option in CACHES.items():
                if name == "SQLite" and option:
                    continue
                step(f"{name}, {cache}")
                redis.flush()
                full = f"{url}{'&' if '?' in url else '?'}{option.format(redis=redis.server.address)}"
                server = database if name.startswith("MySQL") else None
                names = {"store": name, "cache": cache}
                figures.append(_figures(names, full.rstrip("?&"), requests, right, server))
        by_name = {(figure.store, figure.cache): figure for figure in figures}
        step("pricing")
        mysql = by_name["MySQL", "bare"]
        dynamo = next(figure for figure in figures if figure.read_units > 0 and figure.cache == "bare")
        reads = Reads(
            item_bytes=_mean_item(requests, dict(pairs)),
            read_blocks=_mean_units(requests, dict(pairs)),
            database_us=mysql.database_us,
            hit_ratio=by_name[dynamo.store, "Redis"].hit_ratio,
        )
        costs = cost_of_tiers(reads)
    return StorageResult(
        figures=figures,
        records=len(pairs),
        requests=config.requests,
        exponent=config.exponent,
        item_bytes=rounded(reads.item_bytes),
        read_blocks=rounded(reads.read_blocks),
        hit_ratio=rounded(reads.hit_ratio),
        database_us=rounded(reads.database_us),
        **costs,
    )


class _MemoryRunner(InlineRunner):
    """Fetches from memory, where the right answers come from."""

    def __init__(self, records: dict[bytes, bytes]) -> None:
        super().__init__()
        self._records = records

    def fetch(self, key: bytes) -> bytes | None:
        return self._records.get(key)


class _Redis:
    """The cache's server."""

    def __init__(self, server: PrivateRedis) -> None:
        self.server = server

    def flush(self) -> None:
        """Forget everything."""
        import socket

        with socket.create_connection(("127.0.0.1", self.server.port), timeout=5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            connection.recv(64)


def _records(config: StorageConfig, folder: Path) -> list[Pair]:
    from local.data.etl.pipeline import run
    from local.data.etl.popular import SHIPPED_TAGS, parse_popular
    from local.data.tweets.files import write_tweets

    popular = parse_popular(SHIPPED_TAGS.read_bytes())
    write_tweets(config.tweets, config.seed, sorted(popular), folder / "tweets.json")
    run([folder / "tweets.json"], popular, f"sqlite:///{folder}/records.db", folder)
    import sqlite3

    from crossover.stores.sealing import unseal

    with closing(sqlite3.connect(folder / "records.db")) as connection:
        rows = connection.execute("select key, record from records order by key").fetchall()
    return [(key, unseal(key, sealed)) for key, sealed in rows]


def _requests(pairs: list[Pair], config: StorageConfig) -> list[bytes]:
    chance = random.Random(config.seed)  # noqa: S311 - which requests, no secret
    order = pairs[:]
    chance.shuffle(order)
    ranks = drawn(len(order), config.exponent, config.requests, config.seed)
    return [request_for(order[rank], chance) for rank in ranks]


def _stores(
    stack: ExitStack, folder: Path, pairs: list[Pair], step: Callable[[str], None]
) -> tuple[dict[str, str], int, _Redis]:
    """Start and load every store; return their URLs, the database's process and the cache."""
    server = stack.enter_context(PrivateServer(folder / "mysql", options=("--loose-innodb-flush-method=nosync",)))
    load(server.url(), pairs)
    stores = {"SQLite": f"sqlite:///{folder}/records.db", "MySQL": f"{server.url()}?read_timeout=10"}
    stores["MySQL, RDS Proxy"] = stack.enter_context(proxy_process(server.url(), ())).url + "?read_timeout=10"
    for name, address in stack.enter_context(_dynamo_servers()).items():
        step(f"loading {name}")
        url = f"dynamodb://twitter?region=us-east-1&endpoint={address}&read_timeout=10&connect_timeout=10"
        create_table(url)
        load(url, pairs)
        stores[name] = url
    redis = _Redis(stack.enter_context(PrivateRedis()))
    return stores, server.pid, redis


@contextmanager
def _dynamo_servers() -> Iterator[dict[str, str]]:
    """Run what speaks DynamoDB's interface here: dynalite where Node.js is there, else moto."""
    if dynalite.have_node():
        with dynalite.serve() as (address, _):
            yield {"DynamoDB (dynalite)": address}
        return
    with aws_services.serve() as services:
        yield {"DynamoDB (moto)": services.address}


def _figures(
    names: dict[str, str], url: str, asked: list[bytes], right: list[bytes], database: int | None
) -> StoreFigures:
    first = int(len(asked) * DISCARDED)
    with closing(open_store(url)) as store:
        runner = InlineRunner(store)
        wrong = sum(
            answer_at_once(SERVICE, query, runner) != answer
            for query, answer in zip(asked[:first], right[:first], strict=True)
        )
        units, hits, looked = _counts(store)
        server_begun, begun = _cpu_seconds(database), time.process_time()
        times = []
        for query, answer in zip(asked[first:], right[first:], strict=True):
            started = time.perf_counter()
            said = answer_at_once(SERVICE, query, runner)
            times.append(time.perf_counter() - started)
            wrong += said != answer
        used, server_used = time.process_time() - begun, _cpu_seconds(database) - server_begun
        units_after, hits_after, looked_after = _counts(store)
    counted = len(times)
    times.sort()
    return StoreFigures(
        **names,
        asked=counted,
        wrong=wrong,
        client_us=rounded(used / counted * 1e6),
        database_us=rounded(server_used / counted * 1e6),
        p50_ms=rounded(times[counted // 2] * 1e3),
        p99_ms=rounded(times[counted * 99 // 100] * 1e3),
        answer_bytes=rounded(sum(map(len, right[first:])) / counted),
        read_units=rounded((units_after - units) / counted),
        hit_ratio=rounded((hits_after - hits) / (looked_after - looked)) if looked_after > looked else 0.0,
    )


def _cpu_seconds(process: int | None) -> float:
    """Return the CPU that a process has used, to the nanosecond; 0 without one."""
    if process is None:
        return 0.0
    # As clock_getcpuclockid(3) gives it on Linux: /proc/PID/stat counts hundredths of a second.
    return time.clock_gettime(~process << 3 | 2)


def _counts(store: Any) -> tuple[float, int, int]:
    """Return read units, keys that the cache answered, and keys that it was asked for, so far."""
    stats = store.stats() if hasattr(store, "stats") else None
    units = getattr(stats, "read_units", 0.0)
    if not isinstance(store, CachedStore):
        return units, 0, 0
    cache = store.cache_stats()
    hits = cache.hits + cache.absent_hits
    return units, hits, hits + cache.misses + cache.passed_by


def _keys(asked: list[bytes]) -> Iterator[bytes]:
    from crossover.seam import Request

    for query in asked:
        yield SERVICE.start(Request(query)).key  # type: ignore[union-attr]


def _mean_item(asked: list[bytes], records: dict[bytes, bytes]) -> float:
    sizes = [_item_sizes(key, records[key]) for key in _keys(asked)]
    return sum(map(sum, sizes)) / len(sizes)


def _mean_units(asked: list[bytes], records: dict[bytes, bytes]) -> float:
    """Return blocks of 4 KB that a read takes on average: strongly consistent read units."""
    sizes = [_item_sizes(key, records[key]) for key in _keys(asked)]
    return sum(read_units(size, True) for each in sizes for size in each) / len(sizes)


def _item_sizes(key: bytes, record: bytes) -> list[int]:
    parts = chunks(key, record)
    return [item_bytes(key, part, at, len(parts)) for at, part in enumerate(parts)]
