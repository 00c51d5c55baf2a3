"""The store port: what a platform asks of whatever keeps a service's records, and what a loader gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, runtime_checkable

from crossover.stores.parts import Part, WrongPart, check_part


class Store(Protocol):
    """Records of bytes under keys of bytes, loaded as a whole and then only read.

    Every method raises `crossover.runner.Unavailable` where the store cannot answer now.
    """

    def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None where there is none."""
        ...

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order, in one round trip."""
        ...

    def version(self) -> str:
        """Return the version of the load: it changes with every load, and is the same for every reader of one load."""
        ...

    def close(self) -> None:
        """Release connections and files. Closing twice is harmless."""
        ...


@runtime_checkable
class RemoteStore(Store, Protocol):
    """A store that waits for a network: to be asked in threads, with as many keys at once as there are."""

    threads: int
    """In how many threads it is worth asking at the same time; it has a connection for each."""
    gauges: frozenset[str]
    """Those of the figures of `stats` that go down too."""

    def stats(self) -> Any:
        """Return the figures of this moment, a named tuple."""
        ...


@runtime_checkable
class BudgetedStore(RemoteStore, Protocol):
    """A remote store whose database bounds the connections of all processes together."""

    def budget(self, pods: int, workers: int, percent: int = 100) -> Any:
        """Return what the processes may open (`needed`), what the database allows (`allowed`), whether it `fits`."""
        ...


WritePairs = Callable[[Iterator[tuple[bytes, bytes]]], Sequence[int]]
"""Writes a worker's (key, record) pairs, and returns how many went into each database. It can be pickled."""


@runtime_checkable
class DistributedRecords(Protocol):
    """(key, record) pairs that many workers hold, each some of them; who has no use for that iterates over all."""

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield all pairs."""
        ...

    def write_with(self, write: WritePairs) -> Sequence[int]:
        """Have each worker call `write` with its pairs, and return the sums of what the calls return.

        Where a worker is replaced, its pairs are written again, some of them perhaps for the second time.
        """
        ...


Report = Callable[[str, int, int], None]
"""Is called with what a load does now, how much of it is done, and how much there is."""


def ignore(what: str, done: int, total: int) -> None:
    """Report to nothing."""


class Loaded(NamedTuple):
    """What a load put in place."""

    version: str
    records: int
    size_bytes: int
    """What it takes where it is stored."""
    figures: Mapping[str, float] = MappingProxyType({})
    """What else the store counted, by its meaning."""


class LoadFailed(Exception):
    """A load came to nothing, of a full disk for instance. What was loaded before still serves."""


def check_replaced(version: str, part: Part) -> None:
    """Raise `LoadFailed` where a load with this version holds another part: its readers would get wrong answers."""
    try:
        check_part(version, part)
    except WrongPart as problem:
        raise LoadFailed(f"{problem}; to use it for something else, empty it first") from None


class PartlyLoaded(LoadFailed):
    """A load serves in some databases of a divided store only; the others serve what was loaded before."""
