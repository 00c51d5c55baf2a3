"""Two relational schemas of the Twitter store, to compare the packed one with: one wide table, and three joined tables.

They are what the report that this project grew from used. They take a record apart into rows, a row for each contact
tweet of a requested type, and pack it again when it is read, so every schema gives the same bytes. Where a schema of
the report has a score they keep the three counts that it is computed from. Rows are clustered by what a request asks
for, so every read is one contiguous range.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from pymysql.cursors import Cursor

from crossover.stores.pool import Pool
from crossover_mysql.credentials import credentials_of
from crossover_mysql.driver import PyMySQLDriver
from crossover_mysql.target import parse
from functions.twitter.contacts import Contact, TaggedText
from functions.twitter.record import pack, unpack

KEY_BYTES = 9
BATCH_RECORDS = 2_000
Pair = tuple[bytes, bytes]
"""A key and its record."""


class Insert(NamedTuple):
    """One statement of a load, whose values pymysql repeats for each row, and its rows."""

    sql: str
    rows: Iterable[tuple[Any, ...]]


class Relational:
    """What both schemas share: rows (user, kind, contact, name, description, counts, text, tags)."""

    name: str
    tables: dict[str, str]
    """Each table's columns and keys, in SQL."""
    source: str
    """The statement up to its WHERE; the table that holds the tweets is called t."""

    def select(self, keys: Sequence[bytes]) -> tuple[str, Sequence[Any]]:
        """Return one statement that reads all that belongs to some keys, and its parameters."""
        users = [_split(key) for key in keys if len(key) == KEY_BYTES]
        where = " OR ".join(["t.user_id = %s AND t.kind = %s"] * len(users)) or "FALSE"
        order = "t.user_id, t.kind, t.contacted_id, t.position"
        return f"{self.source} WHERE {where} ORDER BY {order}", [value for user in users for value in user]

    def inserts(self, pairs: Sequence[Pair]) -> Iterator[Insert]:
        """Yield the statements that load some records."""
        raise NotImplementedError

    def records(self, rows: Sequence[Sequence[Any]]) -> dict[bytes, bytes]:
        """Pack the rows that were selected into records again, by key."""
        records = {}
        for (user_id, kind), of_user in groupby(rows, itemgetter(0, 1)):
            contacts = []
            for _, of_contact in groupby(of_user, itemgetter(2)):
                repeated = list(of_contact)
                tweets = tuple(TaggedText(row[8], tuple(json.loads(row[9]))) for row in repeated)
                contacts.append(Contact._make((*repeated[0][2:8], tweets)))
            records[_key(user_id, kind)] = pack(contacts)
        return records


class Wide(Relational):
    """One table, clustered by user, that repeats all that is known of a contact on each of its tweets."""

    name = "wide"
    tables = {  # noqa: RUF012
        "crossover_wide": """
            user_id BIGINT NOT NULL, kind TINYINT UNSIGNED NOT NULL, contacted_id BIGINT NOT NULL,
            position INT UNSIGNED NOT NULL, screen_name MEDIUMTEXT NOT NULL, description MEDIUMTEXT NOT NULL,
            replies INT UNSIGNED NOT NULL, retweets INT UNSIGNED NOT NULL, shared_tags INT UNSIGNED NOT NULL,
            text MEDIUMTEXT NOT NULL, hashtags MEDIUMTEXT NOT NULL,
            PRIMARY KEY (user_id, kind, contacted_id, position)""",
    }
    source = (
        "SELECT user_id, kind, contacted_id, screen_name, description, replies, retweets, shared_tags, text, hashtags"
        " FROM crossover_wide t"
    )

    def inserts(self, pairs: Sequence[Pair]) -> Iterator[Insert]:
        """Yield the statements that insert these records."""
        rows = (
            (*user, contact.user_id, position, *contact[1:6], tweet.text, _json(tweet.hashtags))
            for user, contact in _contacts(pairs)
            for position, tweet in enumerate(contact.tweets)
        )
        yield Insert(f"INSERT INTO crossover_wide VALUES ({_marks(11)})", rows)  # noqa: S608


