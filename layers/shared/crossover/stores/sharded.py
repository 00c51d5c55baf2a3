"""A store divided over several databases: `URL|URL|...`, each the URL of one, in an order that stays.

Which database has a key is computed from the key and the number of databases alone:

- The first `PLACED_BYTES` bytes of a key decide, so that all records of one user, whose keys begin with the user's id,
  are in one database, and a database that is gone concerns its users only.
- Their hash is one of `SLOTS` slots, and each slot belongs to the database with the highest score for it (rendezvous
  hashing). One database more takes its share of the slots from all others, and nothing moves between those.

The databases know nothing of each other. Each serves the load that it has, and a record is read from one load alone,
so no answer mixes two loads even where databases have different ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b, shake_128
from struct import unpack

from crossover.runner import Refused, Unavailable
from crossover.stores.parts import WrongPart, load_of
from crossover.stores.port import Store

SLOTS = 4_096
PLACED_BYTES = 8
SCORE_BYTES = 8


def slots(count: int) -> bytes:
    """Return, for each slot, which of `count` databases it belongs to.

    >>> table = slots(3)
    >>> [table.count(shard) for shard in range(3)]
    [1325, 1405, 1366]
    """
    scores = [unpack(f"<{SLOTS}Q", shake_128(b"%d" % shard).digest(SLOTS * SCORE_BYTES)) for shard in range(count)]
    return bytes(row.index(max(row)) for row in zip(*scores, strict=True))


def slot_of(key: bytes) -> int:
    """Return the slot of a key."""
    return int.from_bytes(blake2b(key[:PLACED_BYTES], digest_size=2).digest(), "little") % SLOTS


class ShardedStore:
    """A store over the stores of its databases, in the order of its URL.

    A thread asks one of them after the other. Who has threads asks each of `shards` by itself, by `place`, so that one
    that hangs holds up its own keys only.
    """

    def __init__(self, shards: Sequence[Store]) -> None:
        self.shards = tuple(shards)
        self._slots = slots(len(self.shards))

    def place(self, key: bytes) -> int:
        """Return which of the shards has a key."""
        return self._slots[slot_of(key)]

    def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None. Raises `Unavailable` where its database cannot answer."""
        return self.shards[self._slots[slot_of(key)]].fetch(key)

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order, each database asked once.

        Raises `Unavailable`, and `Refused` where that is of one database among several that were asked.
        """
        parts: dict[int, list[bytes]] = {}
        for key in keys:
            parts.setdefault(self.place(key), []).append(key)
        records: dict[bytes, bytes | None] = {}
        for shard, some in parts.items():
            try:
                records.update(zip(some, self.shards[shard].fetch_many(some), strict=True))
            except Unavailable as problem:
                if len(parts) == 1:
                    raise
                raise Refused(f"database {shard + 1} of the store: {problem}") from problem
        return [records[key] for key in keys]

    def version(self) -> str:
        """Return the versions of the loads that the databases have: one where it is the same.

        A database that cannot answer is left out. Raises `WrongPart`, and `Unavailable` where none answers.
        """
        versions: dict[str, None] = {}
        problem: Unavailable | None = None
        for shard in self.shards:
            try:
                versions[load_of(shard.version())] = None
            except WrongPart:
                raise
            except Unavailable as failed:
                problem = failed
        if not versions and problem:
            raise problem
        return "+".join(versions)

    def close(self) -> None:
        """Close every shard."""
        for shard in self.shards:
            with suppress(Unavailable):
                shard.close()
