"""The container's stores: opened at the start, asked inline where they are at hand and merged where they are remote."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping

from container.compute_queue import Computing
from container.metrics.recorder import Figures
from container.runner import ContainerRunner
from container.settings import ContainerSettings
from container.stores.fetch_batcher import GAUGES as MERGING_GAUGES
from container.stores.fetch_batcher import MergedFetcher
from crossover.runner import Later, Refused, Unavailable
from crossover.seam import Service
from crossover.stores.lazy import LazyStore, store_of
from crossover.stores.port import RemoteStore

RETRY_SECONDS = 0.5

logger = logging.getLogger("crossover")


class MergingRunner(ContainerRunner):
    """Fetches what waits at the same moment in one round trip."""

    def __init__(self, service: Service, fetcher: MergedFetcher, computing: Computing) -> None:
        super().__init__(service, None, computing)
        self.fetcher = fetcher

    def fetch(self, key: bytes) -> Later:
        """Return the record under `key` once the round trip is over that it is fetched in."""
        return Later(self.fetcher.fetch(key))


class Storing:
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
        fetcher = MergedFetcher(remote, remote.threads)
        self.runner = MergingRunner(service, fetcher, computing)
        self.figures = [
            Figures("pool", service.name, remote.stats, remote.gauges),
            Figures("merging", service.name, fetcher.stats, MERGING_GAUGES),
        ]

    async def reached(self) -> None:
        """Returns when the store answered for the first time; at once where the service has none, or none is named."""
        told = ""
        while self.store is not None and self.store.named:
            try:
                if self._remote is None:
                    self.store.version()
                else:
                    await asyncio.to_thread(self._check, self._remote)
            except Unavailable as problem:
                if str(problem) != told:
                    told = str(problem)
                    logger.warning("not ready: the store of the %s service: %s", self.service.name, told)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def _check(self, remote: RemoteStore) -> None:
        """Connects, and says where the fleet may open more connections than the database gives it."""
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
        """Waits for fetches under way, then closes the store."""
        if isinstance(self.runner, MergingRunner):
            await self.runner.fetcher.close()
        if self.store is not None:
            with contextlib.suppress(Unavailable):
                self.store.close()


def _remote(store: LazyStore | None) -> RemoteStore | None:
    """The store behind a lazy one, where it waits for a network."""
    if store is None:
        return None
    try:
        opened = store.opened()
    except Unavailable:
        return None
    return opened if isinstance(opened, RemoteStore) else None
