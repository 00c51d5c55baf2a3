"""The cost model: work, rate, configuration and price book in, an itemised bill out. Pure and exact."""

from __future__ import annotations

from fractions import Fraction

from local.cost.book import Book
from local.cost.configuration import Choice, Configuration
from local.cost.errors import CostError
from local.cost.exact import HOURS_PER_MONTH, plain
from local.cost.items import Bill
from local.cost.linear import following
from local.cost.work import Case, Mix

MAX_RATE = Fraction(100_000_000)
LEAST_HOURS = Fraction(1, 60)


def bill_of(
    configuration: Configuration,
    choice: Choice,
    mix: Mix,
    rate: Fraction,
    book: Book,
    hours: Fraction = HOURS_PER_MONTH,
) -> Bill:
    """The bill of one choice of a configuration at a steady rate in requests/s, for `hours` hours of a month.

    Raises `CostError` where the book lacks a price, or where a number is out of range.
    """
    if not 0 <= rate <= MAX_RATE:
        raise CostError(f"the rate must be from 0 to {plain(MAX_RATE)} requests/s")
    if not LEAST_HOURS <= hours <= HOURS_PER_MONTH:
        raise CostError(f"the hours must be from a minute to {plain(HOURS_PER_MONTH)}, those of a month")
    case = Case(
        mix,
        following(rate),
        hours,
        book,
        configuration.heading.region,
        lambda_behind=choice.on_lambda,
        addresses=sum(part.addresses for part in choice.parts.values()),
    )
    parts = choice.parts.values()
    name = configuration.name + (f" ({choice.chosen})" if choice.chosen else "")
    return Bill(
        configuration=name,
        work=mix.name,
        rate=case.rate,
        hours=hours,
        items=tuple(item for part in parts for item in part.items(case)),
        limits=tuple(limit for part in parts for limit in part.limits(case)),
        quotas=tuple(quota for part in parts for quota in part.quotas(case)),
    )


def cheapest(
    configuration: Configuration, mix: Mix, rate: Fraction, book: Book, hours: Fraction = HOURS_PER_MONTH
) -> Bill:
    """The bill of the cheapest choice that serves the rate; where none does, of the one that serves most."""
    bills = [bill_of(configuration, choice, mix, rate, book, hours) for choice in configuration.choices]
    serving = [bill for bill in bills if bill.serves]
    if serving:
        return min(serving, key=lambda bill: bill.month.value)
    return max(bills, key=lambda bill: bill.limit.rate if bill.limit else MAX_RATE)
