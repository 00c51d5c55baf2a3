"""The relational part of the ETL, once, in Ibis: no SQL, nothing that only one database can do.

Every stage is materialised as a table of the database behind the connection: as one query the same work took a hundred
times as long and thirty times the memory. Text is compared as it stands; lower case was made by the parser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from local.data.etl.parsing import Row

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend as Database
    from ibis.expr.types import Table

MEMORY_LIMIT = "1500MB"
"""What the database may hold in memory; beyond it, it spills into the work folder."""
_COUNTS = ("replies", "retweets", "shared_tags")
_CONTACT = ("user_id", "contact_id", *_COUNTS, "screen_name", "description")
TABLES: dict[str, tuple[str, ...]] = {
    # The valid tweets, one for each id.
    "tweets": Row._fields,
    # How often a user used a tag that is not popular, in all valid tweets.
    "tags": ("user_id", "tag", "uses"),
    # The newest entry of every user who was seen in a `user` object.
    "profiles": ("user_id", "screen_name", "description"),
    # One row for each contact tweet and pair of users (low <= high) that it links; reply and retweet are 0 or 1.
    "links": ("low", "high", "id", "created_at", "reply", "retweet"),
    # The counts of a pair of users; shared_tags is n of the hashtag score.
    "pairs": ("low", "high", *_COUNTS),
    # Every pair from both ends, once where both are one; the profile is the contact's.
    "contacts": _CONTACT,
    # The same, with each contact tweet between the two.
    "contact_tweets": (*_CONTACT, "id", "created_at", "reply", "retweet", "text", "hashtags"),
}
"""The tables that `local.data.etl.groups.Stages` reads, and their columns."""


Make = Callable[[str, "Table"], "Table"]
"""Materialises an expression as a table of this name, and returns the table."""


@contextmanager
def open_database(folder: Path, threads: int) -> Iterator[Database]:
    """Connect Ibis to a new DuckDB database in a folder, which spills there too."""
    database = ibis.duckdb.connect(
        str(folder / "stages.duckdb"),
        threads=threads,
        memory_limit=MEMORY_LIMIT,
        temp_directory=str(folder / "spill"),
    )
    try:
        yield database
    finally:
        database.disconnect()


def relate(
    database: Database, folder: Path, popular: frozenset[str], notify: Callable[[str], object] = lambda _: None
) -> None:
    """Make the tables of `TABLES` from the parts that `local.data.etl.parts.parse_all` wrote to a folder.

    Args:
        database: An open database without tables.
        folder: The folder of the parts.
        popular: The popular tags, lower-cased.
        notify: Called with each table's name before it is made.
    """
    # Read as a file, as Ibis' own way to pass a table fails on DuckDB 2.0.
    pq.write_table(pa.table({"tag": pa.array(sorted(popular), pa.string())}), folder / "popular.parquet")
    parts = database.read_parquet(str(folder / "part-*.parquet"))
    build(database, parts, database.read_parquet(str(folder / "popular.parquet")), notify)


def build(database: Database, parsed: Table, popular: Table, notify: Callable[[str], object]) -> None:
    """Make the tables of `TABLES`.

    Args:
        database: Where they are made.
        parsed: A table with the columns of a part.
        popular: A table with a column `tag`, lower-cased.
        notify: Called with each table's name before it is made.
    """

    def make(name: str, expression: Table) -> Table:
        notify(name)
        database.create_table(name, expression)
        return database.table(name)

    # Copies of a tweet are rare: only they are ranked. Of several, the first in the order of all columns is kept, so
    # that neither the order of the files nor that of their lines changes a byte of what comes out.
    repeated = make("repeated", parsed.group_by("id").agg(copies=_.count()).filter(_.copies > 1).select("id"))
    plain = [name for name, kind in parsed.schema().items() if not kind.is_array()]
    ranked = (
        parsed.semi_join(repeated, "id")
        .mutate(joined=ibis.coalesce(_.hashtags.join("\n"), ""))  # of an empty list it is null on Spark
        .mutate(copy=ibis.row_number().over(group_by="id", order_by=[*plain, "joined"]))
    )
    kept = make("kept_copies", ranked.filter(_.copy == 0).drop("copy", "joined"))
    tweets = make("tweets", parsed.anti_join(repeated, "id").union(kept))

    uses = tweets.select("user_id", tag=_.hashtags.unnest()).group_by("user_id", "tag").agg(uses=_.count())
    tags = make("tags", uses.anti_join(popular, "tag"))

    profiles = make("profiles", _profiles(make, tweets))
    links = make("links", _links(tweets))
    counts = make("pair_counts", links.group_by("low", "high").agg(replies=_.reply.sum(), retweets=_.retweet.sum()))
    shared = make("shared_tags", _shared_tags(make, counts, tags))
    pairs = make(
        "pairs",
        counts.left_join(shared, ["low", "high"]).select(
            "low", "high", "replies", "retweets", shared_tags=ibis.coalesce(_.shared_tags, 0)
        ),
    )

    mirrored = make("mirrored", _both_ways(pairs))
    named = profiles.select(contact_id=_.user_id, screen_name=_.screen_name, description=_.description)
    contacts = make(
        "contacts",
        mirrored.left_join(named, "contact_id").select(
            *mirrored.columns,
            screen_name=ibis.coalesce(_.screen_name, ""),
            description=ibis.coalesce(_.description, ""),
        ),
    )
    linked = make("linked", _both_ways(links))
    make(
        "contact_tweets",
        linked.inner_join(contacts, ["user_id", "contact_id"]).inner_join(
            tweets.select("id", "text", "hashtags"), "id"
        ),
    )


def _profiles(make: Make, tweets: Table) -> Table:
    """Return every user's profile: the newest entry wins; ties go to the greater tweet id, then to the outer `user`."""
    outer = tweets.select("user_id", "created_at", "id", "screen_name", "description", inner=ibis.literal(0))
    inner = tweets.filter(_.retweet_of.notnull()).select(
        "created_at",
        "id",
        user_id=_.retweet_of,
        screen_name=_.of_screen_name,
        description=_.of_description,
        inner=ibis.literal(1),
    )
    entries = make("entries", outer.union(inner.select(*outer.columns)))
    newest = ibis.row_number().over(group_by="user_id", order_by=[_.created_at.desc(), _.id.desc(), _.inner])
    winners = make(
        "newest_entries",
        entries.select("user_id", "created_at", "id", "inner")
        .mutate(place=newest)
        .filter(_.place == 0)
        .select("user_id", "id", "inner"),
    )
    return winners.inner_join(entries, ["user_id", "id", "inner"]).select("user_id", "screen_name", "description")


