"""Benchmarks of the Twitter service: CPU from a stored record to the rows of an answer, without driver and server.

Beside it the packing that a first design would take: one JSON document per user, decoded, matched, scored and sorted
for each request. Both answer the same requests over a store of 200,000 generated tweets, and answer alike.
"""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from itertools import cycle
from math import floor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from crossover.seam import Request
from functions.twitter.answer import answer
from functions.twitter.handler import start
from functions.twitter.record import opened, unpack
from functions.twitter.scores import hashtag_score, interaction_score, keywords_score
from local.bench.measure import Bench, Call

TWEETS = 200_000
FOLDER = Path(".data/bench")
FEW, MANY = (1, 5), (190, 243)
"""Rows of an answer, from and to."""
SAMPLES = 40


class Sample(NamedTuple):
    """One request, and what it is answered from in either packing."""

    query: bytes
    phrase: bytes
    hashtag: bytes
    record: bytes
    document: bytes


def json_document(record: bytes) -> bytes:
    """The plain packing: all that is known of one user's contacts, the two fixed scores multiplied already."""
    import msgspec

    contacts = unpack(record)
    products = [interaction_score(one.replies, one.retweets) * hashtag_score(one.shared_tags) for one in contacts]
    return msgspec.json.encode(
        [
            (one.user_id, one.screen_name, one.description, product, one.tweets)
            for one, product in zip(contacts, products, strict=True)
        ]
    )


def json_answer(document: bytes, phrase_bytes: bytes, hashtag_bytes: bytes) -> bytes:
    """The plain way to answer: decode, match, score, sort, print."""
    import msgspec

    phrase, hashtag = phrase_bytes.decode(), hashtag_bytes.decode()
    rows = []
    for user_id, screen_name, description, product, tweets in msgspec.json.decode(document):
        matches = 0
        for text, hashtags in tweets:
            at = text.find(phrase)
            while at >= 0:
                matches += 1
                at = text.find(phrase, at + 1)
            matches += hashtags.count(hashtag)
        score = floor(product * keywords_score(matches) * 1e5 + 0.5)
        rows.append((score, user_id, screen_name, description, tweets[0][0]))
    rows.sort(reverse=True)
    return "\n".join([f"{row[1]}\t{row[2]}\t{row[3]}\t{row[4]}" for row in rows]).encode()


def store() -> Path:
    """A store of 200,000 valid tweets: made at the first need, and kept."""
    path = FOLDER / "twitter.db"
    if not path.exists():
        popular, tweets = FOLDER / "popular.txt", FOLDER / "tweets.json.gz"
        made = ("tweets", "--count", str(TWEETS), "--seed", "3", "--out", tweets, "--popular", popular)
        loaded = ("etl", tweets, "--popular", popular, "--store", f"sqlite:///{path}")
        for command in (made, loaded):
            tool = (sys.executable, "-c", "from local.cli import main; main()", *map(str, command))
            subprocess.run(tool, check=True, stdout=subprocess.DEVNULL)
        tweets.unlink()
    return path


@cache
def records() -> dict[tuple[int, int], list[bytes]]:
    """Records of the store of the type `both`, by band of rows, in an order of chance."""
    found: dict[tuple[int, int], list[bytes]] = {FEW: [], MANY: []}
    with closing(sqlite3.connect(f"{store().absolute().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("select record from records where substr(key, 9) = x'03' order by key").fetchall()
    random.Random(1).shuffle(rows)  # noqa: S311 - inputs for measuring, the same in every run
    for (record,) in rows:
        contacts = opened(record)[0]
        for (least, most), some in found.items():
            if least <= contacts <= most and len(some) < SAMPLES:
                some.append(record)
    return found


def samples(band: tuple[int, int], matching: bool) -> Iterator[Sample]:
    """Requests of a band: with a word and a hashtag of one tweet of the record, or with neither of any."""
    chance = random.Random(2)  # noqa: S311 - as above
    for record in records()[band]:
        tweet = chance.choice(chance.choice(unpack(record)).tweets)
        phrase = chance.choice(tweet.text.split() or [tweet.text]) if matching else "no such phrase"
        hashtag = chance.choice(tweet.hashtags or ("none",)) if matching else "nosuchtag"
        query = f"user_id=9007199254740993&type=both&phrase={quote(phrase)}&hashtag={quote(hashtag)}".encode()
        sample = Sample(query, phrase.encode(), hashtag.encode(), record, json_document(record))
        if answer(record, *sample[1:3]) != json_answer(sample.document, *sample[1:3]):
            raise AssertionError("the two packings answer differently")
        yield sample


def _cycled(use: Callable[[Sample], Any], band: tuple[int, int], matching: bool) -> Callable[[], Call]:
    def make() -> Call:
        following = cycle(list(samples(band, matching))).__next__
        return lambda: use(following())

    return make


def _rows(sample: Sample) -> bytes:
    return answer(sample.record, sample.phrase, sample.hashtag)


def _json_rows(sample: Sample) -> bytes:
    return json_answer(sample.document, sample.phrase, sample.hashtag)


def _whole(sample: Sample) -> Any:
    return start(Request(sample.query)).then(sample.record)


BENCHES = (
    Bench("twitter 1-5 rows", _cycled(_rows, FEW, True), 16, "twitter 1-5 rows, JSON", 1.5),
    Bench("twitter 190-243 rows", _cycled(_rows, MANY, True), 330, "twitter 190-243 rows, JSON", 3),
    Bench("twitter 1-5 rows, no match", _cycled(_rows, FEW, False)),
    Bench("twitter 190-243 rows, no match", _cycled(_rows, MANY, False)),
    Bench("twitter 1-5 rows, whole request", _cycled(_whole, FEW, True)),
    Bench("twitter 190-243 rows, whole request", _cycled(_whole, MANY, True)),
    Bench("twitter 1-5 rows, JSON", _cycled(_json_rows, FEW, True)),
    Bench("twitter 190-243 rows, JSON", _cycled(_json_rows, MANY, True)),
)
"""The limits are on the way from record to rows; a whole request is from the query string to the rows."""
