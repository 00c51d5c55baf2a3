"""Numbers that know how they change with the rate, so that a cost model written once also yields its exact line.

A bill is a piecewise-linear function of the rate: fees grow in proportion, tiers and capacity units bend the line,
whole machines make it step. The model computes with `Linear` numbers: `intercept + slope * rate`, together with the
rate `start` down to which, going left from the rate `at` that was asked for, this very formula holds. Asking at the
right end of a range, then at the `start` of the answer, and so on, enumerates every piece; nothing is sampled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Linear:
    """`intercept + slope * rate` for every rate in (`start`, `at`]. Rates are requests a second."""

    intercept: Fraction
    slope: Fraction
    at: Fraction
    start: Fraction = ZERO

    @property
    def value(self) -> Fraction:
        """The number at the rate asked for."""
        return self.intercept + self.slope * self.at

    def __add__(self, other: Amount) -> Linear:
        if isinstance(other, Linear):
            at, start = max(self.at, other.at), max(self.start, other.start)
            return Linear(self.intercept + other.intercept, self.slope + other.slope, at, start)
        return Linear(self.intercept + other, self.slope, self.at, self.start)

    __radd__ = __add__

    def __neg__(self) -> Linear:
        return Linear(-self.intercept, -self.slope, self.at, self.start)

    def __sub__(self, other: Amount) -> Linear:
        return self + (-other)

    def __rsub__(self, other: Amount) -> Linear:
        return -self + other

    def __mul__(self, other: Amount) -> Linear:
        if isinstance(other, Linear):
            if self.slope and other.slope:
                raise ArithmeticError("the product of two numbers that both follow the rate is no line")
            line, factor = (other, self.intercept) if other.slope else (self, other.intercept)
            at, start = max(self.at, other.at), max(self.start, other.start)
            return Linear(line.intercept * factor, line.slope * factor if line.slope else ZERO, at, start)
        return Linear(self.intercept * other, self.slope * other if self.slope else ZERO, self.at, self.start)

    __rmul__ = __mul__

    def __truediv__(self, other: Fraction | int) -> Linear:
        return self * (Fraction(1) / other)


Amount = Linear | Fraction | int


def following(rate: Fraction) -> Linear:
    """The rate itself, the number that every other follows."""
    return Linear(ZERO, Fraction(1), rate)


def constant(value: Fraction | int, rate: Fraction) -> Linear:
    """A number that does not follow the rate."""
    return Linear(Fraction(value), ZERO, rate)


def value_of(amount: Amount) -> Fraction:
    """The plain number, whatever it is made of."""
    return amount.value if isinstance(amount, Linear) else Fraction(amount)


def total(amounts: Iterable[Amount], rate: Fraction) -> Linear:
    """The sum, also of nothing."""
    result = constant(0, rate)
    for amount in amounts:
        result = result + amount
    return result


def larger(one: Linear, other: Linear | Fraction | int) -> Linear:
    """The larger number; where they are equal at `at`, the one that is larger just left of it."""
    two = other if isinstance(other, Linear) else constant(other, one.at)
    difference = two - one
    gap = difference.value
    if gap > 0 or (gap == 0 and difference.slope < 0):
        one, difference = two, -difference
    start = max(one.start, two.start, difference.start)
    if difference.slope < 0:
        # Going left the other gains; they meet where the difference is nothing.
        meeting = -difference.intercept / difference.slope
        if meeting < one.at:
            start = max(start, meeting)
    return Linear(one.intercept, one.slope, one.at, start)


def smaller(one: Linear, other: Linear | Fraction | int) -> Linear:
    """The smaller number; where they are equal at `at`, the one that is smaller just left of it."""
    two = other if isinstance(other, Linear) else constant(other, one.at)
    return -larger(-one, -two)


def whole(amount: Linear) -> Linear:
    """The number rounded up: machines, tasks and capacity units come whole. It must not fall as the rate rises."""
    if amount.slope < 0:
        raise ArithmeticError("only what grows with the rate comes in whole units")
    count = Fraction(math.ceil(amount.value))
    start = amount.start
    if amount.slope:
        start = max(start, (count - 1 - amount.intercept) / amount.slope)
    return Linear(count, ZERO, amount.at, start)
