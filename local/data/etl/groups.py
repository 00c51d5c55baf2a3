"""From the stages to what a store holds: every user's contacts, and the records packed from them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from functions.twitter.contacts import Contact, Tweet
from functions.twitter.record import key, pack
from local.data.etl.workers import Workers

BATCH_ROWS = 20_000
COLUMNS = (
    "user_id",
    "contact_id",
    "screen_name",
    "description",
    "replies",
    "retweets",
    "shared_tags",
    "text",
    "hashtags",
    "reply",
    "retweet",
)


class Group(NamedTuple):
    """All the contacts of one user for one requested type, in the order of their ids."""

    user_id: int
    kind: str
    contacts: list[Contact]


class Stages:
    """The materialised tables of a run, for a loader to read: once or more often, whole or in order."""

    def __init__(
        self, connection: Any, folder: Path, workers: Workers, packed: Callable[[int], object] = lambda _: None
    ) -> None:
        """Takes an Ibis connection on which `local.data.etl.stages.build` has run, and a folder to write to.

        `packed` hears how many records more were made.
        """
        self._connection = connection
        self._folder = folder
        self._workers = workers
        self._packed = packed

    def batches(self, table: str, *order: str) -> Iterator[pa.RecordBatch]:
        """A table of `local.data.etl.stages.TABLES` in batches, ordered by columns; a leading `-` means descending.

        It goes through a Parquet file, so several may be read at the same time.
        """
        rows = self._connection.table(table)
        if order:
            rows = rows.order_by([rows[name[1:]].desc() if name[0] == "-" else rows[name] for name in order])
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            rows.to_parquet(str(Path(folder) / "rows.parquet"))
            for path in sorted(Path(folder).rglob("*.parquet")):
                if path.is_file():
                    with pq.ParquetFile(path) as file:
                        yield from file.iter_batches(BATCH_ROWS)

    def groups(self) -> Iterator[Group]:
        """Every user's contacts for each type that has some, in the order of user ids."""
        for users in self._users():
            yield from _groups(users)

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and packed record of every group that a request can ask for, packed on all cores, in the same order."""
        for records in self._workers.map(_records, self._users()):
            yield from records
            self._packed(len(records))

    def _users(self) -> Iterator[pa.Table]:
        """The contact tweets, cut where one user ends and the next begins, in pieces of at least `BATCH_ROWS`."""
        held: list[pa.RecordBatch] = []
        for batch in self.batches("contact_tweets", "user_id", "contact_id", "-created_at", "-id"):
            users = batch.column("user_id")
            last = pc.index(users, users[-1]).as_py()
            if last or (held and held[-1].column("user_id")[-1] != users[0]):
                yield pa.Table.from_batches([*held, batch.slice(0, last)])
                held = [batch.slice(last)]
            else:
                held.append(batch)
        if held:
            yield pa.Table.from_batches(held)


def _records(users: pa.Table) -> list[tuple[bytes, bytes]]:
    records = []
    packed, last = b"", None
    for user_id, kind, contacts in _groups(users):
        if user_id < 0:  # cannot be asked for
            continue
        if contacts is not last:
            packed, last = pack(contacts), contacts
        records.append((key(user_id, kind), packed))
    return records


def _groups(users: pa.Table) -> Iterator[Group]:
    """The groups of whole users. Where a user's contacts of two types are the same, both have the same list."""
    rows = zip(*(users.column(name).to_pylist() for name in COLUMNS), strict=True)
    for user_id, of_user in groupby(rows, itemgetter(0)):
        replied: list[Contact] = []
        retweeted: list[Contact] = []
        both: list[Contact] = []
        for _, with_contact in groupby(of_user, itemgetter(1)):
            of_pair = list(with_contact)
            contact = _contact(of_pair)
            both.append(contact)
            for contacts, flag in ((replied, 9), (retweeted, 10)):
                some = tuple([tweet for tweet, row in zip(contact.tweets, of_pair, strict=True) if row[flag]])
                if some == contact.tweets:
                    contacts.append(contact)
                elif some:
                    contacts.append(contact._replace(tweets=some))
        if replied:
            yield Group(user_id, "reply", both if replied == both else replied)
        if retweeted:
            yield Group(user_id, "retweet", both if retweeted == both else retweeted)
        yield Group(user_id, "both", both)


def _contact(of_pair: list[tuple[Any, ...]]) -> Contact:
    return Contact._make((*of_pair[0][1:7], tuple([Tweet(row[7], tuple(row[8])) for row in of_pair])))
