"""The three scores, their product, and its rounding: the definitions, once, for packing, answering and explaining."""

from __future__ import annotations

from math import log

FREE_SHARED_TAGS = 10
"""Common hashtags that do not raise the score."""
NO_FRACTIONS = 1.5 * 2.0**52
"""Doubles of this size are whole numbers: adding it rounds to the nearest."""
PLACES = 100_000
"""A final score counts in units of its fifth decimal."""


def interaction_score(replies: int, retweets: int) -> float:
    """ln(1 + 2*replies + retweets). 4 replies and 3 retweets give 2.485."""
    return log(1 + 2 * replies + retweets)


def hashtag_score(shared_tags: int) -> float:
    """1 + ln(1 + n - 10) where n is over 10, else 1."""
    return 1.0 + log(1 + shared_tags - FREE_SHARED_TAGS) if shared_tags > FREE_SHARED_TAGS else 1.0


def keywords_score(matches: int) -> float:
    """1 + ln(1 + matches): 1 where nothing matches."""
    return 1.0 + log(1 + matches)


def rounded(score: float) -> float:
    """Round a score from 0 to 10^5 to a whole number of 10^-5, half up on the exact decimal value of the double.

    `score * 1e5` errs by less than 1e-5, so only a fraction that near to a half needs the exact ratio of integers.
    """
    scaled = score * 1e5
    whole = scaled + NO_FRACTIONS - NO_FRACTIONS
    if -0.49999 < scaled - whole < 0.49999:
        return whole
    numerator, denominator = score.as_integer_ratio()
    return float((2 * PLACES * numerator + denominator) // (2 * denominator))
