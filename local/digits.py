"""Numbers as people type them: digits, or groups of three with one kind of separator. One rule for every command."""

from __future__ import annotations

import re

NUMBER = r"([0-9]{1,12}|[0-9]{1,3}(,[0-9]{3}){1,3}|[0-9]{1,3}(_[0-9]{3}){1,3})(\.[0-9]{1,12})?"
MAX_LENGTH = 30
SHOWN_CHARACTERS = 40


def ungrouped(text: str) -> str:
    """Return a number that is not negative without its separators.

    >>> ungrouped("5,000"), ungrouped("1_000_000"), ungrouped("0.5")
    ('5000', '1000000', '0.5')

    Raises:
        ValueError: It is not one number: `100,1000` is two, `1,000_000` mixes separators, `1_0` is no group of three.
    """
    if len(text) > MAX_LENGTH or not re.fullmatch(NUMBER, text):
        raise ValueError(f"{text[:SHOWN_CHARACTERS]!r} is not one number such as 5000, 5,000 or 0.5")
    return text.replace("_", "").replace(",", "")


def is_odd(text: str) -> bool:
    """Return whether a number has separators, or is none that counts anything (`nan`, `inf`)."""
    return bool(re.search(r"[,_]|nan|inf", text, re.IGNORECASE))
