"""From the stages to what a store holds: every user's contacts, and the records packed from them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.record import key, pack
from local.data.etl.workers import Workers

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend as Database

BATCH_ROWS = 20_000
ORDER = ("user_id", "contact_id", "-created_at", "-id")
"""Of contact tweets, as records are packed from them; `-` is descending."""
REPLY, RETWEET = attrgetter("reply"), attrgetter("retweet")


class ContactTweet(NamedTuple):
    """A row of the table `contact_tweets`: one tweet between a user and a contact."""

    user_id: int
    contact_id: int
    screen_name: str
    """The contact's, as the description is."""
    description: str
    replies: int
    """Of the pair, as all three counts are."""
    retweets: int
    shared_tags: int
    text: str
    hashtags: list[str]
    reply: int
    """1 where the tweet is a reply between the two, else 0."""
    retweet: int


class ContactGroup(NamedTuple):
    """All the contacts of one user for one requested type, in the order of their ids."""

    user_id: int
    kind: str
    contacts: list[Contact]


class Stages:
    """The materialised tables of a run, to be read once or more often, whole or in order."""

    def __init__(
        self, database: Database, folder: Path, workers: Workers, packed: Callable[[int], object] = lambda _: None
    ) -> None:
        """Create a reader of the tables.

        Args:
            database: A database on which `local.data.etl.stages.relate` has run.
            folder: A folder to write to.
            workers: Where records are packed.
            packed: Called with the number of records that were packed since the last call.
        """
        self._database = database
        self._folder = folder
        self._workers = workers
        self._packed = packed

    def batches(self, table: str, *order: str) -> Iterator[pa.RecordBatch]:
        """Yield a table of `local.data.etl.stages.TABLES` in batches, ordered by columns, those with `-` descending.

        It goes through a Parquet file, so several may be read at the same time.
        """
        rows = self._database.table(table)
        if order:
            rows = rows.order_by([rows[name[1:]].desc() if name[0] == "-" else rows[name] for name in order])
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            rows.to_parquet(str(Path(folder) / "rows.parquet"))
            for path in sorted(Path(folder).rglob("*.parquet")):
                if path.is_file():
                    with pq.ParquetFile(path) as file:
                        yield from file.iter_batches(BATCH_ROWS)

    def groups(self) -> Iterator[ContactGroup]:
        """Yield every user's contacts for each type that has some, in the order of user ids."""
        for users in self._users():
            yield from _groups(users)

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield key and record of every group that a request can name, packed on all cores, in the same order."""
        for records in self._workers.map(records_of, self._users()):
            yield from records
            self._packed(len(records))

    def _users(self) -> Iterator[pa.Table]:
        return whole_users(self.batches("contact_tweets", *ORDER))


def whole_users(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Yield contact tweets, which come in the order of `ORDER`, in pieces of whole users and of at least a batch."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        users = batch.column("user_id")
        last = pc.index(users, users[-1]).as_py()
        if last or (held and held[-1].column("user_id")[-1] != users[0]):
            yield pa.Table.from_batches([*held, batch.slice(0, last)])
            held = [batch.slice(last)]
        else:
            held.append(batch)
    if held:
        yield pa.Table.from_batches(held)


def records_of(users: pa.Table) -> list[tuple[bytes, bytes]]:
    """Return key and record of every group of whole users that a request can name."""
    records = []
    packed, last = b"", None
    for user_id, kind, contacts in _groups(users):
        if user_id < 0:  # cannot be asked for
            continue
        if contacts is not last:
            packed, last = pack(contacts), contacts
        records.append((key(user_id, kind), packed))
    return records


def _groups(users: pa.Table) -> Iterator[ContactGroup]:
    """Yield the groups of whole users. Where a user's contacts of two types are the same, both have the same list."""
    columns = (users.column(name).to_pylist() for name in ContactTweet._fields)
    rows = map(ContactTweet._make, zip(*columns, strict=True))
    for user_id, of_user in groupby(rows, attrgetter("user_id")):
        replied: list[Contact] = []
        retweeted: list[Contact] = []
        both: list[Contact] = []
        for _, of_pair in groupby(of_user, attrgetter("contact_id")):
            pair = list(of_pair)
            contact = _contact(pair)
            both.append(contact)
            for contacts, has_type in ((replied, REPLY), (retweeted, RETWEET)):
                some = tuple([tweet for tweet, row in zip(contact.tweets, pair, strict=True) if has_type(row)])
                if some == contact.tweets:
                    contacts.append(contact)
                elif some:
                    contacts.append(contact._replace(tweets=some))
        if replied:
            yield ContactGroup(user_id, "reply", both if replied == both else replied)
        if retweeted:
            yield ContactGroup(user_id, "retweet", both if retweeted == both else retweeted)
        yield ContactGroup(user_id, "both", both)


def _contact(rows: list[ContactTweet]) -> Contact:
    """Return the contact that all the tweets of a pair describe."""
    pair = rows[0]
    return Contact(
        pair.contact_id,
        pair.screen_name,
        pair.description,
        pair.replies,
        pair.retweets,
        pair.shared_tags,
        tuple([TaggedText(row.text, tuple(row.hashtags)) for row in rows]),
    )
