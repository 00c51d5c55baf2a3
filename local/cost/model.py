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
    duty: Fraction = Fraction(1),
) -> Bill:
    """The bill of one choice of a configuration at a rate in requests/s, for `hours` hours of a month.

    The load is there for the share `duty` of those hours: fleets stand ready for it throughout, what goes by the
    request follows the load. Raises `CostError` where the book lacks a price, or where a number is out of range.
    """
    if not 0 <= rate <= MAX_RATE:
        raise CostError(f"the rate must be from 0 to {plain(MAX_RATE)} requests/s")
    if not LEAST_HOURS <= hours <= HOURS_PER_MONTH:
        raise CostError(f"the hours must be from a minute to {plain(HOURS_PER_MONTH)}, those of a month")
    if not 0 <= duty <= 1:
        raise CostError("the share of the hours under load must be from 0 to 1")
    case = Case(
        mix,
        following(rate),
        hours,
        book,
        configuration.heading.region,
        lambda_behind=choice.on_lambda,
        addresses=sum(part.addresses for part in choice.parts.values()),
        duty=duty,
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
        duty=duty,
    )


def cheapest(
    configuration: Configuration,
    mix: Mix,
    rate: Fraction,
    book: Book,
    hours: Fraction = HOURS_PER_MONTH,
    duty: Fraction = Fraction(1),
) -> Bill:
    """The bill of the cheapest choice that serves the rate; where none does, of the one that serves most."""
    bills = [bill_of(configuration, choice, mix, rate, book, hours, duty) for choice in configuration.choices]
    serving = [bill for bill in bills if bill.serves]
    if serving:
        return min(serving, key=lambda bill: bill.month.value)
    return max(bills, key=lambda bill: bill.limit.rate if bill.limit else MAX_RATE)
