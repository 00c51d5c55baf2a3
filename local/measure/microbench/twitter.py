"""Benchmarks of the Twitter service: CPU from a stored record to the rows of an answer, without driver and server.

Beside it the packing that a first design would take: one JSON document per user, decoded, matched, scored and sorted
for each request. Both answer the same requests over a store of 200,000 generated tweets, and answer alike.
"""

from __future__ import annotations

import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from crossover.seam import Request
from crossover.stores.sealing import unseal
from functions.twitter.answer import answer
from functions.twitter.handler import start
from functions.twitter.record import KINDS, opened, pack, unpack
from functions.twitter.scores import hashtag_score, interaction_score, keywords_score, rounded
from local.errors import UserError
from local.measure.microbench.measure import Bench, Call
from local.paths import DATA
from local.program import run_program

TWEETS = 200_000
TOOL_SECONDS = 900
"""For making them, and for loading them."""
FOLDER = DATA / "bench"
FEW_ROWS, MANY_ROWS = (1, 5), (190, 243)
"""Rows of an answer, from and to."""
SAMPLES = 40


class TwitterSample(NamedTuple):
    """One request, and what it is answered from in either packing."""

    query: bytes
    phrase: bytes
    hashtag: bytes
    record: bytes
    document: bytes


class UserRecords(NamedTuple):
    """The records of one user: of the type `both`, and of the two others where there are any."""

    both: bytes
    reply: bytes
    retweet: bytes


def json_document(user: UserRecords) -> bytes:
    """Return the plain packing: all that is known of one user's contacts, the two fixed scores multiplied already.

    One document serves the three types, so every tweet tells which it is of.
    """
    import msgspec

    of_type = [
        {(one.user_id, tweet) for one in unpack(record) for tweet in one.tweets}
        for record in (user.reply, user.retweet)
    ]
    return msgspec.json.encode(
        [
            (
                one.user_id,
                one.screen_name,
                one.description,
                interaction_score(one.replies, one.retweets) * hashtag_score(one.shared_tags),
                [(*tweet, [(one.user_id, tweet) in tweets for tweets in of_type]) for tweet in one.tweets],
            )
            for one in unpack(user.both)
        ]
    )


def json_answer(document: bytes, kind: str, phrase_bytes: bytes, hashtag_bytes: bytes) -> bytes:
    """Return the plain way to answer: decode, match, score, sort, print."""
    import msgspec

    phrase, hashtag = phrase_bytes.decode(), hashtag_bytes.decode()
    rows = []
    for user_id, screen_name, description, product, tweets in msgspec.json.decode(document):
        matches, shown = 0, None
        for text, hashtags, (reply, retweet) in tweets:
            if kind == "both" or (reply if kind == "reply" else retweet):
                if shown is None:
                    shown = text
                at = text.find(phrase)
                while at >= 0:
                    matches += 1
                    at = text.find(phrase, at + 1)
                matches += hashtags.count(hashtag)
        if shown is not None:
            score = rounded(product * keywords_score(matches))
            rows.append((score, user_id, screen_name, description, shown))
    rows.sort(reverse=True)
    return "\n".join([f"{row[1]}\t{row[2]}\t{row[3]}\t{row[4]}" for row in rows]).encode()


def store() -> Path:
    """Return a store of 200,000 valid tweets: made at the first need, and kept."""
    path = FOLDER / "twitter.db"
    if not path.exists():
        popular, tweets = FOLDER / "popular.txt", FOLDER / "tweets.json.gz"
        made = ("tweets", "--count", str(TWEETS), "--seed", "3", "--out", tweets, "--popular", popular)
        loaded = ("etl", tweets, "--popular", popular, "--store", f"sqlite:///{path}")
        for command in (made, loaded):
            tool = (sys.executable, "-c", "from local.cli import main; main()", *map(str, command))
            done = run_program(tool, TOOL_SECONDS)
            if done.returncode:
                raise UserError(f"crossover {command[0]} failed: {' '.join(done.stderr.split())[-300:]}")
        tweets.unlink()
    return path


