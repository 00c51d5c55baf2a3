"""Which load of a table serves: one item that every reader looks at, and every load switches last.

Each load writes under a prefix of its own, its generation, so that the old one serves until the switch. A reader looks
again for the generation after `refresh` seconds, along with a read that it makes anyway. That read may be eventually
consistent and then old: a generation that is older than the known one is passed over.

An item that is absent may belong to a generation that is being deleted. So absence counts only where a strongly
consistent look at the generation is younger than `PROVEN_SECONDS`: between its switch and its first deletion a load
waits for `GRACE_SECONDS`, so nothing was deleted of a generation that served so short a time ago.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from crossover_dynamodb.items import Item, Place, key_of

LAYOUT = "packed-1"
"""The version of the items that this reads and loads; any other is refused."""
META: Place = (b"meta", 0)
"""Shorter than a prefix, so no record can be there."""
PROVEN_SECONDS = 5.0
GRACE_SECONDS = 2 * PROVEN_SECONDS
"""Longer than a proof lasts by what a read that began within it may take."""


class Generation(NamedTuple):
    """One load."""

    sequence: int
    """One more than that of the load before it."""
    version: str
    prefix: bytes
    layout: str


def generation_of(item: Mapping[str, Any] | None) -> Generation | None:
    """Return the generation that an item at `META` names; None where nothing was loaded yet."""
    if not item or "v" not in item:
        return None
    return Generation(int(item["s"]["N"]), str(item["v"]["S"]), b64decode(item["g"]["B"]), str(item["l"]["S"]))


def switch_values(generation: Generation) -> dict[str, Item | dict[str, str]]:
    """Return the values of the update that makes a generation serve."""
    return {
        ":v": {"S": generation.version},
        ":s": {"N": str(generation.sequence)},
        ":g": {"B": b64encode(generation.prefix).decode()},
        ":l": {"S": generation.layout},
    }


META_KEY = key_of(META)
