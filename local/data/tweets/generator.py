"""Synthetic tweets in the shape of Twitter's API v1.1, deterministic by seed, with everything real input has.

Valid tweets come with noise between them, about one line in five: every reason to drop a line, and copies. Users and
tags are drawn by Zipf's law, half of all contacts from a user's own neighbourhood, so pairs meet again and share tags.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate

from local.data.tweets.words import (
    DESCRIPTIONS,
    FOREIGN,
    LANGUAGES,
    ODD,
    OTHER_LANGUAGES,
    PLAIN,
    SURROGATES,
    SYLLABLES,
    TAG_WORDS,
)

VERSION = 1
"""Changes whenever the same seed makes other tweets."""
BATCH = 1000
TWEETS_A_USER = 7
NOISE = 0.25
"""Lines of noise for each valid tweet."""
DAYS = 60
MONTHS = {4: "Apr", 5: "May"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FIRST_DAY = date(2014, 4, 1)
FIRST_SECOND = (FIRST_DAY - date(1970, 1, 1)).days * 86_400
SNOWFLAKE_MS = 1_288_834_974_657
"""Where the clock in tweet ids starts."""
TAIL = (
    '"source":"<a href=\\"http:\\/\\/example.org\\" rel=\\"nofollow\\">Example<\\/a>","truncated":false,"geo":null,'
    '"coordinates":null,"place":null,"contributors":null,"retweet_count":0,"favorite_count":0,"favorited":false,'
    '"retweeted":false,"possibly_sensitive":false,"filter_level":"medium"'
)
USER_TAIL = (
    '"location":"","url":null,"protected":false,"verified":false,"followers_count":12,"friends_count":34,'
    '"listed_count":1,"favourites_count":5,"statuses_count":678,"created_at":"Mon Jan 02 03:04:05 +0000 2012",'
    '"utc_offset":null,"time_zone":null,"geo_enabled":true,"lang":"en","is_translator":false,'
    '"profile_background_color":"C0DEED","profile_image_url":"http:\\/\\/example.org\\/p.png","default_profile":true'
)


class Generator:
    """`count` valid tweets and their noise. The same arguments give the same lines on every machine."""

    def __init__(self, count: int, seed: int, popular: Sequence[str]) -> None:
        self._count = count
        self._random = random.Random(f"{VERSION} {count} {seed}")  # noqa: S311 - made-up data
        rng = self._random
        users = max(20, count // TWEETS_A_USER)
        self._ids = _user_ids(rng, users)
        self._user_weights = _zipf(users, 8, 0.9)
        self._ranks = range(users)
        words = PLAIN + FOREIGN
        rng.shuffle(words)
        self._words = [(_escaped(word), _raw(word)) for word in words]
        self._word_weights = _zipf(len(words), 3, 1.0)
        self._odd = [(_escaped(word), _raw(word)) for word in ODD] + [(half, half) for half in SURROGATES]
        tags = [*popular[:40], *TAG_WORDS]
        tags += [f"{rng.choice(TAG_WORDS)}{number}" for number in range(max(50, users // 20))]
        self._tags = [(_escaped(tag), _raw(tag)) for tag in tags]
        self._tag_weights = _zipf(len(tags), 2, 1.0)
        self._descriptions = [json.dumps(text) for text in DESCRIPTIONS]
        self._recent: list[str] = []

    def lines(self) -> Iterator[bytes]:
        """Yield the lines, each without its newline."""
        for block in self.blocks():
            yield from block[:-1].split(b"\n")

    def blocks(self) -> Iterator[bytes]:
        """Yield the lines of some `BATCH` valid tweets at a time, each line with its newline."""
        rng = self._random
        for start in range(0, self._count, BATCH):
            block: list[bytes] = []
            for line in self._tweets(start, min(BATCH, self._count - start)):
                block.append(line.encode())
                if rng.random() < NOISE:
                    block.append(self._noise(line))
                if rng.random() < 0.02:
                    self._recent = [*self._recent[-50:], line]
            yield b"\n".join(block) + b"\n"

    def _tweets(self, start: int, count: int) -> Iterator[str]:
        rng = self._random
        chance = rng.random
        senders = rng.choices(self._ranks, cum_weights=self._user_weights, k=count)
        others = rng.choices(self._ranks, cum_weights=self._user_weights, k=count)
        words = iter(rng.choices(self._words, cum_weights=self._word_weights, k=count * 20))
        tags = iter(rng.choices(self._tags, cum_weights=self._tag_weights, k=count * 8))
        seconds = rng.choices(range(DAYS * 86_400), k=count)
        for number, (sender, other, second) in enumerate(zip(senders, others, seconds, strict=True), start):
            if chance() < 0.2:
                second -= second % 3600  # many at the very same second
            raw = chance() < 0.3
            text = [next(words)[raw] for _ in range(int(2 + 14 * chance() ** 2))]
            if chance() < 0.35:
                text.insert(int(chance() * len(text)), rng.choice(self._odd)[raw])
            hashtags = [next(tags)[raw] for _ in range(1 + int(5 * chance() ** 3))]
            entries = ",".join([f'{{"text":"{tag}","indices":[0,5]}}' for tag in hashtags])
            if chance() < 0.04:
                empty = rng.choice(('{"indices":[1,2]}', '{"text":null}', '{"text":""}', "null"))
                entries = empty if chance() < 0.3 else f"{entries},{empty}"
            role = chance()
            if chance() < 0.5:
                other = self._near(sender)
            if chance() < 0.01:
                other = sender
            reply = retweet = ""
            if role < 0.36 or role > 0.95:
                reply = self._number("in_reply_to_user_id", self._ids[other]) + ","
            elif role > 0.9:
                reply = '"in_reply_to_user_id":null,"in_reply_to_user_id_str":null,'
            if 0.36 <= role < 0.72 or role > 0.95:
                if role > 0.975:
                    other = self._near(other)
                retweet = f',"retweeted_status":{self._retweeted(other, second)}'
            elif role > 0.9:
                retweet = ',"retweeted_status":null'
            created_at = _created_at(second)
            space = " " if chance() < 0.12 else ""
            stamp = (FIRST_SECOND + second) * 1000 - SNOWFLAKE_MS + number // 2**22 % 1000
            yield (
                f'{{"created_at":"{created_at}",{self._number("id", stamp << 22 | number % 2**22)},'
                f'"text":"{" ".join(text)} #{hashtags[0]}{space}","lang":"{rng.choice(LANGUAGES)}",'
                f'{reply}"user":{self._user(sender, second)},"entities":{{"hashtags":[{entries}],"urls":[],'
                f'"user_mentions":[],"symbols":[]}},{TAIL}{retweet}}}'
            )

    def _near(self, rank: int) -> int:
        return (rank * 7 + int(self._random.random() ** 2 * 6) * 31 + 1) % len(self._ids)

    def _number(self, name: str, value: int) -> str:
        """Return a number in both of its forms, at times in one of them alone, or as null in the other."""
        form = self._random.random()
        if form < 0.94:
            return f'"{name}":{value},"{name}_str":"{value}"'
        if form < 0.96:
            return f'"{name}":{value}'
        if form < 0.98:
            return f'"{name}_str":"{value}"'
        return f'"{name}":null,"{name}_str":"{value}"'

    def _user(self, rank: int, second: int) -> str:
        """Return a profile as it is at that time: a third of the users change theirs once or twice."""
        age = second * 3 // (DAYS * 86_400) if rank % 3 == 0 else 0
        name = "".join(SYLLABLES[rank // 34**place % 34] for place in range(3)) + (f"_{age}" if age else "")
        description = self._descriptions[(rank * 5 + age) % len(self._descriptions)]
        screen_name = "null" if rank % 97 == 50 else f'"{name}{rank}"'
        return (
            f'{{{self._number("id", self._ids[rank])},"name":"{name}","screen_name":{screen_name},'
            f'"description":{description},{USER_TAIL}}}'
        )

    def _retweeted(self, rank: int, second: int) -> str:
        if self._random.random() < 0.01:
            return self._random.choice(("{}", '{"user":null}', '{"user":{"screen_name":"nobody"}}'))
        return (
            f'{{"created_at":"{_created_at(max(0, second - 999))}","id":77,"id_str":"77","text":"the inner text",'
            f'"user":{self._user(rank, second)},"lang":"de","entities":{{"hashtags":[{{"text":"inner"}}]}}}}'
        )

    def _noise(self, line: str) -> bytes:
        """Return a line to be dropped, made from a valid one."""
        rng = self._random
        chance = rng.random()
        if chance < 0.5:
            lang = line.index('"lang":"')
            return (
                line[:lang] + f'"lang":"{rng.choice(OTHER_LANGUAGES)}"' + line[line.index('"', lang + 8) + 1 :]
            ).encode()
        if chance < 0.65:
            copy = rng.choice(self._recent) if self._recent else line
            return copy.replace('"retweet_count":0', '"retweet_count":9').encode()
        old, new = rng.choice(_DAMAGE)
        if old:
            start = line.index(old)
            return line[:start].encode() + new + line[start + len(old) :].encode()
        return new or line[: len(line) // 2].encode()


_DAMAGE = (
    ("", b""),
    ("", b"not json"),
    ("", b"[1,2,3]"),
    ("", b'"a string"'),
    ("", b"{}"),
    ("", b"\r"),
    ("", b'{"delete":{"status":{"id":1,"user_id":2}}}'),
    ('"text":"', b'"text":"\xff\xfe'),
    ('"text":"', b'"text":"\xed\xa0\xbd'),
    ('"text":"', b'"text":"","spare":"'),
    ('"text":"', b'"text":null,"spare":"'),
    ('"text":"', b'"spare":"'),
    ('"created_at":"', b'"created_at":"x'),
    ('"created_at":"', b'"created_at":null,"spare":"'),
    ('"created_at":"', b'"spare":"'),
    ('"created_at":', b'"created_at":NaN,'),
    ('"entities":', b'"extended_entities":'),
    ('"hashtags":[', b'"hashtags":[],"spare":['),
    ('"hashtags":[', b'"hashtags":null,"spare":['),
    ('"user":', b'"user":null,"spare":'),
    ('"lang":', b'"spare":'),
    ('"lang":"', b'"lang":null,"spare":"'),
)


_DATES = [
    f"{WEEKDAYS[day.weekday()]} {MONTHS[day.month]} {day.day:02}"
    for day in (FIRST_DAY + timedelta(number) for number in range(DAYS))
]


def _user_ids(rng: random.Random, count: int) -> list[int]:
    """Distinct ids of all ages: small ones, 32 bits, and above 2^53."""
    ids: dict[int, None] = {}
    while len(ids) < count:
        bits = rng.choice((20, 28, 32, 32, 34, 58, 62))
        ids[rng.randrange(1 << (bits - 2), 1 << bits)] = None
    return list(ids)


def _zipf(count: int, offset: int, power: float) -> list[float]:
    return list(accumulate((rank + offset) ** -power for rank in range(count)))


def _created_at(second: int) -> str:
    day, rest = divmod(second, 86_400)
    return f"{_DATES[day]} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02} +0000 2014"


def _escaped(text: str) -> str:
    return json.dumps(text)[1:-1]


def _raw(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
