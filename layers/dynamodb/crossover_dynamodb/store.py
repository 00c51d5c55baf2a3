"""Records in a DynamoDB table: `dynamodb://TABLE?region=REGION` (see `target`).

A record is one item, or several where it is longer than an item may be (see `items`); a load is a generation of them
(see `generation`). Keys that are asked for together are read by one BatchGetItem for each 100 of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from crossover.runner import Unavailable
from crossover.stores.parts import WHOLE, Loading, Part, check_part, part_of
from crossover.stores.port import Loaded, Report, ignore
from crossover.stores.sealing import Damaged
from crossover_dynamodb.client import GAUGES, Client, TableStats
from crossover_dynamodb.credentials import credentials_of
from crossover_dynamodb.generation import LAYOUT, META, META_KEY, PROVEN_SECONDS, Generation, generation_of
from crossover_dynamodb.items import (
    MAX_READ_KEYS,
    MAX_RECORD_KEY_BYTES,
    Place,
    count_of,
    key_of,
    place_of,
    record_of,
)
from crossover_dynamodb.target import parse

SWITCHES = 3
"""How often a read begins again because of a new load, at most."""
Items = dict[Place, Mapping[str, Any]]


def open_store(url: str, environ: Mapping[str, str] | None = None, part: Part = WHOLE) -> DynamoStore:
    """Return the store at a URL; it connects at the first fetch.

    Args:
        url: The URL, as `crossover_dynamodb.target` describes it.
        environ: The environment with region and credentials; that of the process if None.
        part: What the table has to hold of a store.

    Raises:
        ValueError: Where the URL is not one of a DynamoDB store.
    """
    environ = os.environ if environ is None else environ
    target = parse(url, environ)
    return DynamoStore(Client(target, credentials_of(target, environ)), part=part)


def load(
    url: str, records: Iterable[tuple[bytes, bytes]], report: Report = ignore, loading: Loading | None = None
) -> Loaded:
    """Write a generation of (key, record) pairs beside the one that serves, and switch to it.

    Raises:
        ValueError: Where the URL is not one of a DynamoDB store.
        LoadFailed: Where the load failed; what was loaded before still serves.
    """
    from crossover_dynamodb import loading as table

    return table.load(parse(url, os.environ), records, report, loading=loading)


def dump(url: str, part: Part, version: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield every (key, record) of a load, in no order. Raises `Unavailable`, also while it is read."""
    from crossover_dynamodb import dumping

    return dumping.dump(parse(url, os.environ), part, version)


class DynamoStore:
    """The records of one table, for any number of threads. It follows every load.

    `clock` is the time of day: a frozen Lambda environment's own clock may stand still.
    """

    def __init__(self, client: Client, clock: Callable[[], float] = time.time, part: Part = WHOLE) -> None:
        self._client = client
        self._part = part
        self._clock = clock
        self._generation: Generation | None = None
        self._looked_at = self._proven_at = float("-inf")
        self.gauges = GAUGES
        self.threads = client.target.limits.size

    def fetch(self, key: bytes) -> bytes | None:
        """Return the record under `key`, or None. Raises `Unavailable`."""
        return self.fetch_many((key,))[0]

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the records under `keys`, in their order. Raises `Unavailable`."""
        for _ in range(SWITCHES):
            generation = self._generation or self._look()
            records = self._read(generation, keys)
            if records is not None:
                return records
        raise Unavailable("the store is being loaded")

    def version(self) -> str:
        """Return what is loaded. Raises `Unavailable`, also where the items are not of this layout."""
        return self._look().version

    def stats(self) -> TableStats:
        """Return the client's figures."""
        return self._client.stats()

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    def _read(self, generation: Generation, keys: Sequence[bytes]) -> list[bytes | None] | None:
        """Return the records of a generation; None where another one serves by now."""
        wanted: dict[bytes, Place] = {
            key: (generation.prefix + key, 0) for key in keys if len(key) <= MAX_RECORD_KEY_BYTES
        }
        if not wanted:
            return [None for _ in keys]
        look = not self._within(self._looked_at, self._client.target.refresh)
        began = self._clock()
        items = self._get([META, *wanted.values()] if look else list(wanted.values()))
        if look and not self._adopt(generation, items.pop(META, None), began):
            return None
        more = [
            (place[0], at) for place in wanted.values() if place in items for at in range(1, count_of(items[place]))
        ]
        if more:
            items |= self._get(more)
        complete = all(place in items for place in (*wanted.values(), *more))
        proven = self._generation == generation and self._within(self._proven_at, PROVEN_SECONDS)
        if not (complete or proven) and self._look() != generation:
            return None
        records: dict[bytes, bytes] = {}
        for key, place in wanted.items():
            if place in items:
                try:
                    parts = [items[place[0], at] for at in range(count_of(items[place]))]
                except KeyError:
                    raise Damaged("a part of a record is missing") from None
                records[key] = record_of(key, parts)
        return [records.get(key) for key in keys]

    def _get(self, places: Sequence[Place]) -> Items:
        """Return the items at these places, without those that are absent."""
        records: Items = {}
        for start in range(0, len(places), MAX_READ_KEYS):
            records |= self._get_batch([key_of(place) for place in places[start : start + MAX_READ_KEYS]])
        return records

    def _get_batch(self, keys: list[Any]) -> Items:
        target = self._client.target
        found: Items = {}
        stalled = 0
        while True:
            request = {"Keys": keys, "ConsistentRead": target.consistent}
            answer = self._client.call(
                "BatchGetItem", {"RequestItems": {target.table: request}, "ReturnConsumedCapacity": "TOTAL"}
            )
            items = answer.get("Responses", {}).get(target.table, [])
            found |= {place_of(item): item for item in items}
            keys = answer.get("UnprocessedKeys", {}).get(target.table, {}).get("Keys", [])
            if not keys:
                return found
            # Over 16 MB the rest is given back too: as long as some of them come, it is asked for at once.
            stalled = 0 if items else stalled + 1
            if stalled == target.attempts:
                raise Unavailable("DynamoDB is throttled: it left keys unprocessed")
            if stalled:
                self._client.wait(stalled)

    def _look(self) -> Generation:
        """Return the generation that serves, by a strongly consistent read."""
        began = self._clock()
        target = self._client.target
        answer = self._client.call(
            "GetItem",
            {
                "TableName": target.table,
                "Key": META_KEY,
                "ConsistentRead": True,
                "ReturnConsumedCapacity": "TOTAL",
            },
        )
        generation = generation_of(answer.get("Item"))
        if generation is None:
            raise Unavailable(f"nothing is loaded in {target}; crossover etl does it")
        if generation.layout != LAYOUT:
            raise Unavailable("another version of Crossover loaded this table; load it again with crossover etl")
        if part_of(generation.version) != self._part:
            self._generation = None
        check_part(generation.version, self._part)
        self._generation = generation
        self._looked_at = self._proven_at = began
        return generation

    def _adopt(self, known: Generation, item: Mapping[str, Any] | None, began: float) -> bool:
        """Note what an eventually consistent look found; whether the known generation still serves."""
        self._looked_at = began
        seen = generation_of(item)
        if seen is None or (seen != known and seen.sequence <= known.sequence) or seen.layout != LAYOUT:
            return self._look() == known
        if part_of(seen.version) != self._part:
            return self._look() == known
        self._generation = seen
        return seen == known

    def _within(self, moment: float, seconds: float) -> bool:
        return abs(self._clock() - moment) < seconds
