"""What an answer of the Twitter service costs: CPU from query string to rows, without driver and server.

Beside it, in the same run, the packing that a first design would take: one JSON document per user, decoded, matched,
scored and sorted for each request. Everybody's unit is one `hashlib.sha256` of 60 bytes, so that machines compare.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from itertools import product as combinations
from math import floor
from statistics import median
from time import process_time
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from crossover.seam import Request
from functions.twitter.contacts import Contact, Tweet
from functions.twitter.handler import start
from functions.twitter.record import pack, unpack
from functions.twitter.scores import hashtag_score, interaction_score, keywords_score

TWEETS = 200_000
BANDS = ((1, 5), (6, 8), (30, 80), (190, 243))
"""Rows of an answer, from and to."""
LIMIT_UNITS = {(1, 5): 16, (190, 243): 330}
LEAST_GAIN = {(1, 5): 1.5, (190, 243): 3.0}
SAMPLES = 60
ROUNDS = 7

COMMON = """
good morning coffee haha hahaha today never game love music people watching tonight think really happy school
новый 今日 すごい 写真 sabah günaydın bom dia obrigado mañana gracias merci bonjour selamat pagi 😂 😂😂 ❤️ :) ... lol
""".split()  # noqa: SIM905
SYLLABLES = ("ka", "to", "mi", "ra", "ne", "lo", "san", "du", "ve", "ri", "çe", "ço", "ню", "да", "し", "き")
WORDS = COMMON + ["".join(three) for three in combinations(SYLLABLES, repeat=3)]
TAGS = [f"tag{number}" for number in range(3000)]


class Sample(NamedTuple):
    """One request and what it is answered from, in either packing."""

    query: bytes
    record: bytes
    json: bytes


class Cost(NamedTuple):
    """CPU of one answer in units of one SHA-256, the median over samples of the least of rounds; and of a JSON one."""

    rows: tuple[int, int]
    matching: bool
    samples: int
    units: float
    json_units: float


def generated(tweets: int = TWEETS, seed: int = 3) -> Iterator[bytes]:
    """Records of made-up users and type `both`, popularity skewed as on Twitter; the same for the same seed."""
    rng = random.Random(seed)  # noqa: S311
    users = [rng.randrange(1, 2**62) for _ in range(max(2, tweets * 15 // 100))]
    weights = list(accumulate(1 / (rank + 20) ** 0.8 for rank in range(len(users))))
    word_weights = list(accumulate(1 / (rank + 1) for rank in range(len(WORDS))))
    tag_weights = list(accumulate(1 / (rank + 3) for rank in range(len(TAGS))))
    own_tags: dict[int, Counter[str]] = defaultdict(Counter)
    between: dict[int, dict[int, list[tuple[bool, Tweet]]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(tweets):
        sender = rng.choice(users)
        text = " ".join(rng.choices(WORDS, cum_weights=word_weights, k=rng.randrange(4, 16)))
        tags = tuple(rng.choices(TAGS, cum_weights=tag_weights, k=rng.choice((1, 1, 1, 2, 3))))
        own_tags[sender].update(tags)
        if rng.random() < 0.75:
            contacted = users[bisect(weights, rng.random() * weights[-1])]
            tweet = rng.random() < 0.5, Tweet(f"{text} #{' #'.join(tags)} ", tags)
            between[sender][contacted].append(tweet)
            if sender != contacted:
                between[contacted][sender].append(tweet)
    for user, contacts in between.items():
        yield pack(_contact(user, other, found, own_tags) for other, found in contacts.items())


def _contact(user: int, other: int, found: list[tuple[bool, Tweet]], tags: dict[int, Counter[str]]) -> Contact:
    replies = sum(reply for reply, _ in found)
    mine, theirs = tags[user], tags[other]
    shared = 0 if user == other else sum(mine[tag] + theirs[tag] for tag in mine.keys() & theirs.keys())
    description = f"I am {other}. {WORDS[other % len(WORDS)]}, {WORDS[other % 31]} and {WORDS[other % 17]}"
    texts = tuple(tweet for _, tweet in found)
    return Contact(other, f"user{other % 100_000}", description, replies, len(found) - replies, shared, texts)


def stored(path: str) -> Iterator[bytes]:
    """The records of type `both` in a store that `crossover etl` made."""
    with sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True) as connection:
        for (record,) in connection.execute("select record from records where substr(key, 9) = x'03'"):
            yield record
    connection.close()


def json_packed(contacts: Iterable[Contact]) -> bytes:
    """The plain packing: everything known of one user's contacts as one JSON document."""
    return msgspec.json.encode(
        [
            [
                one.user_id,
                one.screen_name,
                one.description,
                interaction_score(one.replies, one.retweets) * hashtag_score(one.shared_tags),
                one.tweets,
            ]
            for one in contacts
        ]
    )


