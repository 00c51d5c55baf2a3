"""Formulas over the rate and over the inputs that a reader may change, as trees of ten operations.

The rules of the cost model are written once, with the functions of this module. Where every number is known they give
exact fractions; where one is open (the rate, or in the report's page any number of a workload or of a configuration)
they give a tree. `evaluate` works out a tree exactly, and `report/page/formulas.js` does so in floating point.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from local.cost.linear import Linear, ceiling_of, maximum_of, minimum_of

RATE = "rate"
"""Name of the input that bills are lines over: requests/s."""


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """An operation on amounts: `input`, `lookup`, `+`, `-`, `*`, `/`, `max`, `min`, `ceil` or `if`.

    `input` has a name; `lookup` has the name of a table and the key in it; `if` gives its second argument where the
    first is over 0 and the third otherwise.
    """

    operation: str
    arguments: tuple[Amount, ...] = ()
    name: str = ""

    def __bool__(self) -> bool:
        raise TypeError("an open formula is neither true nor false; use choose() or an item's `when`")

    def __add__(self, other: Operand) -> Amount:
        return self if _is(other, 0) else Formula("+", (self, _amount(other)))

    __radd__ = __add__

    def __neg__(self) -> Amount:
        return Formula("-", (Fraction(0), self))

    def __sub__(self, other: Operand) -> Amount:
        return self if _is(other, 0) else Formula("-", (self, _amount(other)))

    def __rsub__(self, other: Operand) -> Amount:
        return Formula("-", (_amount(other), self))

    def __mul__(self, other: Operand) -> Amount:
        if _is(other, 0):
            return Fraction(0)
        return self if _is(other, 1) else Formula("*", (self, _amount(other)))

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> Amount:
        return self if _is(other, 1) else Formula("/", (self, _amount(other)))

    def __rtruediv__(self, other: Operand) -> Amount:
        return Fraction(0) if _is(other, 0) else Formula("/", (_amount(other), self))


Amount = Fraction | Formula
"""A number of the model, known or open. No plain integers: two of them divide into a binary float."""
Operand = Fraction | Formula | int
Inputs = Mapping[str, Linear | Fraction]


def _is(amount: Operand, number: int) -> bool:
    return not isinstance(amount, Formula) and amount == number


def _amount(operand: Operand) -> Amount:
    return Fraction(operand) if isinstance(operand, int) else operand


def open_input(name: str) -> Formula:
    """Return an input that is not known yet."""
    return Formula("input", name=name)


def known(amount: Amount) -> Fraction:
    """Return the number of an amount that has no open input.

    Raises:
        TypeError: It has one.
    """
    if isinstance(amount, Formula):
        raise TypeError(f"the {amount.operation} {amount.name} is still open")
    return Fraction(amount)


def _fold(operation: str, amounts: Sequence[Amount]) -> Amount | None:
    """Return the number where all amounts are known."""
    if any(isinstance(amount, Formula) for amount in amounts):
        return None
    numbers = [known(amount) for amount in amounts]
    return max(numbers) if operation == "max" else min(numbers)


def maximum(first: Amount, second: Amount) -> Amount:
    """Return the larger amount."""
    folded = _fold("max", (first, second))
    return Formula("max", (first, second)) if folded is None else folded


def minimum(first: Amount, second: Amount) -> Amount:
    """Return the smaller amount."""
    folded = _fold("min", (first, second))
    return Formula("min", (first, second)) if folded is None else folded


def ceiling(amount: Amount) -> Amount:
    """Round up to a whole number: machines, tasks and capacity units are whole."""
    return Formula("ceil", (amount,)) if isinstance(amount, Formula) else Fraction(math.ceil(amount))


def choose(condition: Amount, then: Amount, otherwise: Amount) -> Amount:
    """Return `then` where the condition, which must not depend on the rate, is over 0, else `otherwise`."""
    if isinstance(condition, Formula):
        return Formula("if", (condition, then, otherwise))
    return then if condition > 0 else otherwise


def possible(amount: Amount) -> bool:
    """Return whether an amount is over 0, or may be as long as it is open."""
    return isinstance(amount, Formula) or amount > 0


def positive(amount: Amount) -> Amount:
    """Return 1 where the amount is over 0, else 0."""
    return choose(amount, Fraction(1), Fraction(0))


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum, 0 for none."""
    result: Amount = Fraction(0)
    for amount in amounts:
        result = result + amount
    return result


def product(amounts: Iterable[Amount]) -> Amount:
    """Return the product, 1 for none."""
    result: Amount = Fraction(1)
    for amount in amounts:
        result = result * amount
    return result


@dataclass(frozen=True)
class OpenTable:
    """A table of numbers by key whose contents are inputs: those named `name.key`."""

    name: str


def lookup(table: Mapping[str, Amount] | OpenTable, key: Amount) -> Amount:
    """Return the table's number for a whole key, 0 where it has none."""
    if isinstance(table, OpenTable):
        return Formula("lookup", (key,), table.name)
    if isinstance(key, Formula):
        raise TypeError("a known table needs a known key")
    return table.get(str(key), Fraction(0))


def evaluate(amount: Amount, inputs: Inputs, memo: dict[int, Linear | Fraction] | None = None) -> Linear | Fraction:
    """Work out an amount exactly.

    Args:
        amount: What to work out.
        inputs: The open inputs by name; a `Linear` for the one that lines are drawn over.
        memo: Results by node, to be shared between amounts with common parts and the same inputs.
    """
    if not isinstance(amount, Formula):
        return Fraction(amount)
    memo = {} if memo is None else memo
    value = memo.get(id(amount))
    if value is None:
        value = memo[id(amount)] = _apply(amount, [evaluate(part, inputs, memo) for part in amount.arguments], inputs)
    return value


def _apply(formula: Formula, values: list[Linear | Fraction], inputs: Inputs) -> Linear | Fraction:
    match formula.operation:
        case "input":
            return inputs[formula.name]
        case "lookup":
            return inputs.get(f"{formula.name}.{values[0]}", Fraction(0))
        case "+":
            return values[0] + values[1]
        case "-":
            return values[0] - values[1]
        case "*":
            return values[0] * values[1]
        case "/":
            return values[0] / _constant(values[1])
        case "max":
            return maximum_of(values[0], values[1])
        case "min":
            return minimum_of(values[0], values[1])
        case "ceil":
            return ceiling_of(values[0])
        case _:
            return values[1] if _constant(values[0]) > 0 else values[2]


def _constant(value: Linear | Fraction) -> Fraction:
    if isinstance(value, Linear):
        if value.slope:
            raise ArithmeticError("a divisor or a condition must not depend on the rate")
        return value.value
    return value