class ThreeTables(Relational):
    """Scores of pairs of users, users, and tweets, joined by the database."""

    name = "three-tables"
    tables = {  # noqa: RUF012
        "crossover_score": """
            user_id BIGINT NOT NULL, contacted_id BIGINT NOT NULL,
            replies INT UNSIGNED NOT NULL, retweets INT UNSIGNED NOT NULL, shared_tags INT UNSIGNED NOT NULL,
            PRIMARY KEY (user_id, contacted_id)""",
        "crossover_user": """
            user_id BIGINT NOT NULL PRIMARY KEY,
            screen_name MEDIUMTEXT NOT NULL, description MEDIUMTEXT NOT NULL""",
        "crossover_tweet": """
            user_id BIGINT NOT NULL, kind TINYINT UNSIGNED NOT NULL, contacted_id BIGINT NOT NULL,
            position INT UNSIGNED NOT NULL, text MEDIUMTEXT NOT NULL, hashtags MEDIUMTEXT NOT NULL,
            PRIMARY KEY (user_id, kind, contacted_id, position)""",
    }
    source = (
        "SELECT t.user_id, t.kind, t.contacted_id, u.screen_name, u.description, s.replies, s.retweets, s.shared_tags,"
        " t.text, t.hashtags FROM crossover_tweet t"
        " JOIN crossover_score s ON s.user_id = t.user_id AND s.contacted_id = t.contacted_id"
        " JOIN crossover_user u ON u.user_id = t.contacted_id"
    )

    def inserts(self, pairs: Sequence[Pair]) -> Iterator[Insert]:
        """Yield the statements that insert these records."""
        contacts = list(_contacts(pairs))
        # A pair's score and a user's profile come with every type and every user that they belong to, always the same.
        again = "ON DUPLICATE KEY UPDATE user_id = VALUES(user_id)"
        scores = {(user, contact.user_id): contact[3:6] for (user, _), contact in contacts}
        yield Insert(
            f"INSERT INTO crossover_score VALUES ({_marks(5)}) {again}",  # noqa: S608
            [(*pair, *counts) for pair, counts in scores.items()],
        )
        users = {contact.user_id: contact[1:3] for _, contact in contacts}
        yield Insert(
            f"INSERT INTO crossover_user VALUES ({_marks(3)}) {again}",  # noqa: S608
            [(user, *profile) for user, profile in users.items()],
        )
        yield Insert(
            f"INSERT INTO crossover_tweet VALUES ({_marks(6)})",  # noqa: S608
            (
                (*user, contact.user_id, position, tweet.text, _json(tweet.hashtags))
                for user, contact in contacts
                for position, tweet in enumerate(contact.tweets)
            ),
        )


SCHEMAS: dict[str, Relational] = {schema.name: schema for schema in (Wide(), ThreeTables())}


class RelationalStore:
    """The Twitter service's records out of relational tables, over the same pool as the packed store's."""

    def __init__(self, url: str, schema: Relational) -> None:
        target = parse(url)
        self._schema = schema
        self._pool: Pool[Cursor] = Pool(PyMySQLDriver(target, credentials_of(target)), target.limits)
        self.threads = target.limits.size

    def fetch(self, key: bytes) -> bytes | None:
        """Read one record, rebuilt of its rows."""
        return self.fetch_many((key,))[0]

    def fetch_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Read several records."""
        sql, parameters = self._schema.select(keys)

        def read(cursor: Cursor) -> Sequence[Sequence[Any]]:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

        records = self._schema.records(self._pool.read(read))
        return [records.get(key) for key in keys]

    def version(self) -> str:
        """Return the version of the data."""
        return self._schema.name

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


def load(url: str, schema: Relational, records: Iterable[Pair]) -> None:
    """Create the schema's tables in an empty database and fill them."""
    target = parse(url)
    cursor = PyMySQLDriver(target, credentials_of(target)).connect()
    with closing(cursor.connection):
        for table, columns in schema.tables.items():
            cursor.execute(f"CREATE TABLE {table} ({columns}) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        pairs = iter(records)
        while batch := list(islice(pairs, BATCH_RECORDS)):
            for sql, rows in schema.inserts(batch):
                cursor.executemany(sql, rows)
        # Without statistics the join is planned from the wrong end.
        cursor.execute(f"ANALYZE TABLE {', '.join(schema.tables)}")


def _split(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[:8], "big"), key[8]


def _key(user_id: int, kind: int) -> bytes:
    return user_id.to_bytes(8, "big") + bytes((kind,))


def _contacts(pairs: Sequence[Pair]) -> Iterator[tuple[tuple[int, int], Contact]]:
    """Yield user and kind, and contact, of all the contacts in some records."""
    for key, record in pairs:
        user = _split(key)
        for contact in unpack(record):
            yield user, contact


def _json(tags: tuple[str, ...]) -> str:
    return json.dumps(tags, ensure_ascii=False, separators=(",", ":"))


@cache
def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)
