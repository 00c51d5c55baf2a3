"""The cost model: workload, rate, configuration and price book in, an itemised bill out. Pure and exact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import mul

from local.cost.bill import Bill, OpenBill
from local.cost.configuration import Choice, Configuration
from local.cost.context import PricingContext
from local.cost.errors import CostError, NoPrice
from local.cost.exact import HOURS_PER_MONTH, plain
from local.cost.formulas import Amount, Formula, known, possible, total
from local.cost.price_book import PriceBook
from local.cost.workload import Mix

MAX_RATE = Fraction(100_000_000)
"""Requests/s."""
MIN_HOURS = Fraction(1, 60)


@dataclass(frozen=True)
class Usage:
    """How a configuration is used in a month.

    Attributes:
        hours: Hours of a month in which it stands.
        duty: The share of those hours in which the load is there.
        speed: Speed of every vCPU relative to the one that the workload was measured on.

    Raises:
        CostError: A known number is out of range.
    """

    hours: Amount = HOURS_PER_MONTH
    duty: Amount = Fraction(1)
    speed: Amount = Fraction(1)

    def __post_init__(self) -> None:
        if not isinstance(self.hours, Formula) and not MIN_HOURS <= self.hours <= HOURS_PER_MONTH:
            raise CostError(f"the hours must be from a minute to {plain(HOURS_PER_MONTH)}, those of a month")
        if not isinstance(self.duty, Formula) and not 0 <= self.duty <= 1:
            raise CostError("the share of the hours under load must be from 0 to 1")


ALWAYS = Usage()


def open_bill(
    configuration: Configuration, choice: Choice, mix: Mix, book: PriceBook, usage: Usage = ALWAYS
) -> OpenBill:
    """Return the bill of one choice of a configuration as formulas over the rate.

    Raises:
        NoPrice: The book lacks prices in the configuration's region; the message names them all.
    """
    resources = choice.resources.values()
    context = PricingContext(
        mix,
        book,
        configuration.heading.region,
        usage.hours,
        usage.duty,
        usage.speed,
        on_lambda=choice.on_lambda,
        addresses=total(resource.addresses for resource in resources),
        stored=reduce(mul, (resource.passed for resource in resources), Fraction(1)),
    )
    items = tuple(item for resource in resources for item in resource.items(context) if possible(item.when))
    name = configuration.name + (f" ({choice.label})" if choice.label else "")
    if context.missing:
        where = configuration.heading.region
        raise NoPrice(f"{name}: no price in {where} of {', '.join(context.missing)}; {book.remedy(where)}")
    return OpenBill(
        configuration=name,
        workload=mix.name,
        hours=usage.hours,
        items=items,
        limits=tuple(limit for resource in resources for limit in resource.limits(context) if possible(limit.when)),
        quotas=tuple(quota for resource in resources for quota in resource.quotas(context)),
        duty=usage.duty,
        region=context.region,
    )


@dataclass(frozen=True)
class Priced:
    """The open bills of a configuration's choices, those that the book can price."""

    bills: tuple[tuple[Choice, OpenBill], ...]
    left_out: tuple[str, ...]
    """One line for each choice that needs a price that the book lacks."""


def price_all(configuration: Configuration, mix: Mix, book: PriceBook, usage: Usage = ALWAYS) -> Priced:
    """Return the open bills of the choices of a configuration.

    Raises:
        NoPrice: None of them can be priced in the configuration's region.
    """
    priced, left_out = [], []
    for choice in configuration.choices:
        try:
            priced.append((choice, open_bill(configuration, choice, mix, book, usage)))
        except NoPrice as problem:
            left_out.append(str(problem))
    if not priced:
        raise NoPrice(left_out[0])
    return Priced(tuple(priced), tuple(left_out))


def cheapest(configuration: Configuration, mix: Mix, rate: Fraction, book: PriceBook, usage: Usage = ALWAYS) -> Bill:
    """Return the bill of the cheapest choice that serves the rate; where none does, of the one that serves most.

    Raises:
        NoPrice: The book lacks prices that every choice needs.
        CostError: The rate is out of range.
    """
    if not 0 <= rate <= MAX_RATE:
        raise CostError(f"the rate must be from 0 to {plain(MAX_RATE)} requests/s")
    at_rate = [bill.at(rate) for _, bill in price_all(configuration, mix, book, usage).bills]
    serving = [bill for bill in at_rate if bill.serves]
    if serving:
        return min(serving, key=lambda bill: bill.month)
    return max(at_rate, key=lambda bill: known(bill.limit.rate) if bill.limit else MAX_RATE)
