"""Records as items: how a record is divided, what an item weighs, and what reading and writing it costs.

A table has the key `i` (binary) and the sort key `p` (number). A record is the item under its generation's prefix and
its key, with `p` 0; what does not fit goes into items with `p` 1 and on. `r` has the bytes, sealed with the record's
key (`crossover.stores.sealing`); where a record has more items than one, the first item's
`n` says of how many items it is.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossover.stores.sealing import Damaged, seal, unseal

CHUNK_BYTES = 390_000
"""Of a record in one item; with its keys and names it stays below DynamoDB's limit for an item."""
MAX_ITEM_BYTES = 400 * 1024
MAX_KEY_BYTES = 2_048
"""Of a partition key (Developer Guide, Constraints)."""
PREFIX_BYTES = 8
MAX_RECORD_KEY_BYTES = MAX_KEY_BYTES - PREFIX_BYTES
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4_096, 1_024
MAX_READ_KEYS, MAX_WRITE_ITEMS = 100, 25
"""Of BatchGetItem and of BatchWriteItem."""
NAME_BYTES = 3
"""The names `i`, `p` and `r`."""
COUNT_BYTES = 1
"""The name `n`."""

Item = dict[str, dict[str, str]]
Place = tuple[bytes, int]
"""Partition key and sort key of an item."""


def chunks(key: bytes, record: bytes) -> list[bytes]:
    """Divide a record, sealed with its key, among items."""
    sealed = seal(key, record)
    return [sealed[start : start + CHUNK_BYTES] for start in range(0, len(sealed), CHUNK_BYTES)]


def items_of(prefix: bytes, key: bytes, parts: Sequence[bytes]) -> Iterator[Item]:
    """Yield the items of a record."""
    for at, part in enumerate(parts):
        item = key_of((prefix + key, at)) | {"r": {"B": b64encode(part).decode()}}
        if at == 0 and len(parts) > 1:
            item["n"] = {"N": str(len(parts))}
        yield item


def key_of(place: Place) -> Item:
    """Return the key of an item as the API takes it."""
    return {"i": {"B": b64encode(place[0]).decode()}, "p": {"N": str(place[1])}}


def place_of(item: Mapping[str, Any]) -> Place:
    """Return the place of an item."""
    return b64decode(item["i"]["B"]), int(item["p"]["N"])


def count_of(item: Mapping[str, Any]) -> int:
    """Return of how many items a record's first one is."""
    return int(item["n"]["N"]) if "n" in item else 1


def record_of(key: bytes, items: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the record that is in these items, in their order. Raises `Damaged`."""
    try:
        sealed = b"".join(b64decode(item["r"]["B"]) for item in items)
    except (KeyError, TypeError, ValueError):
        raise Damaged("an item has no bytes") from None
    return unseal(key, sealed)


def item_bytes(key: bytes, part: bytes, at: int = 0, count: int = 1) -> int:
    """Return the size of an item as DynamoDB counts it (Developer Guide, Item sizes and formats).

    Names and binary values count their bytes, a number about one byte for two digits and one more.
    """
    size = NAME_BYTES + PREFIX_BYTES + len(key) + _number_bytes(at) + len(part)
    return size + COUNT_BYTES + _number_bytes(count) if at == 0 and count > 1 else size


def write_units(size: int) -> int:
    """Return what writing or deleting an item of so many bytes costs."""
    return max(1, -(-size // WRITE_UNIT_BYTES))


def read_units(size: int, consistent: bool) -> float:
    """Return what reading an item of so many bytes costs."""
    return max(1, -(-size // READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


def _number_bytes(number: int) -> int:
    return 1 + -(-len(str(number)) // 2)
