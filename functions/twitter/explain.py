"""Why an answer is what it is: every contact with its counts, its scores and where phrase and hashtag match."""

from __future__ import annotations

from typing import NamedTuple

from functions.twitter.record import unpack
from functions.twitter.scores import PLACES, hashtag_score, interaction_score, keywords_score, rounded


class Matched(NamedTuple):
    """One contact tweet and what matched in it."""

    text: str
    hashtags: tuple[str, ...]
    phrase_at: tuple[int, ...]
    """Where the phrase begins in the text, in characters; occurrences may overlap."""
    hashtag_matches: int


class Explained(NamedTuple):
    """One contact of an answer, in the answer's order."""

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


def explain(record: bytes, phrase: str, hashtag: str) -> list[Explained]:
    """The contacts in the answer's order; `hashtag` in whatever case. Raises `CorruptRecord`."""
    hashtag = hashtag.lower()
    explained = []
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
        explained.append(Explained(*contact[:-1], matches, *scores, final, tweets))
    return sorted(explained, key=lambda one: (-one.final, -one.user_id))


def _places(text: str, phrase: str) -> tuple[int, ...]:
    places = []
    at = text.find(phrase)
    while at >= 0:
        places.append(at)
        at = text.find(phrase, at + 1)
    return tuple(places)
