"""The storage tier, one change at a time, as the report did: proxy pool, buffer pool, max_connections, batching.

The store is several times as large as the first buffer pool. Requests are asked in a closed loop by processes with a
store each; figures compare with each other within one run, and not with the report's.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psutil

from crossover.runner import Unavailable
from crossover_mysql.store import open_store
from local.data.mysql.server import PrivateServer
from local.measure.experiments.proxied_store import (
    ServerCounters,
    cpu_seconds,
    load_records,
    proxy_process,
    random_records,
)
from local.measure.experiments.result import StorageFigures, StorageTierResult
from local.measure.statistics import rounded

COUNTERS = ("Innodb_buffer_pool_read_requests", "Innodb_buffer_pool_reads")
RECORD_BYTES = 2_000
WARM_SHARE = 0.25
"""The part of a load before it counts."""


@dataclass(frozen=True, slots=True)
class StorageTierConfig:
    """What is run. Sizes are MB."""

    records: int = 30_000
    small_pool_mb: int = 16
    large_pool_mb: int = 192
    clients: int = 16
    processes: int = 2
    seconds: float = 4.0


_Part = tuple[int, int, int, list[float]]
"""Records asked for, wrong answers, errors, and the latencies that count."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """One state of the storage tier."""

    change: str
    reported: str
    proxy_connections: int = 2
    pool_mb: int = 0
    max_connections: int = 40
    batch: int = 1


def settings(config: StorageTierConfig) -> list[_Setting]:
    """Return the base, and each change on top of those before it."""
    base = _Setting("base", "1,637 requests/s", pool_mb=config.small_pool_mb)
    pool = replace(base, change="proxy pool: 2 to 16 connections", reported="1,637 to 1,790", proxy_connections=16)
    buffer = replace(
        pool,
        change=f"innodb_buffer_pool_size: {config.small_pool_mb} to {config.large_pool_mb} MB",
        reported="1,790 to 1,864 (75 % of memory)",
        pool_mb=config.large_pool_mb,
    )
    limit = replace(
        buffer, change="max_connections: 40 to 120", reported="1,864 to 2,016 (1,000 to 3,000)", max_connections=120
    )
    batch = replace(limit, change="16 keys in one statement", reported="", batch=16)
    return [base, pool, buffer, limit, batch]


def measure(config: StorageTierConfig, step: Callable[[str], None]) -> StorageTierResult:
    """Measure every state, each on the same data."""
    records = random_records(config.records, RECORD_BYTES)
    rows: list[StorageFigures] = []
    with PrivateServer(options=("--loose-innodb-flush-method=O_DIRECT",)) as server:
        load_records(server, records)
        folder = server.folder
        server.stop()
        for setting in settings(config):
            step(setting.change)
            rows.append(_figures(config, setting, folder, records))
    size = config.records * RECORD_BYTES / 1e6
    return StorageTierResult(figures=rows, records=config.records, store_mb=rounded(size), clients=config.clients)


def _figures(config: StorageTierConfig, setting: _Setting, folder: Any, records: dict[bytes, bytes]) -> StorageFigures:
    options = (
        f"--innodb-buffer-pool-size={setting.pool_mb}M",
        f"--max-connections={setting.max_connections}",
        "--loose-innodb-flush-method=O_DIRECT",
        "--loose-innodb-buffer-pool-load-at-startup=OFF",
    )
    with PrivateServer(folder, options=options) as server, closing(ServerCounters(server)) as counters:
        limit = ("--max-connections-percent", "100", "--max-database-connections", str(setting.proxy_connections))
        with proxy_process(server.url(), limit) as proxy:
            processes = [psutil.Process(server.pid), proxy.process]
            before, earlier = counters.read(*COUNTERS), list(map(cpu_seconds, processes))
            asked, wrong, errors, latencies, seconds = _load(config, setting, proxy.url, list(records))
            used = [now - then for now, then in zip(map(cpu_seconds, processes), earlier, strict=True)]
            after = counters.read(*COUNTERS)
    requests, reads = (now - then for now, then in zip(after, before, strict=True))
    ordered = sorted(latencies)
    return StorageFigures(
        change=setting.change,
        requests_per_second=rounded(len(ordered) * setting.batch / seconds),
        p50_ms=rounded(ordered[len(ordered) // 2] * 1e3),
        p99_ms=rounded(ordered[len(ordered) * 99 // 100] * 1e3),
        wrong=wrong,
        errors=errors,
        hit_percent=rounded(100 * (1 - reads / requests)) if requests else 100.0,
        database_cpu_us=rounded(used[0] / asked * 1e6),
        proxy_cpu_us=rounded(used[1] / asked * 1e6),
        reported=setting.reported,
    )


def _load(
    config: StorageTierConfig, setting: _Setting, url: str, keys: list[bytes]
) -> tuple[int, int, int, list[float], float]:
    """Ask from every process: records asked for, wrong, errors, latencies that count, and their seconds."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(config.processes) as pool:
        threads = config.clients // config.processes
        jobs = [(url, len(keys), setting.batch, threads, config.seconds, seed) for seed in range(config.processes)]
        found = pool.starmap(_ask, jobs)
    latencies = [latency for part in found for latency in part[3]]
    asked, wrong, errors = (sum(counts) for counts in zip(*(part[:3] for part in found), strict=True))
    return asked, wrong, errors, latencies, config.seconds * (1 - WARM_SHARE)


def _ask(  # noqa: PLR0913 - what another process needs
    url: str, count: int, batch: int, threads: int, seconds: float, seed: int
) -> _Part:
    """Ask in a closed loop from threads of this process."""
    from concurrent.futures import ThreadPoolExecutor

    records = random_records(count, RECORD_BYTES)
    keys = list(records)
    began = time.monotonic()

    def work(number: int) -> _Part:
        chance = random.Random(seed * 1000 + number)  # noqa: S311 - which keys, no secret
        asked = wrong = errors = 0
        latencies = []
        while (now := time.monotonic()) - began < seconds:
            some = chance.sample(keys, batch)
            asked += batch
            try:
                answers = [store.fetch(some[0])] if batch == 1 else store.fetch_many(some)
            except Unavailable:
                errors += 1
                continue
            wrong += answers != [records[key] for key in some]
            if now - began >= seconds * WARM_SHARE:
                latencies.append(time.monotonic() - now)
        return asked, wrong, errors, latencies

    options = f"size={threads}&borrow_timeout=10&read_timeout=10&connect_timeout=10"
    with closing(open_store(f"{url}?{options}")) as store, ThreadPoolExecutor(threads) as pool:
        began = time.monotonic()
        found = list(pool.map(work, range(threads)))
    return (
        sum(part[0] for part in found),
        sum(part[1] for part in found),
        sum(part[2] for part in found),
        [latency for part in found for latency in part[3]],
    )
