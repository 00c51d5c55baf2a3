"""A cache in front of a remote store: what is read is kept, and a cache that fails is passed by.

- Entries are kept under the version of the load that they were read from, so none outlives a load. The version is
  looked up again after `cache_refresh` seconds; within them an answer may be of the load before, as late as that.
- An entry is sealed with its key (`crossover.stores.sealing`): one that a cache damaged or mixed up is read again.
- That there is no record is kept as well.
- Requests for the same key share one read, also those that come while it is under way.
- A cache that fails is not asked for a while, twice as long after each further failure; then one request tries it. So a
  cache that is gone costs one timeout, and never an answer.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from crossover.runner import Unavailable
from crossover.stores.cache_port import Cache, CacheGone, CacheTarget
from crossover.stores.circuit import Circuit
from crossover.stores.port import BudgetedStore, RemoteStore
from crossover.stores.sealing import Damaged, seal, unseal

JITTER = 0.2
"""The share of an entry's time by which it may be kept less long, so that not all are read again at once."""
ABSENT_SHARE = 0.2
"""The share of an entry's time for which it is kept that there is no record."""
SHARED_SECONDS = 30.0
"""How long a request waits for another one's read: longer than any store lets a read take."""
PRESENT, ABSENT = b"+", b"-"
GAUGES = frozenset({"resting"})


class CacheStats(NamedTuple):
    """What the cache did. All but `resting` only ever grow."""

    hits: int
    absent_hits: int
    """Keys of which the cache knew that there is no record."""
    misses: int
    shared: int
    """Keys that waited for another request's read."""
    damaged: int
    """Entries that were not what was put in."""
    failures: int
    """Calls of the cache that failed."""
    passed_by: int
    """Keys that were read without asking the cache, because it had failed."""
    resting: int
    """1 while the cache is not asked."""


class _Flight:
    """One read that is under way, and its outcome."""

    __slots__ = ("done", "outcome")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.outcome: bytes | Exception | None = Unavailable("the read that was waited for did not end")


class CachedStore:
    """A remote store with a cache in front, for any number of threads. Clock and chance (0 to 1) are injected."""

    def __init__(
        self,
        store: RemoteStore,
        cache: Cache,
        target: CacheTarget,
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._cache = cache
        self._target = target
        self._clock = clock
        self._chance = chance
        self._circuit = Circuit(clock)
        self._lock = threading.Lock()
        self._flights: dict[bytes, _Flight] = {}
        self._version, self._looked_at = "", float("-inf")
        self._counts = dict.fromkeys(CacheStats._fields, 0)
        self.threads = store.threads
        self.gauges = store.gauges
        self.cache_gauges = GAUGES
        if isinstance(store, BudgetedStore):
            # In the instance, where a check for the protocol looks from Python 3.12 on.
            self.budget = store.budget

    def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None. Raises `Unavailable`."""
        return self.fetch_many((key,))[0]

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order. Raises `Unavailable`."""
        prefix = (self._version if self._is_fresh() else self.version()).encode() + b":"
        names = {key: prefix + key for key in keys}
        entries = self._cached(names)
        missing = [key for key in names if key not in entries]
        if missing:
            entries |= self._read(names, missing)
        return [entries[key] for key in keys]

    def held(self, key: bytes) -> tuple[bytes | None] | None:
        """Return the record under `key` in a tuple where the cache has it in memory; else None. It never waits."""
        if self._cache.waits or not self._is_fresh():
            return None
        entries = self._cached({key: self._version.encode() + b":" + key}, count_misses=False)
        return (entries[key],) if key in entries else None

    def version(self) -> str:
        """Return the version of the load, from the store. Raises `Unavailable`."""
        began = self._clock()
        self._version = self._store.version()
        self._looked_at = began
        return self._version

    def stats(self) -> Any:
        """Return the store's figures."""
        return self._store.stats()

    def cache_stats(self) -> CacheStats:
        """Return the cache's figures."""
        return CacheStats(**self._counts | {"resting": int(self._circuit.resting)})

    def close(self) -> None:
        """Close store and cache."""
        self._store.close()
        self._cache.close()

    def _is_fresh(self) -> bool:
        return abs(self._clock() - self._looked_at) < self._target.refresh

    def _cached(self, names: dict[bytes, bytes], count_misses: bool = True) -> dict[bytes, bytes | None]:
        """Return what the cache knows of these keys."""
        if not names:
            return {}
        if not self._circuit.may_ask():
            self._count("passed_by", len(names))
            return {}
        try:
            entries = self._cache.get_many(list(names.values()))
        except CacheGone:
            self._failed()
            return {}
        if self._circuit.resting:
            self._circuit.succeeded()
        found: dict[bytes, bytes | None] = {}
        for (key, name), entry in zip(names.items(), entries, strict=True):
            if entry is None:
                continue
            try:
                opened = unseal(name, entry)
            except Damaged:
                self._count("damaged", 1)
                continue
            found[key] = opened[1:] if opened[:1] == PRESENT else None
        absent = sum(record is None for record in found.values())
        self._count("hits", len(found) - absent)
        self._count("absent_hits", absent)
        if count_misses:
            self._count("misses", len(names) - len(found))
        return found

    def _read(self, names: dict[bytes, bytes], keys: list[bytes]) -> dict[bytes, bytes | None]:
        """Read keys from the store, and wait for those that others are reading."""
        mine: dict[bytes, _Flight] = {}
        others: dict[bytes, _Flight] = {}
        with self._lock:
            for key in keys:
                flight = self._flights.get(names[key])
                if flight is None:
                    self._flights[names[key]] = mine[key] = _Flight()
                else:
                    others[key] = flight
        self._count("shared", len(others))
        records: dict[bytes, bytes | None] = {}
        try:
            if mine:
                records = dict(zip(mine, self._store.fetch_many(list(mine)), strict=True))
            for key, record in records.items():
                mine[key].outcome = record
        except Exception as problem:
            for flight in mine.values():
                flight.outcome = problem
            raise
        finally:
            with self._lock:
                for key in mine:
                    del self._flights[names[key]]
            for flight in mine.values():
                flight.done.set()
        self._keep({names[key]: record for key, record in records.items()})
        for key, flight in others.items():
            flight.done.wait(SHARED_SECONDS)
            if isinstance(flight.outcome, Exception):
                # Its batch failed, maybe for another key: a read of one's own says more.
                records |= dict(zip([key], self._store.fetch_many([key]), strict=True))
            else:
                records[key] = flight.outcome
        return records

    def _keep(self, records: dict[bytes, bytes | None]) -> None:
        if not records or self._circuit.resting:
            return
        entries = []
        for name, record in records.items():
            seconds = self._target.seconds * (1.0 if record is not None else ABSENT_SHARE)
            sealed = seal(name, ABSENT if record is None else PRESENT + record)
            entries.append((name, sealed, seconds * (1 - JITTER * self._chance())))
        try:
            self._cache.set_many(entries)
        except CacheGone:
            self._failed()

    def _failed(self) -> None:
        self._circuit.failed()
        self._count("failures", 1)

    def _count(self, name: str, amount: int) -> None:
        if amount:
            with self._lock:
                self._counts[name] += amount
