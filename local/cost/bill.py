"""A bill and its items. Every item has its formula, its inputs and the price rows it used.

An item is a product of named quantities and a price, so that a reader can redo it with a pocket calculator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from local.cost.exact import MILLION, SECONDS_PER_HOUR, plain
from local.cost.formulas import (
    RATE,
    Amount,
    choose,
    evaluate,
    known,
    maximum,
    open_input,
    product,
    total,
)
from local.cost.linear import Linear, at_rate, value_of
from local.cost.meanings import MEANINGS
from local.cost.price_book import Price

WorkOut = Callable[[Amount], Fraction]


@dataclass(frozen=True)
class BillSentence:
    """A sentence with amounts in its places, each written exactly once it is known.

    >>> str(explain("{} of {}", 3, Fraction(1, 2)))
    '3 of 0.5'
    """

    template: str = ""
    values: tuple[Amount | int | str, ...] = ()

    def __str__(self) -> str:
        return self.template.format(*map(_written, self.values))

    def __bool__(self) -> bool:
        return bool(self.template)

    def at(self, work_out: WorkOut) -> BillSentence:
        """Return the sentence with its amounts worked out."""
        values = (value if isinstance(value, str | int) else work_out(value) for value in self.values)
        return replace(self, values=tuple(values))


def _written(value: Amount | int | str) -> str:
    if isinstance(value, str):
        return value
    return plain(Fraction(value) if isinstance(value, int) else known(value))


def explain(template: str, *values: Amount | int | str) -> BillSentence:
    """Return a sentence with amounts in its places."""
    return BillSentence(template, values)


NO_EXPLANATION = BillSentence()


@dataclass(frozen=True)
class Quantity:
    """A named number that an item is computed from.

    Attributes:
        how: Where it came from; empty where it was simply given.
        row: The price row that it is, if it is one.
    """

    name: str
    amount: Amount
    unit: str = ""
    how: BillSentence = NO_EXPLANATION
    row: Price | None = None

    @property
    def value(self) -> Fraction:
        """The number, once it is known."""
        return known(self.amount)

    def at(self, work_out: WorkOut) -> Quantity:
        """Return the quantity worked out."""
        return replace(self, amount=work_out(self.amount), how=self.how.at(work_out))


@dataclass(frozen=True)
class Item:
    """One line of a bill, for a month: the product of `factors`, priced by `price`.

    Attributes:
        inputs: What the factors were derived from.
        before: Units that used up the same month's tiers before.
        free: Units that the free tier takes off, before any tier.
        when: The item is on the bill where this is over 0.
        follows_rate: Whether it grows with the rate around the one that the bill is for.
    """

    name: str
    factors: tuple[Quantity, ...]
    price: Price
    inputs: tuple[Quantity, ...] = ()
    before: Amount = field(default_factory=Fraction)
    free: Fraction = field(default_factory=Fraction)
    when: Amount = field(default_factory=lambda: Fraction(1))
    follows_rate: bool = False

    def __post_init__(self) -> None:
        if self.name not in MEANINGS:
            raise KeyError(f"{self.name} is not an item of a bill")

    @cached_property
    def volume(self) -> Amount:
        """Units billed at the price: all factors multiplied."""
        return product(factor.amount for factor in self.factors)

    @cached_property
    def cost(self) -> Amount:
        """Dollars a month, as a formula where something is open."""
        if not self.free:
            return self.price.charge(self.volume, self.before)
        return self._beyond_free(self.volume + self.before) - self._beyond_free(self.before)

    @property
    def month(self) -> Fraction:
        """Dollars a month."""
        return known(self.cost)

    def _beyond_free(self, volume: Amount) -> Amount:
        return self.price.charge(maximum(volume - self.free, Fraction(0)))

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """The factors, and what they were derived from."""
        return (*self.factors, *self.inputs)

    @property
    def rows(self) -> tuple[Price, ...]:
        """The price rows used, the item's own first."""
        return (self.price, *(quantity.row for quantity in self.quantities if quantity.row is not None))

    @property
    def formula(self) -> str:
        """The formula in names."""
        price = "graduated price" if len(self.price.tiers) > 1 else "price"
        names = " × ".join(factor.name for factor in self.factors)
        if self.free:
            names = f"({names} − free tier)"
        per = f" / {self.price.per:,}" if self.price.per != 1 else ""
        return f"{names} × {price}{per}"

    @property
    def arithmetic(self) -> str:
        """The formula in numbers, to be redone by hand."""
        factors = " × ".join(plain(factor.value) for factor in self.factors)
        volume, before = known(self.volume), known(self.before)
        per = f" / {self.price.per:,}" if self.price.per != 1 else ""
        simple = len(self.price.tiers) == 1 and not self.free
        if simple:
            return f"{factors} × {plain(self.price.single)}{per} = {plain(self.month)}"
        steps = " + ".join(
            f"{plain(part)} × {plain(price)}"
            for part, price in self._by_tier(max(before - self.free, Fraction(0)), volume + before - self.free)
        )
        off = f"; less {plain(self.free)} free" if self.free else ""
        after = f"; after {plain(before)} in the same tiers" if before else ""
        return f"{factors} = {plain(volume)}{after}{off}; ({steps or '0'}){per} = {plain(self.month)}"

    def _by_tier(self, low: Fraction, high: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
        floor = Fraction(0)
        for tier in self.price.tiers:
            top = high if tier.upto is None else min(high, tier.upto)
            part = top - max(low, floor)
            if part > 0:
                yield part, tier.price
            if tier.upto is None:
                return
            floor = tier.upto

    def at(self, work_out: WorkOut) -> Item:
        """Return the item with its amounts worked out."""
        return replace(
            self,
            factors=tuple(factor.at(work_out) for factor in self.factors),
            inputs=tuple(quantity.at(work_out) for quantity in self.inputs),
            before=work_out(self.before),
        )


@dataclass(frozen=True)
class CapacityLimit:
    """A rate up to which a resource serves, at its utilisation target with its spare lost.

    Attributes:
        rate: Requests/s; does not depend on the rate that is asked for.
        when: The limit exists where this is over 0.
    """

    name: str
    rate: Amount
    why: BillSentence
    when: Amount = field(default_factory=lambda: Fraction(1))


@dataclass(frozen=True)
class Bill:
    """What a configuration costs at a rate, in a month in which it runs `hours` hours.

    Attributes:
        rate: Requests/s while there is load.
        quotas: What the account must be allowed, such as concurrent Lambda environments.
        duty: The share of the hours in which the load is there.
    """

    configuration: str
    workload: str
    rate: Fraction
    hours: Fraction
    items: tuple[Item, ...]
    limits: tuple[CapacityLimit, ...] = ()
    quotas: tuple[Quantity, ...] = ()
    duty: Fraction = Fraction(1)
    region: str = ""

    @cached_property
    def month(self) -> Fraction:
        """Dollars a month."""
        return sum((item.month for item in self.items), Fraction(0))

    @property
    def hour(self) -> Fraction:
        """Dollars for each of its hours."""
        return self.month / self.hours

    @property
    def requests(self) -> Fraction:
        """Requests in the month."""
        return self.rate * SECONDS_PER_HOUR * self.hours * self.duty

    def per_million(self, month: Fraction) -> Fraction | None:
        """Return a month's amount as dollars per million requests; None where there are none."""
        return month / self.requests * MILLION if self.requests else None

    @property
    def limit(self) -> CapacityLimit | None:
        """The limit that binds first, if there is one."""
        return min(self.limits, key=lambda limit: known(limit.rate), default=None)

    @property
    def serves(self) -> bool:
        """Whether the configuration is enough for the rate."""
        return self.limit is None or self.rate <= known(self.limit.rate)


@dataclass(frozen=True)
class OpenBill:
    """A bill whose rate is open: every amount is a formula over it, and over the other inputs that are open."""

    configuration: str
    workload: str
    hours: Amount
    items: tuple[Item, ...]
    limits: tuple[CapacityLimit, ...]
    quotas: tuple[Quantity, ...]
    duty: Amount
    region: str = ""

    @cached_property
    def month(self) -> Amount:
        """Dollars a month."""
        return total(choose(item.when, item.cost, Fraction(0)) for item in self.items)

    @property
    def limit(self) -> CapacityLimit | None:
        """The limit that binds first, if there is one; only where nothing but the rate is open."""
        return min(self.limits, key=lambda limit: known(limit.rate), default=None)

    def hour_at(self, rate: Fraction) -> Linear:
        """Return dollars an hour at a rate, as the straight piece of the line that ends there."""
        month = evaluate(self.month, {RATE: at_rate(rate)})
        line = month if isinstance(month, Linear) else Linear(month, Fraction(0), rate)
        return line / known(self.hours)

    def at(self, rate: Fraction) -> Bill:
        """Return the bill at a rate, every amount worked out."""
        memo: dict[int, Linear | Fraction] = {}
        inputs = {RATE: at_rate(rate)}

        def work_out(amount: Amount) -> Fraction:
            return value_of(evaluate(amount, inputs, memo))

        def follows(item: Item) -> bool:
            month = evaluate(item.cost, inputs, memo)
            return isinstance(month, Linear) and month.slope != 0

        return Bill(
            self.configuration,
            self.workload,
            rate,
            known(self.hours),
            tuple(replace(item.at(work_out), follows_rate=follows(item)) for item in self.items),
            tuple(replace(limit, why=limit.why.at(work_out)) for limit in self.limits),
            tuple(quota.at(work_out) for quota in self.quotas),
            known(self.duty),
            self.region,
        )


OPEN_RATE = open_input(RATE)
