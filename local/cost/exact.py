"""Exact numbers. Money and quantities are fractions from the file to the last sum; only display rounds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

Number = Fraction | Decimal | int | str

HOURS_PER_MONTH = Fraction(730)
"""A month on every AWS bill and calculator."""
SECONDS_PER_HOUR = Fraction(3600)
MILLION = Fraction(1_000_000)
GB = Fraction(10**9)
"""Bytes in a GB of traffic or of logs. Memory counts otherwise: 1,024 MB are a GB there."""


def exact(value: Number) -> Fraction:
    """Return the number as a fraction. A binary float has lost what was written, and is refused."""
    if isinstance(value, float):
        raise TypeError(f"{value} is a float; exact numbers come from text, integers and decimals")
    return Fraction(value)


def rounded(value: Fraction, places: int) -> Decimal:
    """Half up, as bills are rounded, to that many decimal places.

    >>> rounded(Fraction(1218, 1000), 2)
    Decimal('1.22')
    """
    whole = int(abs(value) * 10**places + Fraction(1, 2))
    return Decimal((int(value < 0 and whole > 0), tuple(map(int, str(whole))), -places))


def plain(value: Fraction, digits: int = 12) -> str:
    """Return the number as people write it: exact within `digits` significant digits, else rounded and marked ≈.

    >>> plain(Fraction(13140000000)), plain(Fraction(7976, 100000)), plain(Fraction(1, 3), 4)
    ('13,140,000,000', '0.07976', '≈0.3333')
    """
    if value == 0:
        return "0"
    magnitude = len(str(int(abs(value)))) if abs(value) >= 1 else -_leading_zeros(abs(value))
    places = max(0, digits - magnitude)
    number = rounded(value, places)
    text = f"{number:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if Fraction(number) == value else f"≈{text}"


def _leading_zeros(value: Fraction) -> int:
    zeros = 0
    while value * 10 < 1:
        value *= 10
        zeros += 1
    return zeros


def dollars(value: Fraction, places: int = 4) -> str:
    """Return an amount for people.

    >>> dollars(Fraction(65832, 100000)), dollars(Fraction(-5, 2), 2)
    ('$0.6583', '-$2.50')
    """
    sign = "-" if rounded(value, places) < 0 else ""
    return f"{sign}${abs(rounded(value, places)):,f}"
