"""Why an answer is what it is: every contact with its counts, its scores and where phrase and hashtag match."""

from __future__ import annotations

from typing import Any, NamedTuple

from crossover.seam import Explanation, Fetch, Request
from functions.twitter.handler import start
from functions.twitter.record import unpack
from functions.twitter.scores import PLACES, hashtag_score, interaction_score, keywords_score, rounded

NOTHING: dict[str, Any] = {"problem": "", "count": 0, "contacts": []}
MAX_BRIEF_CONTACTS = 50
"""Contacts in a brief explanation, of the hundreds that an answer can have."""
MAX_BRIEF_TWEETS = 3
TOO_MANY = "too many contacts to explain here: use crossover twitter explain"
MAX_BRIEF_RECORD_BYTES = 262_144
"""Explaining takes a record apart, which answering never does: some 0.1 s for each MB."""


class Matched(NamedTuple):
    """One contact tweet and what matched in it."""

    text: str
    hashtags: tuple[str, ...]
    phrase_at: tuple[int, ...]
    """Where the phrase begins in the text, in characters; occurrences may overlap."""
    hashtag_matches: int


class RankedContact(NamedTuple):
    """One contact of an answer, with what ranked it."""

    user_id: int
    screen_name: str
    description: str
    replies: int
    retweets: int
    shared_tags: int
    matches: int
    interaction: float
    hashtag: float
    keywords: float
    final: float
    """The product of the three, rounded half up to five decimals."""
    tweets: tuple[Matched, ...]
    """Contact tweets of the requested type, newest first; the first one's text is shown."""


def explain(request: Request, brief: bool) -> Explanation:
    """Explain a request by its contacts: {"problem", "count", "contacts": [a `RankedContact` as a dictionary]}.

    A brief explanation has the first `MAX_BRIEF_CONTACTS`, each with its `MAX_BRIEF_TWEETS` newest tweets, and none of
    a record of more than `MAX_BRIEF_RECORD_BYTES`. Raises `Invalid` and `CorruptRecord` as the service does.
    """
    need = start(request)

    def ranked(record: bytes | None) -> Explanation:
        need.then(record)
        record = record or b""
        if brief and len(record) > MAX_BRIEF_RECORD_BYTES:
            return Explanation({**NOTHING, "problem": TOO_MANY})
        phrase, hashtag = request.one(b"phrase").decode(), request.one(b"hashtag").decode()
        contacts = ranked_contacts(record, phrase, hashtag)
        tweets = MAX_BRIEF_TWEETS if brief else None
        drawn = [
            {**contact._asdict(), "tweets": [tweet._asdict() for tweet in contact.tweets[:tweets]]}
            for contact in contacts[: MAX_BRIEF_CONTACTS if brief else None]
        ]
        return Explanation({"problem": "", "count": len(contacts), "contacts": drawn})

    return Explanation(NOTHING, Fetch(need.key, ranked))


def ranked_contacts(record: bytes, phrase: str, hashtag: str) -> list[RankedContact]:
    """Return the contacts in the answer's order; `hashtag` in any case. Raises `CorruptRecord`."""
    hashtag = hashtag.lower()
    ranked = []
    for contact in unpack(record):
        tweets = tuple(
            Matched(text, hashtags, _places(text, phrase), hashtags.count(hashtag)) for text, hashtags in contact.tweets
        )
        matches = sum(len(tweet.phrase_at) + tweet.hashtag_matches for tweet in tweets)
        scores = (
            interaction_score(contact.replies, contact.retweets),
            hashtag_score(contact.shared_tags),
            keywords_score(matches),
        )
        final = rounded(scores[0] * scores[1] * scores[2]) / PLACES
        ranked.append(RankedContact(*contact[:-1], matches, *scores, final, tweets))
    return sorted(ranked, key=lambda contact: (-contact.final, -contact.user_id))


def _places(text: str, phrase: str) -> tuple[int, ...]:
    places = []
    at = text.find(phrase)
    while at >= 0:
        places.append(at)
        at = text.find(phrase, at + 1)
    return tuple(places)
