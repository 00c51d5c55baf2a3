"""Loads: the order of what is written, leases, throttles, and what is left where they fail."""

from __future__ import annotations

import pytest

from crossover.stores.parts import WHOLE
from crossover.stores.port import LoadFailed, ignore
from crossover.stores.sealing import Damaged
from crossover_dynamodb.dumping import dump
from crossover_dynamodb.generation import GRACE_SECONDS, LAYOUT, META, META_KEY, Generation, switch_values
from crossover_dynamodb.items import chunks, items_of, key_of
from crossover_dynamodb.loading import LEASE_SECONDS, RENEW_SECONDS, load
from crossover_dynamodb.store import DynamoStore
from crossover_dynamodb.store import load as load_url
from crossover_dynamodb.target import parse

HELD = (400, {"__type": "x#ConditionalCheckFailedException", "message": "no"})
OLD = Generation(7, "old", b"7" * 8, LAYOUT)
OLD_META = META_KEY | {name[1:]: value for name, value in switch_values(OLD).items()}
OLD_KEYS = [key_of((OLD.prefix + b"%03d" % at, 0)) for at in range(30)]


def conditions(server):
    return [asked["ConditionExpression"] for operation, asked, _ in server.asked if operation == "UpdateItem"]


def run(make, records, report=ignore, options=""):
    client = make(options)
    return load(client.target, records, report, client)


def test_a_first_load_writes_switches_and_waits_for_nobody(server, make, clock):
    steps = []
    loaded = run(make, [(b"a", b"1"), (b"b", b"2")], lambda *step: steps.append(step))
    assert server.operations() == ["UpdateItem", "GetItem", "BatchWriteItem", "UpdateItem", "Scan", "UpdateItem"]
    assert conditions(server) == ["attribute_not_exists(w) OR u < :now", "w = :me", "w = :me"]
    values = server.asked[3][1]["ExpressionAttributeValues"]
    assert (values[":s"], values[":v"]) == ({"N": "1"}, {"S": loaded.version})
    assert (loaded.records, loaded.figures["write units, estimated"]) == (2, 2.0)
    assert steps == [("write units", 0, 2), ("write units", 2, 2)]
    assert clock.slept == []


def test_an_old_load_is_deleted_once_every_reader_knows_the_new_one(server, make, clock):
    server.script += [(200, {}), (200, {"Item": OLD_META}), (200, {}), (200, {})]
    server.script += [(200, {"Items": [key_of(META), *OLD_KEYS[:26]], "LastEvaluatedKey": OLD_KEYS[25]})]
    server.script += [(200, {}), (200, {}), (200, {"Items": OLD_KEYS[26:]})]
    loaded = run(make, [(b"a", b"1")])
    assert clock.slept == [GRACE_SECONDS]
    assert loaded.figures["old items deleted"] == 30
    assert server.asked[3][1]["ExpressionAttributeValues"][":s"] == {"N": "8"}
    deletions = [asked["RequestItems"]["tweets"] for name, asked, _ in server.asked[4:] if name == "BatchWriteItem"]
    assert [len(batch) for batch in deletions] == [25, 1, 4]
    assert key_of(META) not in [each["DeleteRequest"]["Key"] for batch in deletions for each in batch]
    assert server.asked[7][1]["ExclusiveStartKey"] == OLD_KEYS[25]


def test_a_lease_is_renewed_while_a_load_goes_on(server, make, clock):
    def slow():
        for number in range(4):
            clock.now += RENEW_SECONDS / 2 + 1
            yield b"%d" % number, b""

    run(make, slow())
    assert conditions(server).count("w = :me") == 2 + 2
    until = server.asked[0][1]["ExpressionAttributeValues"][":until"]
    assert int(until["N"]) == 1_000_000 + LEASE_SECONDS


def test_a_second_load_is_refused(server, make):
    server.script.append(HELD)
    with pytest.raises(LoadFailed, match="another load of this table is running"):
        run(make, [])
    assert server.operations() == ["UpdateItem"]


def test_a_load_whose_lease_was_taken_switches_nothing(server, make):
    server.script += [(200, {}), (200, {}), (200, {}), HELD, HELD]
    with pytest.raises(LoadFailed, match="took this table over"):
        run(make, [(b"a", b"1")])
    assert server.operations()[-1] == "UpdateItem"


