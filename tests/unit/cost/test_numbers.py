from __future__ import annotations

import doctest
from decimal import Decimal
from fractions import Fraction
from types import ModuleType

import pytest

from local.cost import bill as bills
from local.cost import exact as exact_numbers
from local.cost.exact import dollars, exact, plain, rounded
from local.cost.linear import at_rate, ceiling_of, maximum_of, minimum_of, value_of
from local.cost.resources import nodes


def test_a_float_is_no_exact_number() -> None:
    with pytest.raises(TypeError, match="float"):
        exact(0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(1, 4), "0.25"),
        (Fraction(2, 3), "≈0.666666666667"),
        (Fraction(123456789), "123,456,789"),
        (Fraction(133334, 10**10), "0.0000133334"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(10**15 + 1), "1,000,000,000,000,001"),
    ],
)
def test_a_number_is_printed_exactly_or_marked_as_rounded(value: Fraction, text: str) -> None:
    assert plain(value) == text


def test_amounts_are_rounded_half_up_only_for_display() -> None:
    assert rounded(Fraction(1218, 1000), 2) == Decimal("1.22")
    assert rounded(Fraction(5, 1000), 2) == Decimal("0.01")
    assert dollars(Fraction(-1, 200), 2) == "-$0.01"
    assert dollars(Fraction(-1, 10**9)) == "$0.0000"


def test_a_linear_number_knows_its_value_and_where_its_formula_holds() -> None:
    rate = at_rate(Fraction(10))
    tasks = ceiling_of(rate / 4)
    assert (tasks.value, tasks.start) == (3, 8)
    assert ceiling_of(at_rate(Fraction(8)) / 4).value == 2
    cost = tasks * Fraction(1, 2) + rate * 2 + 1
    assert (cost.value, cost.slope, cost.start) == (Fraction(45, 2), 2, 8)


def test_a_constant_in_whole_units_holds_everywhere() -> None:
    assert ceiling_of(Fraction(5, 2)) == 3


def test_what_falls_with_the_rate_does_not_come_in_whole_units() -> None:
    with pytest.raises(ArithmeticError, match="grows"):
        ceiling_of(-at_rate(Fraction(1)))


def test_the_product_of_two_following_numbers_is_no_line() -> None:
    with pytest.raises(ArithmeticError, match="not linear"):
        at_rate(Fraction(2)) * at_rate(Fraction(2))


def test_the_larger_and_the_smaller_change_places_where_two_lines_meet() -> None:
    rate = at_rate(Fraction(10))
    most = maximum_of(rate, Fraction(4))
    assert (most.slope, most.start) == (1, Fraction(4))
    least = minimum_of(rate, Fraction(4))
    assert (least.value, least.slope, least.start) == (4, 0, Fraction(4))
    at_the_meeting = maximum_of(at_rate(Fraction(4)), Fraction(4))
    assert (at_the_meeting.slope, at_the_meeting.start) == (0, 0)


def test_sums_and_differences_keep_the_narrower_range() -> None:
    rate = at_rate(Fraction(10))
    assert (1 + ceiling_of(rate / 3)).start == 9
    assert (20 - ceiling_of(rate / 3)).value == 16
    assert value_of(Fraction(3)) == 3


@pytest.mark.parametrize("module", [exact_numbers, bills, nodes], ids=lambda module: str(module.__name__))
def test_the_examples_in_the_docstrings_hold(module: ModuleType) -> None:
    results = doctest.testmod(module)
    assert results.attempted
    assert not results.failed
