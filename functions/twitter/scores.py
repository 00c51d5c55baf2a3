"""The three scores, their product, and its rounding: the definitions, once, for packing, answering and explaining."""

from __future__ import annotations

from math import log

POPULAR_FROM = 10
"""So many common hashtags raise no score yet."""
PLACES = 100_000
"""A final score counts in units of its fifth decimal."""


def interaction_score(replies: int, retweets: int) -> float:
    """ln(1 + 2*replies + retweets). 4 replies and 3 retweets give 2.485."""
    return log(1 + 2 * replies + retweets)


def hashtag_score(shared_tags: int) -> float:
    """1 + ln(1 + n - 10) where n is over 10, else 1."""
    return 1.0 + log(1 + shared_tags - POPULAR_FROM) if shared_tags > POPULAR_FROM else 1.0


def keywords_score(matches: int) -> float:
    """1 + ln(1 + matches): 1 where nothing matches."""
    return 1.0 + log(1 + matches)


def rounded(score: float) -> int:
    """A score of at least 0 in units of 10^-5, rounded half up on the exact decimal value of the double.

    `score * 1e5` errs by less than one part in 2^53, under 1e-5 for any score below 10^6, so only a fraction that
    near to a half needs the exact ratio of integers.
    """
    scaled = score * 1e5
    whole = int(scaled)
    fraction = scaled - whole - 0.5
    if fraction > 1e-5:
        return whole + 1
    if fraction < -1e-5 and scaled < 1e11:
        return whole
    numerator, denominator = score.as_integer_ratio()
    return (2 * PLACES * numerator + denominator) // (2 * denominator)
