"""How records lie in tables: packed, as the service answers from, and two that a relational design would choose.

`packed` keeps a record as it is, under its key. `wide` and `three-tables` are the schemas of the report that this
project grew from; they take a record apart into rows, a row for each contact tweet of a requested type, and pack it
again when it is read, so that whoever fetches gets the same bytes from each. They know the Twitter service's record
for that, and its key: a user id of eight bytes and a type of one. Where a schema of the report has a score they keep
the three counts it is computed from, which is what a record is made of.

Rows are clustered by what a request asks for, so that every read is one contiguous range, and in `wide` nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

Pair = tuple[bytes, bytes]
"""A key and its record."""


class Insert(NamedTuple):
    """One statement of a load, which pymysql repeats the values of, and its rows."""

    sql: str
    rows: Iterable[tuple[Any, ...]]


class Schema(Protocol):
    """The tables of one layout, and the way of a record into them and out of them."""

    name: str
    tables: dict[str, str]
    """Table name to its columns and keys, in SQL."""

    def select(self, keys: Sequence[bytes]) -> tuple[str, Sequence[Any]]:
        """One statement that reads all that belongs to some keys, and its parameters."""
        ...

    def records(self, rows: Sequence[Sequence[Any]], keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Key to record of what was selected for these keys."""
        ...

    def inserts(self, pairs: Sequence[Pair], suffix: str) -> Iterator[Insert]:
        """What puts some records into the tables whose names end on `suffix`. Raises ValueError for a record."""
        ...


class Packed:
    """One row for each record."""

    name = "packed"
    tables = {  # noqa: RUF012
        "crossover_records": "id VARBINARY(255) NOT NULL PRIMARY KEY, record LONGBLOB NOT NULL",
    }

    def select(self, keys: Sequence[bytes]) -> tuple[str, Sequence[Any]]:
        # A column that nobody needs costs the client a tenth of a single fetch.
        if len(keys) == 1:
            return "SELECT record FROM crossover_records WHERE id = %s", keys
        return f"SELECT id, record FROM crossover_records WHERE id IN ({_marks(len(keys))})", keys  # noqa: S608

    def records(self, rows: Sequence[Sequence[Any]], keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {keys[0]: rows[0][0]} if rows and len(keys) == 1 else dict(rows)  # type: ignore[arg-type]

    def inserts(self, pairs: Sequence[Pair], suffix: str) -> Iterator[Insert]:
        yield Insert(f"INSERT INTO crossover_records{suffix} VALUES (%s, %s)", pairs)  # noqa: S608


class _Rows:
    """What the two relational schemas share: rows (user, kind, contact, name, description, counts, text, tags)."""

    source: str
    """The statement up to its WHERE; the table that holds the tweets is called t."""

    def select(self, keys: Sequence[bytes]) -> tuple[str, Sequence[Any]]:
        asked = [_split(key) for key in keys if len(key) == KEY_BYTES]
        where = " OR ".join(["t.user_id = %s AND t.kind = %s"] * len(asked)) or "FALSE"
        order = "t.user_id, t.kind, t.contacted_id, t.position"
        return f"{self.source} WHERE {where} ORDER BY {order}", [value for pair in asked for value in pair]

    def records(self, rows: Sequence[Sequence[Any]], keys: Sequence[bytes]) -> dict[bytes, bytes]:
        from functions.twitter.contacts import Contact, Tweet
        from functions.twitter.record import pack

        found = {}
        for (user_id, kind), of_user in groupby(rows, itemgetter(0, 1)):
            contacts = []
            for _, of_contact in groupby(of_user, itemgetter(2)):
                repeated = list(of_contact)
                tweets = tuple(Tweet(row[8], tuple(json.loads(row[9]))) for row in repeated)
                contacts.append(Contact._make((*repeated[0][2:8], tweets)))
            found[_key(user_id, kind)] = pack(contacts)
        return found


class Wide(_Rows):
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

    def inserts(self, pairs: Sequence[Pair], suffix: str) -> Iterator[Insert]:
        rows = (
            (*user, contact.user_id, position, *contact[1:6], tweet.text, _json(tweet.hashtags))
            for user, contact in _contacts(pairs)
            for position, tweet in enumerate(contact.tweets)
        )
        yield Insert(f"INSERT INTO crossover_wide{suffix} VALUES ({_marks(11)})", rows)  # noqa: S608


class ThreeTables(_Rows):
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

    def inserts(self, pairs: Sequence[Pair], suffix: str) -> Iterator[Insert]:
        contacts = list(_contacts(pairs))
        # A pair's score and a user's profile come with every type and every user that they belong to, always the same.
        again = "ON DUPLICATE KEY UPDATE user_id = VALUES(user_id)"
        scores = {(user, contact.user_id): contact[3:6] for (user, _), contact in contacts}
        yield Insert(
            f"INSERT INTO crossover_score{suffix} VALUES ({_marks(5)}) {again}",  # noqa: S608
            [(*pair, *counts) for pair, counts in scores.items()],
        )
        users = {contact.user_id: contact[1:3] for _, contact in contacts}
        yield Insert(
            f"INSERT INTO crossover_user{suffix} VALUES ({_marks(3)}) {again}",  # noqa: S608
            [(user, *profile) for user, profile in users.items()],
        )
        yield Insert(
            f"INSERT INTO crossover_tweet{suffix} VALUES ({_marks(6)})",  # noqa: S608
            (
                (*user, contact.user_id, position, tweet.text, _json(tweet.hashtags))
                for user, contact in contacts
                for position, tweet in enumerate(contact.tweets)
            ),
        )


SCHEMAS: dict[str, Schema] = {schema.name: schema for schema in (Packed(), Wide(), ThreeTables())}

KEY_BYTES = 9


def _split(key: bytes) -> tuple[int, int]:
    return int.from_bytes(key[:8], "big"), key[8]


def _key(user_id: int, kind: int) -> bytes:
    return user_id.to_bytes(8, "big") + bytes((kind,))


def _contacts(pairs: Sequence[Pair]) -> Iterator[tuple[tuple[int, int], Any]]:
    """User and kind, and contact, of all the contacts in some records. Raises ValueError where one is no record."""
    from functions.twitter.record import CorruptRecord, unpack

    for key, record in pairs:
        if len(key) != KEY_BYTES:
            raise ValueError("a key is none of the Twitter service's, so its record has no place in relational tables")
        try:
            contacts = unpack(record)
        except CorruptRecord as problem:
            raise ValueError(f"a record cannot be taken apart into rows: {problem}") from problem
        user = _split(key)
        for contact in contacts:
            yield user, contact


def _json(tags: tuple[str, ...]) -> str:
    return json.dumps(tags, ensure_ascii=False, separators=(",", ":"))


@cache
def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)
