"""Records divided among items, around every limit."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossover.stores.port import LoadFailed
from crossover.stores.sealing import SEAL_BYTES, Damaged
from crossover_dynamodb import items
from crossover_dynamodb.items import chunks, count_of, item_bytes, items_of, place_of, record_of
from crossover_dynamodb.spool import Spool

PREFIX = b"\0" * items.PREFIX_BYTES
AT_THE_LIMIT = items.CHUNK_BYTES - SEAL_BYTES
KEYS = st.binary(max_size=20)
SIZES = st.integers(0, 50) | st.integers(AT_THE_LIMIT - 3, AT_THE_LIMIT + 3) | st.integers(
    2 * items.CHUNK_BYTES - 6, 2 * items.CHUNK_BYTES + 3
)  # fmt: skip


def weighed(item: items.Item) -> int:
    """An item's size by the rule of the Developer Guide, from the item itself."""
    size = 0
    for name, value in item.items():
        ((kind, text),) = value.items()
        size += len(name) + (len(b64decode(text)) if kind == "B" else 1 + (len(text) + 1) // 2)
    return size


@given(KEYS, SIZES)
def test_a_record_is_whole_again_and_no_item_exceeds_the_limit(key, size):
    record = bytes(size)
    parts = chunks(key, record)
    made = list(items_of(PREFIX, key, parts))
    assert len(made) == max(1, -(-(size + SEAL_BYTES) // items.CHUNK_BYTES)) == count_of(made[0])
    assert record_of(key, made) == record
    assert [place_of(item) for item in made] == [(PREFIX + key, at) for at in range(len(made))]
    for at, (item, part) in enumerate(zip(made, parts, strict=True)):
        assert weighed(item) == item_bytes(key, part, at, len(parts)) <= items.MAX_ITEM_BYTES


@pytest.mark.parametrize(("size", "count"), [(AT_THE_LIMIT, 1), (AT_THE_LIMIT + 1, 2), (AT_THE_LIMIT * 2 + 4, 2)])
def test_an_item_more_begins_one_byte_beyond(size, count):
    assert len(chunks(b"key", bytes(size))) == count


@pytest.mark.parametrize(
    ("size", "written", "read", "consistent"),
    [(0, 1, 0.5, 1), (1024, 1, 0.5, 1), (1025, 2, 0.5, 1), (4096, 4, 0.5, 1), (4097, 5, 1, 2), (409_600, 400, 50, 100)],
)
def test_units_are_those_of_the_price_list(size, written, read, consistent):
    assert items.write_units(size) == written
    assert items.read_units(size, False) == read
    assert items.read_units(size, True) == consistent


def test_a_part_of_another_record_is_found():
    one, two = (list(items_of(PREFIX, b"key", chunks(b"key", bytes([byte]) * items.CHUNK_BYTES))) for byte in (1, 2))
    with pytest.raises(Damaged):
        record_of(b"key", [one[0], two[1]])
    with pytest.raises(Damaged):
        record_of(b"other", one)
    for broken in ({}, {"r": None}, {"r": {"B": "x"}}):
        with pytest.raises(Damaged):
            record_of(b"key", [broken])


@given(st.dictionaries(KEYS, st.binary(max_size=30), max_size=12), st.integers(1, 5), st.integers(1, 200))
def test_batches_have_every_item_once_and_keep_their_bounds(records, most_items, most_bytes):
    with Spool() as kept:
        for key, record in records.items():
            kept.add(key, record)
        batches = list(kept.batches(PREFIX, most_items, most_bytes))
        again = list(kept.batches(PREFIX, most_items, most_bytes))
    assert batches == again
    assert sum(units for _, units in batches) == kept.write_units
    flat = [item for batch, _ in batches for item in batch]
    assert len(flat) == kept.items == len(records) == kept.records
    assert sum(map(weighed, flat)) == kept.item_bytes
    for batch, _ in batches:
        assert len(batch) <= most_items
        assert len(batch) == 1 or sum(map(weighed, batch)) <= most_bytes
    assert {
        place_of(item)[0][len(PREFIX) :]: record_of(place_of(item)[0][len(PREFIX) :], [item]) for item in flat
    } == records


def test_a_spool_refuses_what_a_table_cannot_have():
    with Spool() as kept:
        kept.add(b"k" * items.MAX_RECORD_KEY_BYTES, b"")
        with pytest.raises(LoadFailed, match="twice"):
            kept.add(b"k" * items.MAX_RECORD_KEY_BYTES, b"other")
        with pytest.raises(LoadFailed, match="longer than DynamoDB's 2,040"):
            kept.add(b"k" * (items.MAX_RECORD_KEY_BYTES + 1), b"")


def test_an_item_is_json_as_it_stands():
    (item,) = items_of(PREFIX, b"k", chunks(b"k", b"\xff"))
    assert json.loads(json.dumps(item)) == item
