"""Reading: what is asked of DynamoDB, and what becomes of its answers."""

from __future__ import annotations

import pytest

from crossover.runner import Unavailable
from crossover.stores.parts import Part, WrongPart
from crossover.stores.sealing import Damaged
from crossover_dynamodb.generation import LAYOUT, Generation
from crossover_dynamodb.items import key_of
from crossover_dynamodb.store import DynamoStore
from tests.support.scripted_dynamodb import Table, meta

ONE = Generation(1, "one", b"1" * 8, LAYOUT)
TWO = Generation(2, "two", b"2" * 8, LAYOUT)


@pytest.fixture
def table(server):
    """A table on the server, which answers from it where nothing is scripted."""
    made = Table()
    server.default = lambda operation: (200, made.call(operation, server.asked[-1][1]))
    return made


@pytest.fixture
def store(make, clock):
    return DynamoStore(make(), clock)


def test_keys_that_are_asked_for_together_are_read_together(server, table, store):
    table.serve(ONE, {b"a": b"1", b"b": b"2"})
    assert store.fetch_many([b"a", b"none", b"b", b"a"]) == [b"1", None, b"2", b"1"]
    assert server.operations() == ["GetItem", "BatchGetItem"]
    assert len(server.asked[1][1]["RequestItems"]["tweets"]["Keys"]) == 3
    assert server.asked[0][1]["ConsistentRead"] is True
    assert server.asked[1][1]["RequestItems"]["tweets"]["ConsistentRead"] is False
    store.close()


def test_more_than_a_hundred_keys_take_several_requests(server, table, store):
    records = {b"%d" % number: b"r%d" % number for number in range(205)}
    table.serve(ONE, records)
    assert store.fetch_many(list(records)) == list(records.values())
    assert server.operations() == ["GetItem", *["BatchGetItem"] * 3]


def test_parts_are_read_in_a_second_request(server, table, store):
    record = bytes(range(256)) * 4000
    table.serve(ONE, {b"a": record, b"b": b"2"})
    assert store.fetch_many([b"a", b"b"]) == [record, b"2"]
    assert server.operations() == ["GetItem", "BatchGetItem", "BatchGetItem"]


def test_consistent_reads_are_asked_for_by_option(server, table, make, clock):
    table.serve(ONE, {b"a": b"1"})
    assert DynamoStore(make("&consistent=1"), clock).fetch(b"a") == b"1"
    assert server.asked[1][1]["RequestItems"]["tweets"]["ConsistentRead"] is True


def test_unprocessed_keys_are_asked_for_again(server, table, store, clock):
    table.serve(ONE, {b"a": b"1", b"b": b"2"})
    store.version()
    table.unprocessed = 1
    assert store.fetch_many([b"a", b"b"]) == [b"1", b"2"]
    table.unprocessed = 2
    assert store.fetch_many([b"a", b"b"]) == [b"1", b"2"]
    assert clock.slept == [0.05], "only where nothing came"


def test_keys_that_stay_unprocessed_are_unavailable(server, table, store, monkeypatch):
    table.serve(ONE, {b"a": b"1"})
    store.version()
    server.script += [(200, {"UnprocessedKeys": {"tweets": {"Keys": [key_of((b"x", 0))]}}})] * 3
    with pytest.raises(Unavailable, match="unprocessed") as refused:
        store.fetch(b"a")
    assert refused.value.retry_after >= 1


def test_a_new_load_is_noticed_along_with_a_read(server, table, store, clock):
    table.serve(ONE, {b"a": b"1"})
    assert store.fetch(b"a") == b"1"
    table.serve(TWO, {b"a": b"2"})
    assert store.fetch(b"a") == b"1"
    clock.now += 1.1
    assert store.fetch(b"a") == b"2"
    assert server.operations() == ["GetItem", *["BatchGetItem"] * 4]


def test_an_old_look_does_not_bring_the_old_load_back(table, store, clock):
    table.serve(ONE, {b"a": b"1"})
    table.serve(TWO, {b"a": b"2"})
    assert store.fetch(b"a") == b"2"
    table.stale_meta = meta(ONE)
    clock.now += 2
    assert store.fetch(b"a") == b"2"