def test_items_that_are_left_unprocessed_are_written_slower(server, make, clock):
    left = {"UnprocessedItems": {"tweets": [{"PutRequest": {"Item": {}}}]}}
    server.script += [(200, {}), (200, {}), (200, left), (200, left), (200, {})]
    run(make, [(b"a", b"1"), (b"b", b"2")])
    assert clock.slept == [0.05, 0.1]
    assert server.operations().count("BatchWriteItem") == 3


def test_a_table_that_stays_throttled_fails_the_load_before_its_switch(server, make):
    left = {"UnprocessedItems": {"tweets": [{"PutRequest": {"Item": {}}}]}}
    server.default = lambda operation: (200, left if operation == "BatchWriteItem" else {})
    with pytest.raises(LoadFailed, match=r"cannot load table tweets .*left items unprocessed"):
        run(make, [(b"%d" % number, b"") for number in range(500)])
    assert conditions(server) == ["attribute_not_exists(w) OR u < :now", "w = :me"]
    assert "REMOVE" in server.asked[-1][1]["UpdateExpression"], "the lease is given back"


def test_a_cleaning_that_fails_fails_no_load(server, make):
    denied = (400, {"__type": "x#AccessDeniedException"})
    server.default = lambda operation: denied if operation == "Scan" else (200, {})
    loaded = run(make, [(b"a", b"1")])
    assert loaded.version
    assert [name for name in loaded.figures if "may be left" in name]


def test_an_error_of_dynamodb_names_it(server, make):
    server.script.append((400, {"__type": "x#ValidationException", "message": "wrong keys"}))
    with pytest.raises(LoadFailed, match="ValidationException: wrong keys"):
        run(make, [])


def test_a_url_alone_is_enough(server):
    loaded = load_url(f"dynamodb://tweets?region=us-east-1&endpoint={server.endpoint}", [])
    assert loaded.records == 0


def test_a_part_of_a_store_keeps_its_lease_while_it_waits_for_the_others(server, make, clock):
    class Waiting:
        version = "c0ffee.1of2"
        asked = 0

        def may_switch(self, seconds):
            clock.now += seconds
            self.asked += 1
            return self.asked == 3

    client = make()
    assert load(client.target, [(b"a", b"1")], ignore, client, Waiting()).version == Waiting.version
    assert conditions(server).count("w = :me") == 2 + 2


def test_a_table_that_holds_another_part_of_a_store_is_refused_once_it_is_held(server, make):
    part = Generation(7, "old.1of2", b"7" * 8, LAYOUT)
    meta = META_KEY | {name[1:]: value for name, value in switch_values(part).items()}
    server.script += [(200, {}), (200, {"Item": meta})]
    with pytest.raises(LoadFailed, match="empty it first"):
        run(make, [(b"a", b"1")])
    assert server.operations() == ["UpdateItem", "GetItem", "UpdateItem"], "the lease is given back, nothing written"


def test_a_record_of_which_an_item_is_missing_ends_the_reading(server, monkeypatch):
    items = list(items_of(OLD.prefix, b"big", chunks(b"big", b"x" * 500_000)))
    monkeypatch.setattr(DynamoStore, "fetch", lambda self, key: None)
    monkeypatch.setattr(DynamoStore, "version", lambda self: "old")

    server.default = lambda operation: (200, {"Items": items[:1]} if operation == "Scan" else {"Item": OLD_META})
    target = parse(f"dynamodb://tweets?region=us-east-1&endpoint={server.endpoint}", {})
    with pytest.raises(Damaged, match="a record is missing"):
        list(dump(target, WHOLE, "old"))


def test_records_are_read_back_page_by_page(server, monkeypatch):
    monkeypatch.setattr(DynamoStore, "version", lambda self: "old")
    first, second = (list(items_of(OLD.prefix, key, chunks(key, b"record"))) for key in (b"a", b"b"))
    pages = [{"Items": [key_of(META), *first], "LastEvaluatedKey": OLD_KEYS[0]}, {"Items": second}]
    server.default = lambda operation: (200, pages.pop(0) if operation == "Scan" else {"Item": OLD_META})
    target = parse(f"dynamodb://tweets?region=us-east-1&endpoint={server.endpoint}", {})
    assert list(dump(target, WHOLE, "old")) == [(b"a", b"record"), (b"b", b"record")]
