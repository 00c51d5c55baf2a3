"""The materialised tables, the groups of contacts, and what extremes do to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from crossover.stores import open_store
from functions.twitter.record import KINDS, key, unpack
from local.data.etl.groups import Stages
from local.data.etl.parts import parse_all
from local.data.etl.pipeline import run
from local.data.etl.reading import blocks
from local.data.etl.stages import TABLES, open_database, relate
from local.data.etl.workers import Workers
from local.data.tweets.generator import Generator
from tests.reference.twitter import Reference


def test_the_tables_and_groups_are_the_reference_s(tmp_path: Path) -> None:
    lines = list(Generator(1500, 5, ["now", "today"]).lines())
    (tmp_path / "tweets.json").write_bytes(b"\n".join(lines))
    reference = Reference(lines, ["now", "today"])
    with Workers() as workers, open_database(tmp_path, 1) as database:
        parse_all(blocks(tmp_path / "tweets.json"), tmp_path, workers)
        relate(database, tmp_path, frozenset(["now", "today"]))
        stages = Stages(database, tmp_path, workers)
        tables = {name: [row for batch in stages.batches(name) for row in batch.to_pylist()] for name in TABLES}
        ordered = stages.batches("contact_tweets", "user_id", "-id")
        while_reading = [row["user_id"] for batch in stages.batches("profiles", "user_id") for row in batch.to_pylist()]
        assert while_reading == sorted(while_reading)
        rows = [(row["user_id"], -row["id"]) for batch in ordered for row in batch.to_pylist()]
        assert rows == sorted(rows)
        groups = list(stages.groups())
    assert {name: set(rows[0]) for name, rows in tables.items()} == {name: set(TABLES[name]) for name in TABLES}
    assert {row["id"]: row["hashtags"] for row in tables["tweets"]} == {
        number: tweet["tags"] for number, tweet in reference.tweets.items()
    }
    assert {(row["user_id"], row["tag"]): row["uses"] for row in tables["tags"]} == {
        (user, tag): uses for user, tags in reference.uses.items() for tag, uses in tags.items()
    }
    assert {row["user_id"]: (row["screen_name"], row["description"]) for row in tables["profiles"]} == {
        user: (name, description) for user, (_, name, description) in reference.profiles.items()
    }
    assert {row["user_id"] for row in tables["contacts"]} == set(reference.contact_tweets)
    assert [group.user_id for group in groups] == sorted(group.user_id for group in groups)
    assert len({(group.user_id, group.kind) for group in groups}) == len(groups)
    for user_id, kind, contacts in groups:
        assert kind in KINDS
        assert reference.answer(user_id, kind, "no such phrase", "no such tag") is not None
        assert [contact.user_id for contact in contacts] == sorted({contact.user_id for contact in contacts})
        assert all(contact.tweets for contact in contacts)


@pytest.mark.parametrize("contacts", [3_000, pytest.param(100_000, marks=pytest.mark.heavy)])
def test_a_user_of_very_many_contacts_and_a_tag_that_everybody_uses_do_no_harm(tmp_path: Path, contacts: int) -> None:
    def lines() -> Iterator[bytes]:
        for number in range(1, contacts + 1):
            sender, other = (number, 2**60) if number % 2 else (2**60, number)
            yield json.dumps(
                {
                    "id": number,
                    "created_at": "Sun Aug 31 00:29:15 +0000 2014",
                    "text": f"tweet {number}",
                    "lang": "en",
                    "user": {"id": sender},
                    "entities": {"hashtags": [{"text": "everybody"}, {"text": f"own{number}"}]},
                    "in_reply_to_user_id": other,
                }
            ).encode()

    with (tmp_path / "tweets.json").open("wb") as file:
        file.writelines(line + b"\n" for line in lines())
    url = f"sqlite:///{tmp_path / 'store.db'}"
    report = run([tmp_path / "tweets.json"], frozenset(), url)
    assert (report.valid, report.users, report.records) == (contacts, contacts + 1, 2 * contacts + 2)
    store = open_store(url)
    found = unpack(store.fetch(key(2**60, "reply")) or b"")
    assert {contact.user_id for contact in found} == set(range(1, contacts + 1))
    by_hot_user = contacts // 2
    assert {(contact.user_id % 2, contact.shared_tags) for contact in found} == {(1, by_hot_user + 1), (0, 0)}
    (back,) = unpack(store.fetch(key(7, "both")) or b"")
    assert (back.user_id, back.replies, back.shared_tags) == (2**60, 1, by_hot_user + 1)
    store.close()


def test_tweets_without_a_contact_make_a_store_without_records(tmp_path: Path) -> None:
    tweet = {
        "id": 1,
        "created_at": "Sun Aug 31 00:29:15 +0000 2014",
        "text": "to nobody",
        "lang": "en",
        "user": {"id": 2},
        "entities": {"hashtags": [{}]},
    }
    (tmp_path / "tweets.json").write_text(json.dumps(tweet))
    report = run([tmp_path / "tweets.json"], frozenset(), f"sqlite:///{tmp_path / 'store.db'}")
    assert (report.valid, report.users, report.records) == (1, 0, 0)
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    assert store.fetch(key(2, "both")) is None
    store.close()


def test_one_user_in_many_batches_stays_whole() -> None:
    class InPieces(Stages):
        def batches(self, table: str, *order: str) -> Iterator[pa.RecordBatch]:
            assert (table, order) == ("contact_tweets", ("user_id", "contact_id", "-created_at", "-id"))
            rows = [(user, contact) for user, many in ((1, 1), (2, 7), (3, 2), (4, 3)) for contact in range(many)]
            for start in range(0, len(rows), 3):
                users, contacts = zip(*rows[start : start + 3], strict=True)
                same: dict[str, Any] = {"screen_name": "n", "description": "d", "text": "t", "hashtags": ["a"]}
                counts = {"replies": 1, "retweets": 0, "shared_tags": 0, "reply": 1, "retweet": 0}
                columns = {"user_id": users, "contact_id": contacts}
                columns |= {name: [value] * len(users) for name, value in (same | counts).items()}
                yield pa.RecordBatch.from_pydict({name: list(values) for name, values in columns.items()})

    with Workers() as workers:
        stages = InPieces(None, Path(), workers)
        assert [(group.user_id, group.kind, len(group.contacts)) for group in stages.groups()] == [
            (user, kind, many) for user, many in ((1, 1), (2, 7), (3, 2), (4, 3)) for kind in ("reply", "both")
        ]
        records = dict(stages.records())
        assert records[key(2, "reply")] == records[key(2, "both")]
        assert len(unpack(records[key(2, "both")])) == 7
