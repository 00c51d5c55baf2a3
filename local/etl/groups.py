"""From the stages to what a store holds: every user's contacts, and the records packed from them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from functions.twitter.contacts import Contact, Tweet
from functions.twitter.record import key, pack

BATCH_ROWS = 20_000


class Group(NamedTuple):
    """All the contacts of one user for one requested type, in the order of their ids."""

    user_id: int
    kind: str
    contacts: list[Contact]


class Stages:
    """The materialised tables of a run, for a loader to read: once or more often, whole or in order."""

    def __init__(self, connection: Any, folder: Path, packed: Callable[[int], object] = lambda _: None) -> None:
        """Takes an Ibis connection on which `local.etl.stages.build` has run, and a folder to write to.

        `packed` hears how many records more were made.
        """
        self._connection = connection
        self._folder = folder
        self._packed = packed

    def batches(self, table: str, *order: str) -> Iterator[pa.RecordBatch]:
        """A table of `local.etl.stages.TABLES` in batches, ordered by columns; a leading `-` means descending.

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
        """Every user's contacts for each type that has some, in the order of user ids. Holds one user at a time.

        Where a user's contacts of two types are the same, both groups have the same list.
        """
        batches = self.batches("contact_tweets", "user_id", "contact_id", "-created_at", "-id")
        rows = (row for batch in batches for row in _rows(batch))
        for user_id, of_user in groupby(rows, itemgetter(0)):
            replied: list[Contact] = []
            retweeted: list[Contact] = []
            both: list[Contact] = []
            for _, of_pair in groupby(of_user, itemgetter(1)):
                tweets = list(of_pair)
                contact = _contact(tweets)
                both.append(contact)
                for kind, flag in ((replied, 9), (retweeted, 10)):
                    some = tuple([contact.tweets[at] for at, row in enumerate(tweets) if row[flag]])
                    if len(some) == len(tweets):
                        kind.append(contact)
                    elif some:
                        kind.append(contact._replace(tweets=some))
            if replied:
                yield Group(user_id, "reply", both if replied == both else replied)
            if retweeted:
                yield Group(user_id, "retweet", both if retweeted == both else retweeted)
            yield Group(user_id, "both", both)

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and packed record of every group that a request can ask for: user ids below 0 cannot be asked for."""
        packed, last, count = b"", None, 0
        for user_id, kind, contacts in self.groups():
            if user_id < 0:
                continue
            if contacts is not last:
                packed, last = pack(contacts), contacts
            yield key(user_id, kind), packed
            if not (count := count + 1) % 1000:
                self._packed(1000)


_COLUMNS = (
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


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    return zip(*(batch.column(name).to_pylist() for name in _COLUMNS), strict=True)


def _contact(tweets: list[tuple[Any, ...]]) -> Contact:
    return Contact._make((*tweets[0][1:7], tuple([Tweet(row[7], tuple(row[8])) for row in tweets])))
