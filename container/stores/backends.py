"""The container's stores: opened at the start, read inline where they are local, in batches where they are remote."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping

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
from crossover.stores.port import BudgetedStore, RemoteStore

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


class ServiceBackend:
    """One service's store, if it has one, and the runner that fetches from it."""

    def __init__(
        self, service: Service, settings: ContainerSettings, environ: Mapping[str, str], computing: Computing
    ) -> None:
        self.service = service
        self.store = store_of(service, environ)
        self.figures: list[Figures] = []
        self._settings = settings
        self._remote = remote = _remote(self.store)
        if remote is None:
            self.runner = ContainerRunner(service, self.store, computing)
            return
        fetcher = BatchedFetcher(remote, remote.threads)
        cached = remote if isinstance(remote, CachedStore) else None
        self.runner = BatchingRunner(service, fetcher, computing, cached.held if cached else None)
        self.figures = [
            Figures("pool", service.name, remote.stats, remote.gauges),
            Figures("merging", service.name, fetcher.stats, BATCH_GAUGES),
        ]
        if cached is not None:
            self.figures.append(Figures("cache", service.name, cached.cache_stats, cached.cache_gauges))

    async def wait_until_ready(self) -> None:
        """Return once the store has answered; at once where the service has none, or its setting is empty."""
        logged = ""
        while self.store is not None and self.store.named:
            try:
                if self._remote is None:
                    self.store.version()
                else:
                    await asyncio.to_thread(self._check, self._remote)
            except Unavailable as problem:
                if str(problem) != logged:
                    logged = str(problem)
                    logger.warning("not ready: the store of the %s service: %s", self.service.name, logged)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

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
        if isinstance(self.runner, BatchingRunner):
            await self.runner.fetcher.close()
        if self.store is not None:
            with contextlib.suppress(Unavailable):
                self.store.close()


def _remote(store: LazyStore | None) -> RemoteStore | None:
    """Return the store behind a lazy one, where it is remote."""
    if store is None:
        return None
    try:
        opened = store.opened()
    except Unavailable:
        return None
    return opened if isinstance(opened, RemoteStore) else None