def json_answer(query: bytes, record: bytes) -> bytes:
    """The plain way to answer: decode, match, score, sort, print."""
    request = Request(query)
    phrase, hashtag = request.one(b"phrase").decode(), request.one(b"hashtag").decode().lower()
    rows = []
    for user_id, screen_name, description, product, tweets in msgspec.json.decode(record):
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
    return "\n".join(f"{row[1]}\t{row[2]}\t{row[3]}\t{row[4]}" for row in rows).encode()


def answered(query: bytes, record: bytes) -> Any:
    """The service's way, from query string to rows."""
    return start(Request(query)).then(record)


def samples(
    records: Iterable[bytes], bands: Iterable[tuple[int, int]] = BANDS, seed: int = 5
) -> dict[tuple[tuple[int, int], bool], list[Sample]]:
    """Requests by band of rows and by whether anything matches: a word and a hashtag of the record, or neither."""
    rng = random.Random(seed)  # noqa: S311
    found: dict[tuple[tuple[int, int], bool], list[Sample]] = {}
    shuffled = list(records)
    rng.shuffle(shuffled)
    for record in shuffled:
        contacts = unpack(record)
        for band in bands:
            if band[0] <= len(contacts) <= band[1] and len(found.setdefault((band, True), [])) < SAMPLES:
                tweet = rng.choice(rng.choice(contacts).tweets)
                for matching in (True, False):
                    phrase = rng.choice(tweet.text.split() or [tweet.text]) if matching else "no such phrase"
                    hashtag = rng.choice(tweet.hashtags or ("none",)) if matching else "nosuchtag"
                    query = f"user_id=1&type=both&phrase={quote(phrase)}&hashtag={quote(hashtag)}".encode()
                    sample = Sample(query, record, json_packed(contacts))
                    if answered(query, record) != json_answer(query, sample.json):
                        raise AssertionError("the two packings answer differently")
                    found.setdefault((band, matching), []).append(sample)
    return found


def costs(records: Iterable[bytes]) -> Iterator[Cost]:
    """The cost in every band, measured in rounds that take the ways of answering in turn."""
    for (band, matching), some in samples(records).items():
        mine: list[list[float]] = [[] for _ in some]
        plain: list[list[float]] = [[] for _ in some]
        unit = []
        for _ in range(ROUNDS):
            unit.append(_cpu(lambda: hashlib.sha256(SIXTY).digest(), 2000))
            for at, (query, record, json) in enumerate(some):
                repeat = max(5, 400 // band[1])
                mine[at].append(_cpu(lambda query=query, record=record: answered(query, record), repeat))  # type: ignore[misc]
                plain[at].append(_cpu(lambda query=query, json=json: json_answer(query, json), repeat))  # type: ignore[misc]
        least = min(unit)
        yield Cost(band, matching, len(some), median(map(min, mine)) / least, median(map(min, plain)) / least)


SIXTY = bytes(range(60))


def _cpu(work: Callable[[], object], repeat: int) -> float:
    begun = process_time()
    for _ in range(repeat):
        work()
    return (process_time() - begun) / repeat
