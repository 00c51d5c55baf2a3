"""A store to try things on: made from synthetic tweets, in seconds, where there is none yet."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from crossover.stores.sealing import unseal
from crossover.stores.sqlite import path_of
from functions.twitter.contacts import Contact
from functions.twitter.record import KINDS, unpack
from local.data.etl.pipeline import Progress, run
from local.data.etl.popular import read_popular
from local.data.tweets.files import popular_tags, write_tweets

TWEETS = 20_000
SEED = 1
MADE_BY = {
    "functions.twitter": ("contacts.py", "record.py", "scores.py"),
    "crossover.stores": ("sealing.py", "sqlite.py"),
    "local.data.etl": ("demo.py", "groups.py", "parsing.py", "stages.py", "popular_tags.txt"),
    "local.data.tweets": ("generator.py", "words.py"),
}
"""What the bytes of the store depend on: it is made again when one of these changes."""
LOOKED_AT = 20_000
"""Records among which samples are looked for, so that a large store costs no more than a small one."""


class DemoSample(NamedTuple):
    """A query worth trying."""

    user_id: int
    type: str
    phrase: str
    hashtag: str


def ensure_demo_store(folder: Path, progress: Progress | None = None) -> str:
    """Return the URL of an up-to-date store of synthetic tweets, made in `folder` if need be. Raises UserError."""
    progress = progress or Progress()
    digest = sha256()
    for package, names in MADE_BY.items():
        for name in names:
            digest.update((files(package) / name).read_bytes())
    store = folder.absolute() / f"demo-{digest.hexdigest()[:16]}.db"
    url = f"sqlite:///{store}"
    if not store.exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store.parent) as work:
            popular, tweets = Path(work) / "popular.txt", Path(work) / "tweets.json"
            progress.stage("tweets")
            progress.total(TWEETS)
            write_tweets(TWEETS, SEED, popular_tags(popular), tweets, progress.read)
            run([tweets], read_popular(popular), url, Path(work), progress)
        for other in store.parent.glob("demo-*.db"):
            if other != store:
                other.unlink(missing_ok=True)
    return url


def samples(url: str, count: int = 6) -> list[DemoSample]:
    """Return queries over the SQLite store at `url` with contacts, a phrase and a hashtag that match; busy users first.

    The same for the same store. Fewer than `count` where the store is small, none where it is not a file.
    """
    try:
        path = path_of(url).absolute()
    except ValueError:
        return []
    kinds = {mark: kind for kind, mark in KINDS.items()}
    samples: list[DemoSample] = []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        looked_at = "select key, length(record) as size from records limit ?"
        rows = connection.execute(f"select key from ({looked_at}) order by size desc, key", (LOOKED_AT,)).fetchall()  # noqa: S608
        # Not the very busiest, whose answers are too long to look at: from one in a hundred on, and ever quieter ones.
        place = len(rows) / 100
        while place < len(rows) and len(samples) < count:
            (key,) = rows[int(place)]
            (sealed,) = connection.execute("select record from records where key = ?", (key,)).fetchone()
            words = _words(unpack(unseal(key, sealed)))
            user_id = int.from_bytes(key[:8], "big")
            if words and all(sample.user_id != user_id for sample in samples):
                samples.append(DemoSample(user_id, kinds[key[8:]], *words))
            place = max(place * 1.3, place + 1)
    return samples


def _words(contacts: list[Contact]) -> tuple[str, str] | None:
    """Return a phrase and a hashtag that match some of the contacts, at best a third; None where there are none."""
    phrases: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for contact in contacts:
        phrases.update({word for tweet in contact.tweets for word in tweet.text.split() if len(word) > 2})
        tags.update({tag for tweet in contact.tweets for tag in tweet.hashtags})
    best = [
        min(((abs(3 * count - len(contacts)), word) for word, count in counts.items() if word.isalnum()), default=None)
        for counts in (phrases, tags)
    ]
    return (best[0][1], best[1][1]) if best[0] and best[1] else None