def test_a_table_that_was_made_again_is_followed(table, store, clock):
    table.serve(TWO, {b"a": b"2"})
    assert store.fetch(b"a") == b"2"
    table.items.clear()
    table.serve(ONE, {b"a": b"1"})
    clock.now += 2
    assert store.fetch(b"a") == b"1"


def test_absence_is_believed_for_a_while_and_then_looked_up(server, table, store, clock):
    table.serve(ONE, {b"a": b"1"})
    assert [store.fetch(b"x") for _ in range(3)] == [None] * 3
    assert server.operations() == ["GetItem", *["BatchGetItem"] * 3]
    clock.now += 6
    assert store.fetch(b"x") is None
    assert server.operations()[4:] == ["BatchGetItem", "GetItem"]


def test_a_record_of_a_deleted_generation_is_read_from_the_one_that_serves(table, make, clock):
    store = DynamoStore(make("&refresh=5"), clock)
    table.serve(ONE, {b"a": b"1"})
    assert store.fetch(b"a") == b"1"
    clock.now += 4
    table.stale_meta = meta(ONE)
    store.fetch(b"a")
    table.items.clear()
    table.serve(TWO, {b"a": b"2"})
    clock.now += 2
    assert store.fetch(b"a") == b"2", "although the look along with the read was old"


def test_loads_without_end_are_unavailable(server, table, store, clock):
    def loading(operation):
        sequence = len(server.asked)
        table.serve(Generation(sequence, str(sequence), b"%08d" % sequence, LAYOUT))
        clock.now += 10
        return 200, table.call(operation, server.asked[-1][1])

    server.default = loading
    with pytest.raises(Unavailable, match="is being loaded"):
        store.fetch(b"a")


def test_a_part_that_is_missing_is_damage_and_not_absence(table, store):
    table.serve(ONE, {b"a": bytes(500_000)})
    del table.items[ONE.prefix + b"a", 1]
    with pytest.raises(Damaged):
        store.fetch(b"a")


def test_nothing_loaded_and_another_layout_are_unavailable(table, store, clock):
    with pytest.raises(Unavailable, match="nothing is loaded in table tweets"):
        store.fetch(b"a")
    table.serve(ONE._replace(layout="packed-0"))
    with pytest.raises(Unavailable, match="another version of Crossover"):
        store.version()
    table.serve(ONE)
    assert store.version() == "one"
    table.serve(TWO._replace(layout="packed-9"))
    clock.now += 2
    with pytest.raises(Unavailable, match="another version of Crossover"):
        store.fetch(b"a")


def test_a_key_that_no_table_can_have_is_absent_without_a_request(server, table, store):
    table.serve(ONE)
    store.version()
    assert store.fetch_many([b"k" * 3000, b"l" * 3000]) == [None, None]
    assert store.fetch_many([]) == []
    assert server.operations() == ["GetItem"]


def test_it_has_figures_and_threads(store):
    assert store.threads == 4
    assert store.gauges < set(store.stats()._fields)


def test_a_table_that_holds_another_part_of_a_store_is_refused(table, make, clock):
    table.serve(ONE, {b"a": b"1"})
    part = DynamoStore(make(), clock, Part(1, 3))
    for ask in (part.version, lambda: part.fetch(b"x")):
        with pytest.raises(WrongPart, match="holds the whole store, and the store's URL names it as part 2 of 3"):
            ask()


def test_a_table_that_holds_another_part_by_now_is_refused_once_that_is_noticed(table, make, clock):
    table.serve(ONE._replace(version="one.2of3"), {b"a": b"1"})
    part = DynamoStore(make(), clock, Part(1, 3))
    assert part.fetch(b"a") == b"1"
    table.serve(TWO._replace(version="two.1of3"), {b"b": b"2"})
    clock.now += 1.1
    for _ in range(2):
        with pytest.raises(WrongPart, match="holds part 1 of 3"):
            part.fetch(b"x")
