"""The container's stores: opened at the start, read inline where they are local, in batches where they are remote."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from container.compute_queue import Computing
from container.metrics.recorder import Figures
from container.runner import ContainerRunner
from container.settings import ContainerSettings
from container.stores.fetch_batcher import GAUGES as BATCH_GAUGES
from container.stores.fetch_batcher import BatchedFetcher
from crossover.runner import Later, Refused, Unavailable
from crossover.seam import Service
from crossover.stores.caching import CachedStore
from crossover.stores.lazy import LazyStore, store_of
from crossover.stores.parts import WrongPart, load_of
from crossover.stores.port import BudgetedStore, RemoteStore, Store
from crossover.stores.sharded import ShardedStore

RETRY_SECONDS = 0.5
Held = Callable[[bytes], tuple[bytes | None] | None]
"""Gives what is in memory already, in a tuple; None where that is not known."""

logger = logging.getLogger("crossover")


class BatchingRunner(ContainerRunner):
    """Fetches keys that wait at the same moment in one round trip."""

    def __init__(self, service: Service, fetcher: BatchedFetcher, computing: Computing, held: Held | None) -> None:
        super().__init__(service, None, computing)
        self.fetcher = fetcher
        self._held = held

    def fetch(self, key: bytes) -> bytes | Later | None:
        """Return the record under `key`: at once from memory, or once the round trip is over that it is fetched in."""
        if self._held is not None and (record := self._held(key)) is not None:
            return record[0]
        return Later(self.fetcher.fetch(key))


class ShardedRunner(ContainerRunner):
    """Fetches each key through the runner of the database that has it: one that hangs holds up its own keys only."""

    def __init__(
        self, service: Service, store: ShardedStore, runners: Sequence[BatchingRunner], computing: Computing
    ) -> None:
        super().__init__(service, None, computing)
        self._place = store.place
        self._runners = runners

    def fetch(self, key: bytes) -> bytes | Later | None:
        """Return the record under `key`, as the runner of its database does."""
        return self._runners[self._place(key)].fetch(key)


class ServiceBackend:
    """One service's store, if it has one, and the runner that fetches from it."""

    def __init__(
        self, service: Service, settings: ContainerSettings, environ: Mapping[str, str], computing: Computing
    ) -> None:
        self.service = service
        self.store = store_of(service, environ)
        self.figures: list[Figures] = []
        self._settings = settings
        opened = _opened(self.store)
        self._remotes = _remotes(opened)
        self._fetchers = [BatchedFetcher(remote, remote.threads) for remote in self._remotes]
        self.runner = self._runner(opened, computing)
        if not self._remotes:
            return
        self.figures = [
            Figures("pool", service.name, _summed([one.stats for one in self._remotes]), self._remotes[0].gauges),
            Figures("merging", service.name, _summed([one.stats for one in self._fetchers]), BATCH_GAUGES),
        ]
        caches = [remote for remote in self._remotes if isinstance(remote, CachedStore)]
        if caches:
            read = _summed([cached.cache_stats for cached in caches])
            self.figures.append(Figures("cache", service.name, read, caches[0].cache_gauges))

    def _runner(self, opened: Store | None, computing: Computing) -> ContainerRunner:
        runners = [
            BatchingRunner(self.service, fetcher, computing, remote.held if isinstance(remote, CachedStore) else None)
            for remote, fetcher in zip(self._remotes, self._fetchers, strict=True)
        ]
        if not runners:
            return ContainerRunner(self.service, self.store, computing)
        return (
            ShardedRunner(self.service, opened, runners, computing) if isinstance(opened, ShardedStore) else runners[0]
        )

    async def wait_until_ready(self) -> None:
        """Return once the store has answered; at once where the service has none, or its setting is empty.

        Of a store that is divided, one database has to answer: one that is gone concerns its own keys only.
        """
        logged = ""
        while self.store is not None and self.store.named:
            try:
                if not self._remotes:
                    self._warn_of_loads(set(self.store.version().split("+")))
                elif len(self._remotes) == 1:
                    await asyncio.to_thread(self._check, self._remotes[0])
                else:
                    await self._check_all()
            except Unavailable as problem:
                if str(problem) != logged:
                    logged = str(problem)
                    logger.warning("not ready: the store of the %s service: %s", self.service.name, logged)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _check_all(self) -> None:
        """Check every database of a divided store. Raises `WrongPart`, and `Unavailable` where none answers."""
        checks = [asyncio.to_thread(self._loaded, remote) for remote in self._remotes]
        outcomes = await asyncio.gather(*checks, return_exceptions=True)
        problems = {at: outcome for at, outcome in enumerate(outcomes, 1) if isinstance(outcome, BaseException)}
        for problem in problems.values():
            if isinstance(problem, WrongPart) or not isinstance(problem, Unavailable):
                raise problem
        if len(problems) == len(outcomes):
            raise problems[1]
        for at, problem in problems.items():
            logger.warning("database %d of the store of the %s service: %s", at, self.service.name, problem)
        self._warn_of_loads({outcome for outcome in outcomes if isinstance(outcome, str)})

    def _warn_of_loads(self, loads: set[str]) -> None:
        if len(loads) > 1:
            logger.warning(
                "the databases of the store of the %s service have %d different loads: "
                "load it again with crossover etl",
                *(self.service.name, len(loads)),
            )

    def _loaded(self, remote: RemoteStore) -> str:
        """Check one database of several, and return which load of the store it has."""
        load = load_of(remote.version())
        self._check(remote)
        return load

    def _check(self, remote: RemoteStore) -> None:
        """Connect, and warn where the fleet may open more connections than the database allows."""
        if not isinstance(remote, BudgetedStore):
            remote.version()
            return
        pods, percent = self._settings.pods, self._settings.max_connections_percent
        try:
            budget = remote.budget(pods, self._settings.workers, percent)
        except Refused as problem:
            logger.warning("connected, but how many connections there may be is not known: %s", problem)
            return
        if not budget.fits:
            logger.warning(
                "%d pods of %d workers may open %d connections to the database, which gives them %d: "
                "lower the pool's size, or raise max_connections",
                *(pods, self._settings.workers, budget.needed, budget.allowed),
            )

    async def close(self) -> None:
        """Wait for fetches under way, then close the store."""
        for fetcher in self._fetchers:
            await fetcher.close()
        if self.store is not None:
            with contextlib.suppress(Unavailable):
                self.store.close()


def _opened(store: LazyStore | None) -> Store | None:
    """Return the store behind a lazy one, where it can be opened."""
    if store is None:
        return None
    try:
        return store.opened()
    except Unavailable:
        return None


def _remotes(store: Store | None) -> list[RemoteStore]:
    """Return the databases of a store that are asked over a network."""
    shards = store.shards if isinstance(store, ShardedStore) else (store,)
    return [shard for shard in shards if isinstance(shard, RemoteStore)]


def _summed(reads: Sequence[Callable[[], Any]]) -> Callable[[], Any]:
    """Return what reads the sums of some figures, each a named tuple of the same kind."""
    if len(reads) == 1:
        return reads[0]

    def read() -> Any:
        figures = [read_one() for read_one in reads]
        return type(figures[0])(*map(sum, zip(*figures, strict=True)))

    return read
