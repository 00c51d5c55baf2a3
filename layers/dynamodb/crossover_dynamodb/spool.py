"""Records kept in a temporary file until all of them are there: only then is known what writing them costs."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from types import TracebackType

from crossover.stores.port import LoadFailed
from crossover_dynamodb.items import MAX_RECORD_KEY_BYTES, Item, chunks, item_bytes, items_of, write_units

LENGTHS = struct.Struct("<II")


class Spool:
    """A file of records. Used as a context manager; it is gone at the end."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="crossover-load-")  # noqa: SIM115 - closed by __exit__
        self._keys: set[bytes] = set()
        self.items = self.item_bytes = self.write_units = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    @property
    def records(self) -> int:
        """How many records there are."""
        return len(self._keys)

    def add(self, key: bytes, record: bytes) -> None:
        """Keep a record. Raises `LoadFailed` for a key that was there before, or is too long."""
        if key in self._keys:
            raise LoadFailed("a key comes twice")
        if len(key) > MAX_RECORD_KEY_BYTES:
            raise LoadFailed(f"a key of {len(key):,} bytes is longer than DynamoDB's {MAX_RECORD_KEY_BYTES:,}")
        self._keys.add(key)
        parts = chunks(key, record)
        for at, part in enumerate(parts):
            size = item_bytes(key, part, at, len(parts))
            self.items += 1
            self.item_bytes += size
            self.write_units += write_units(size)
        self._file.write(LENGTHS.pack(len(key), len(record)) + key + record)

    def batches(self, prefix: bytes, most_items: int, most_bytes: int) -> Iterator[tuple[list[Item], int]]:
        """Yield all items under a prefix in lists, each with the write units that it costs.

        A list has at most `most_items` items, and begins another one before it exceeds `most_bytes`.
        """
        batch: list[Item] = []
        size = units = 0
        for key, record in self._read():
            parts = chunks(key, record)
            for at, item in enumerate(items_of(prefix, key, parts)):
                weight = item_bytes(key, parts[at], at, len(parts))
                if batch and (len(batch) == most_items or size + weight > most_bytes):
                    yield batch, units
                    batch, size, units = [], 0, 0
                batch.append(item)
                size += weight
                units += write_units(weight)
        if batch:
            yield batch, units

    def _read(self) -> Iterator[tuple[bytes, bytes]]:
        self._file.seek(0)
        while lengths := self._file.read(LENGTHS.size):
            key, record = LENGTHS.unpack(lengths)
            yield self._file.read(key), self._file.read(record)
