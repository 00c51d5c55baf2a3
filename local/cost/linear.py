"""Numbers that know how they change with the rate, so that one evaluation of a formula gives a whole straight piece.

A bill is a piecewise-linear function of the rate: fees grow in proportion, tiers and capacity units bend the line,
whole machines make it step. A `Linear` is `intercept + slope * rate`, together with the rate `start` down to which,
going left from the rate `at` that was asked for, this very formula holds. Evaluating at the right end of a range, then
at the `start` of the result, and so on, enumerates every piece; nothing is sampled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Linear:
    """`intercept + slope * rate` for every rate in (`start`, `at`]. Rates are requests/s."""

    intercept: Fraction
    slope: Fraction
    at: Fraction
    start: Fraction = ZERO

    @property
    def value(self) -> Fraction:
        """The number at the rate asked for."""
        return self.intercept + self.slope * self.at

    def __add__(self, other: Linear | Fraction | int) -> Linear:
        if isinstance(other, Linear):
            start = max(self.start, other.start)
            return Linear(self.intercept + other.intercept, self.slope + other.slope, self.at, start)
        return Linear(self.intercept + other, self.slope, self.at, self.start)

    __radd__ = __add__

    def __neg__(self) -> Linear:
        return Linear(-self.intercept, -self.slope, self.at, self.start)

    def __sub__(self, other: Linear | Fraction | int) -> Linear:
        return self + (-other)

    def __rsub__(self, other: Linear | Fraction | int) -> Linear:
        return -self + other

    def __mul__(self, other: Linear | Fraction | int) -> Linear:
        if isinstance(other, Linear):
            if self.slope and other.slope:
                raise ArithmeticError("the product of two numbers that both follow the rate is not linear")
            line, factor = (other, self.intercept) if other.slope else (self, other.intercept)
            start = max(self.start, other.start)
            return Linear(line.intercept * factor, line.slope * factor, self.at, start)
        return Linear(self.intercept * other, self.slope * other, self.at, self.start)

    __rmul__ = __mul__

    def __truediv__(self, other: Fraction | int) -> Linear:
        return self * (Fraction(1) / other)


Number = Linear | Fraction


def at_rate(rate: Fraction) -> Linear:
    """Return the rate itself, the number that every other follows."""
    return Linear(ZERO, Fraction(1), rate)


def value_of(number: Number) -> Fraction:
    """Return the plain number at the rate asked for."""
    return number.value if isinstance(number, Linear) else number


def maximum_of(first: Number, second: Number) -> Number:
    """Return the larger number; where both are equal at `at`, the one that is larger just left of it."""
    if not isinstance(first, Linear) and not isinstance(second, Linear):
        return max(first, second)
    at = first.at if isinstance(first, Linear) else second.at  # type: ignore[union-attr]
    larger, other = (number if isinstance(number, Linear) else Linear(number, ZERO, at) for number in (first, second))
    difference = other - larger
    gap = difference.value
    if gap > 0 or (gap == 0 and difference.slope < 0):
        larger, difference = other, -difference
    start = max(larger.start, difference.start)
    if difference.slope < 0:
        # Going left the other gains; they meet where the difference is nothing.
        meeting = -difference.intercept / difference.slope
        if meeting < at:
            start = max(start, meeting)
    return Linear(larger.intercept, larger.slope, at, start)


def minimum_of(first: Number, second: Number) -> Number:
    """Return the smaller number; where both are equal at `at`, the one that is smaller just left of it."""
    return -maximum_of(-first, -second)


def ceiling_of(number: Number) -> Number:
    """Round up to a whole number. A number that follows the rate must not fall as the rate rises."""
    if not isinstance(number, Linear):
        return Fraction(math.ceil(number))
    if number.slope < 0:
        raise ArithmeticError("only what grows with the rate comes in whole units")
    count = Fraction(math.ceil(number.value))
    start = number.start
    if number.slope:
        start = max(start, (count - 1 - number.intercept) / number.slope)
    return Linear(count, ZERO, number.at, start)