@cache
def users() -> dict[tuple[int, int], list[UserRecords]]:
    """Return users of the store by how many contacts of the type `both` they have, in an order of chance."""
    users: dict[tuple[int, int], list[UserRecords]] = {FEW_ROWS: [], MANY_ROWS: []}
    with closing(sqlite3.connect(f"{store().absolute().as_uri()}?mode=ro", uri=True)) as connection:
        stored = {key: unseal(key, sealed) for key, sealed in connection.execute("select key, record from records")}
    keys = sorted(key for key in stored if key.endswith(KINDS["both"]))
    random.Random(1).shuffle(keys)  # noqa: S311 - inputs for measuring, the same in every run
    none = pack([])
    for key in keys:
        contacts = opened(stored[key])[0]
        for (least, most), some in users.items():
            if least <= contacts <= most and len(some) < SAMPLES:
                others = (stored.get(key[:-1] + KINDS[kind], none) for kind in ("reply", "retweet"))
                some.append(UserRecords(stored[key], *others))
    return users


def samples(band: tuple[int, int], matching: bool) -> Iterator[TwitterSample]:
    """Yield requests of a band: with a word and a hashtag of one tweet of the record, or with neither of any."""
    chance = random.Random(2)  # noqa: S311 - as above
    for user in users()[band]:
        tweet = chance.choice(chance.choice(unpack(user.both)).tweets)
        phrase = chance.choice(tweet.text.split() or [tweet.text]) if matching else "no such phrase"
        hashtag = chance.choice(tweet.hashtags or ("none",)) if matching else "nosuchtag"
        query = f"user_id=9007199254740993&type=both&phrase={quote(phrase)}&hashtag={quote(hashtag)}".encode()
        sample = TwitterSample(query, phrase.encode(), hashtag.encode(), user.both, json_document(user))
        for kind, record in zip(("both", "reply", "retweet"), user, strict=True):
            if answer(record, *sample[1:3]) != json_answer(sample.document, kind, *sample[1:3]):
                raise AssertionError("the two packings answer differently")
        yield sample


def _cycled(use: Callable[[TwitterSample], Any], band: tuple[int, int], matching: bool) -> Callable[[], Call]:
    def make() -> Call:
        following = cycle(list(samples(band, matching))).__next__
        return lambda: use(following())

    return make


def _rows(sample: TwitterSample) -> bytes:
    return answer(sample.record, sample.phrase, sample.hashtag)


def _json_rows(sample: TwitterSample) -> bytes:
    return json_answer(sample.document, "both", sample.phrase, sample.hashtag)


def _whole(sample: TwitterSample) -> Any:
    return start(Request(sample.query)).then(sample.record)


BENCHES = (
    Bench("twitter 1-5 rows", _cycled(_rows, FEW_ROWS, True), 16, "twitter 1-5 rows, JSON", 1.5),
    Bench("twitter 190-243 rows", _cycled(_rows, MANY_ROWS, True), 330, "twitter 190-243 rows, JSON", 3),
    Bench("twitter 1-5 rows, no match", _cycled(_rows, FEW_ROWS, False)),
    Bench("twitter 190-243 rows, no match", _cycled(_rows, MANY_ROWS, False)),
    Bench("twitter 1-5 rows, whole request", _cycled(_whole, FEW_ROWS, True)),
    Bench("twitter 190-243 rows, whole request", _cycled(_whole, MANY_ROWS, True)),
    Bench("twitter 1-5 rows, JSON", _cycled(_json_rows, FEW_ROWS, True)),
    Bench("twitter 190-243 rows, JSON", _cycled(_json_rows, MANY_ROWS, True)),
)
"""The limits are on the way from record to rows; a whole request is from the query string to the rows."""