def _links(tweets: Table) -> Table:
    """Return one row for each tweet and pair: a tweet that replies to a user and retweets the same user is one link."""
    roles = [
        tweets.filter(tweets[other].notnull()).select(
            "id",
            "created_at",
            low=ibis.least(_.user_id, tweets[other]),
            high=ibis.greatest(_.user_id, tweets[other]),
            reply=ibis.literal(int(other == "reply_to")),
            retweet=ibis.literal(int(other == "retweet_of")),
        )
        for other in ("reply_to", "retweet_of")
    ]
    return (
        roles[0]
        .union(roles[1])
        .group_by("low", "high", "id", "created_at")
        .agg(reply=_.reply.max(), retweet=_.retweet.max())
    )


def _shared_tags(make: Make, pairs: Table, tags: Table) -> Table:
    """Return n of the hashtag score for the pairs that share a tag.

    Each pair brings the tags of the end that has fewer, and looks each up at the other end: neither a user of many
    contacts nor a tag of many users multiplies anything.
    """
    sizes = make("tag_sizes", tags.group_by("user_id").agg(size=_.count()))
    sized = (
        pairs.filter(_.low != _.high)
        .inner_join(sizes.select(low=_.user_id, low_size=_.size), "low")
        .inner_join(sizes.select(high=_.user_id, high_size=_.size), "high")
        .select(
            "low",
            "high",
            few=ibis.ifelse(_.low_size <= _.high_size, _.low, _.high),
            many=ibis.ifelse(_.low_size <= _.high_size, _.high, _.low),
        )
    )
    carried = make(
        "carried_tags",
        make("sized_pairs", sized).inner_join(tags.select(few=_.user_id, tag=_.tag, few_uses=_.uses), "few"),
    )
    return (
        carried.inner_join(tags.select(many=_.user_id, tag=_.tag, many_uses=_.uses), ["many", "tag"])
        .group_by("low", "high")
        .agg(shared_tags=(_.few_uses + _.many_uses).sum())
    )


def _both_ways(pairs: Table) -> Table:
    """Return rows of (low, high, ...) as (user_id, contact_id, ...), from both ends; once where both are one."""
    rest = [name for name in pairs.columns if name not in ("low", "high")]
    there = pairs.select(*rest, user_id=_.low, contact_id=_.high)
    back = pairs.filter(_.low != _.high).select(*rest, user_id=_.high, contact_id=_.low)
    return there.union(back)
