"""What the requests of a service read, and how large its items would be in DynamoDB."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from statistics import mean

from crossover.runner import InlineRunner, answer_at_once
from crossover.seam import Invalid
from crossover.stores.lazy import store_of
from crossover.stores.port import Store
from crossover.stores.sealing import SEAL_BYTES
from crossover.stores.sqlite import path_of
from functions import registry
from local.load.api import PreparedRequest
from local.measure.comparison.result import Read, Storage

BLOCK = 4096
"""Bytes that a read unit reads (DynamoDB developer guide, "Capacity unit consumption")."""
NAMES = len("id") + len("record")
"""Bytes that the names of an item's two attributes take: DynamoDB counts them."""


class RecordingStore:
    """A store that records the sizes of what was read, as DynamoDB counts them; 0 for what is not there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.sizes: list[int] = []

    def fetch(self, key: bytes) -> bytes | None:
        """Read one record and note its size."""
        record = self._store.fetch(key)
        self.sizes.append(0 if record is None else item_bytes(len(key), len(record) + SEAL_BYTES))
        return record

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Read several records."""
        return [self.fetch(key) for key in keys]

    def version(self) -> str:
        """Return the version of the store behind."""
        return self._store.version()

    def close(self) -> None:
        """Close the store behind."""
        self._store.close()


def item_bytes(key: int, record: int) -> int:
    """Return an item's size: its values and its attributes' names (DynamoDB guide, "Item sizes and formats")."""
    return key + record + NAMES


def blocks(size: int) -> int:
    """Block that reading an item of so many bytes costs."""
    return max(1, -(-size // BLOCK))


def read_by(service: str, requests: Sequence[PreparedRequest], environ: Mapping[str, str]) -> Read | None:
    """Return what these requests read; None for a service without a store."""
    (services,) = registry.load([service], environ)
    store = store_of(services, environ)
    if store is None:
        return None
    with closing(RecordingStore(store)) as watching:
        runner = InlineRunner(watching)
        for request in requests:
            with suppress(Invalid):
                answer_at_once(services, request.path.partition("?")[2].encode(), runner)
    sizes = watching.sizes
    there = [size for size in sizes if size]
    return Read(
        reads=len(sizes) / len(requests),
        item_bytes=mean(there) if there else 0.0,
        read_blocks=mean(map(blocks, sizes)) if sizes else 0.0,
    )


def stored(url: str, by_request: Read) -> Storage:
    """Measure all items of a SQLite store; none of another, which would have to be read whole."""
    try:
        path = path_of(url).absolute()
    except ValueError:
        return Storage(by_request=by_request)
    items = total = largest = read = 0
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        for size in _sizes(connection):
            items += 1
            total += size
            largest = max(largest, size)
            read += blocks(size)
    if not items:
        return Storage(by_request=by_request)
    return Storage(
        items=items,
        item_bytes=round(total / items, 1),
        max_item_bytes=largest,
        read_units=round(read / items, 4),
        by_request=by_request,
    )


def _sizes(connection: sqlite3.Connection) -> Iterator[int]:
    for key, record in connection.execute("select length(key), length(record) from records"):
        yield item_bytes(key, record)
