"""Reads spread over the replicas of a database: `?replicas=HOST:PORT,HOST:PORT`. Loads go to the primary alone.

A replica answers while its load is the primary's; both are looked up once a second at most. One that is behind, or
gone, is passed by: the next one is asked, and in the end the primary, so that there is an answer as long as that
answers. One that failed is not asked for a while (`crossover.stores.circuit`), and then its load is looked up first.

A load swaps its tables in by one statement, which a replica repeats as one: it has a whole load, the old or the new.
So an answer may be of the load before for a second after a load, and not longer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

from crossover.runner import Refused, Unavailable
from crossover.stores.circuit import Circuit
from crossover.stores.parts import Part, WrongPart
from crossover.stores.policy import Stats
from crossover_mysql.budget import Budget
from crossover_mysql.credentials import Credentials, credentials_of
from crossover_mysql.store import MysqlStore
from crossover_mysql.target import Target

LOOK_SECONDS = 1.0
"""How long a load that was looked up is believed."""
PATIENCE_SECONDS = 0.5
"""How long a read tries replicas, beyond the one that it waits for, while the primary answers."""

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


def open_replicated(target: Target, credentials: Credentials | None, part: Part) -> ReplicatedStore:
    """Return the store of a target with replicas; it connects at the first fetch."""

    def open_one(server: Target) -> MysqlStore:
        return MysqlStore(server, credentials or credentials_of(server), part)

    replicas = {
        f"the replica {host}:{port}": open_one(replace(target, host=host, port=port)) for host, port in target.replicas
    }
    return ReplicatedStore(open_one(target), replicas)


class _Server:
    """One server's store, what its load was when it was looked up last, and whether it may be asked."""

    def __init__(self, name: str, store: MysqlStore, clock: Callable[[], float]) -> None:
        self.store = store
        self.version = ""
        self._name = name
        self._clock = clock
        self._circuit = Circuit(clock)
        self._looked_at = self._known_at = float("-inf")
        self._lock = threading.Lock()
        self._looks = count(1)
        self._noted = 0
        self._behind = False

    @property
    def resting(self) -> bool:
        """Whether it failed when it was asked last."""
        return self._circuit.resting

    @property
    def known(self) -> bool:
        """Whether its load was looked up not long ago. If not, another thread is looking it up now, or it is gone."""
        return abs(self._clock() - self._known_at) < LOOK_SECONDS

    def look(self) -> None:
        """Look its load up, where that was long ago and it may be asked. What it was stays where it is gone."""
        now = self._clock()
        if abs(now - self._looked_at) < LOOK_SECONDS or not self._circuit.may_ask():
            return
        self._looked_at = now
        try:
            self.read_version()
        except Unavailable as problem:
            self.failed(problem)

    def look_unless_resting(self) -> None:
        """Look its load up now, unless it rests and the load that it had is known. Raises `Unavailable`."""
        if not self.version or self._circuit.may_ask():
            self.read_version()

    def read_version(self) -> None:
        """Look its load up. One that a look found that began later stays. Raises `Unavailable`."""
        look, now = next(self._looks), self._clock()
        version = self.store.version()
        with self._lock:
            if look > self._noted:
                self._noted, self._known_at, self.version = look, now, version
        self._circuit.succeeded()

    def answered(self) -> None:
        """Note that it answered."""
        if self.resting:
            self._circuit.succeeded()

    def serves(self, version: str) -> bool:
        """Return whether it can be asked now, and has this load."""
        self.look()
        if self.resting or not self.known:
            return False
        behind = self.version != version
        if behind and not self._behind:
            _log.warning("%s is passed by: it has another load than its primary", self._name)
        self._behind = behind
        return not behind

    def failed(self, problem: Unavailable) -> None:
        """Note that it did not answer."""
        if not self.resting:
            _log.warning("%s does not answer, and is not looked at for a while: %s", self._name, problem)
        self._circuit.failed()
        self._looked_at = float("-inf")


class ReplicatedStore:
    """The store of a primary and its replicas, for any number of threads. The clock is injected."""

    def __init__(
        self,
        primary: MysqlStore,
        replicas: dict[str, MysqlStore],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._primary = _Server("the primary", primary, clock)
        self._replicas = [_Server(name, store, clock) for name, store in replicas.items()]
        self._stores = [primary, *replicas.values()]
        self._turns = count()
        self._clock = clock
        self.gauges = primary.gauges
        self.threads = sum(store.threads for store in replicas.values())

    def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None. Raises `Unavailable`."""
        return self._read(lambda store: store.fetch(key))

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order. Raises `Unavailable`."""
        return self._read(lambda store: store.fetch_many(keys))

    def version(self) -> str:
        """Return what is loaded in the primary; while that is gone, what was. Raises `Unavailable`."""
        try:
            self._primary.look_unless_resting()
        except WrongPart:
            raise
        except Unavailable as problem:
            self._primary.failed(problem)
            if not self._primary.version:
                raise
        return self._primary.version

    def budget(self, pods: int, workers: int, percent: int = 100) -> Budget:
        """Return the budget of the server that has the least room; of those that answer. Raises `Unavailable`."""
        budgets = [self._primary.store.budget(pods, workers, percent)]
        for replica in self._replicas:
            try:
                budgets.append(replica.store.budget(pods, workers, percent))
            except Unavailable:
                continue
        return min(budgets, key=lambda budget: budget.allowed - budget.needed)

    def stats(self) -> Stats:
        """Return the sums of the pools' figures."""
        return Stats(*map(sum, zip(*(store.stats() for store in self._stores), strict=True)))

    def close(self) -> None:
        """Close every pool."""
        for store in self._stores:
            store.close()

    def _read(self, read: Callable[[MysqlStore], Result]) -> Result:
        self._primary.look()
        if (record := self._read_replicas(read)) is not None:
            return record[0]
        try:
            own = read(self._primary.store)
        except (Refused, WrongPart):
            raise
        except Unavailable as problem:
            self._primary.failed(problem)
            if (record := self._read_replicas(read)) is not None:
                return record[0]
            raise
        self._primary.answered()
        return own

    def _read_replicas(self, read: Callable[[MysqlStore], Result]) -> tuple[Result] | None:
        """Return what a replica with the primary's load reads, in a tuple; None where there is no such replica."""
        if not self._primary.version or not (self._primary.known or self._primary.resting):
            return None
        began = self._clock()
        for replica in self._in_turn():
            if abs(self._clock() - began) >= PATIENCE_SECONDS and not self._primary.resting:
                return None
            if not replica.serves(self._primary.version):
                continue
            try:
                return (read(replica.store),)
            except Refused:
                continue  # the server is there: the primary says whether it is this read
            except Unavailable as problem:
                replica.failed(problem)
        return None

    def _in_turn(self) -> Iterator[_Server]:
        """Yield the replicas, from another one each time."""
        first = next(self._turns)
        for at in range(len(self._replicas)):
            yield self._replicas[(first + at) % len(self._replicas)]
