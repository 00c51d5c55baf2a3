"""What is right or wrong about one claim: its price, its count, or the unit in which it was said. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from local.cost.bill import Item
from local.cost.claims import PERIODS, Claim, agrees, places
from local.cost.exact import HOURS_PER_MONTH, dollars, exact, plain
from local.cost.price_book import Price, PriceBook

RIGHT = "right"
MISPRICED = "mispriced"
MISCOUNTED = "miscounted"
BOTH_WRONG = "miscounted and mispriced"
UNIT_IN_DOUBT = "unit in doubt"
NOT_CHECKED = "not checked"
MONTHS = tuple(Fraction(24 * days) for days in (30, 31, 28, 29))
"""Hours of the months that bills are for; price calculators take 730."""
NEAR = Fraction(1, 100)
"""How near a claimed price has to be to another row's to be taken for it."""
UNIT_RATIO = (Fraction(7, 10), Fraction(14, 10))
"""How near an amount has to be, read in another unit, for that unit to be taken for the one that was meant."""
MAX_COUNT = 1000


class _Periods(Protocol):
    @property
    def hours(self) -> Fraction: ...

    def hours_of(self, per: str) -> Fraction: ...


@dataclass(frozen=True)
class Measured:
    """What the price list says about a claim.

    Attributes:
        true: Dollars in the claim's period, discounts taken off.
        items: The items of the configuration's bill.
        row: The price row, where there are no items.
        off: The share of the list price that is paid.
        hours: Hours of the claim's period.
    """

    true: Fraction
    items: tuple[Item, ...]
    row: Price | None
    off: Fraction
    periods: _Periods
    hours: Fraction

    @property
    def price(self) -> Price | None:
        """The price row, where there is one alone."""
        return self.row or (self.items[0].price if len(self.items) == 1 else None)

    @property
    def counted(self) -> Fraction | None:
        """How many things the configuration has, where its item counts things that stand all the time."""
        if self.row or len(self.items) != 1 or not by_time(self.items[0].price, "hour"):
            return None
        return self.items[0].factors[0].value

    @property
    def thing(self) -> str:
        """What is counted, in the plural."""
        if self.row:
            return self.row.dimension
        return self.items[0].factors[0].name if self.items else ""


def by_time(row: Price, period: str) -> bool:
    """Return whether a price is for a thing that stands for an hour, or for a month."""
    return f"-{period}" in row.unit


def verdict_of(claim: Claim, measured: Measured, book: PriceBook) -> tuple[str, str]:
    """Return the verdict about a claim, and a remark."""
    true = measured.true
    if claim.right(true):
        return RIGHT, _rounding(claim, true)
    for hours in _other_months(claim, measured):
        if claim.right(true * hours / measured.periods.hours):
            return RIGHT, f"for a month of {plain(hours)} hours"
    if unit := _unit_meant(claim, measured):
        return UNIT_IN_DOUBT, unit
    if wrong := _miscounted(claim, measured):
        return wrong
    return MISPRICED, _mistaken_for(claim, measured, book) or _price_remark(measured, claim)


def _rounding(claim: Claim, true: Fraction) -> str:
    if true == claim.amount:
        return ""
    if claim.unit_price is not None and claim.printed_amount is None:
        return f"as far as it was rounded: {plain(true / claim.units * claim.bundle)} each"
    return f"as far as it was rounded: {plain(true, 6)}"


def _other_months(claim: Claim, measured: Measured) -> Iterator[Fraction]:
    """Yield the lengths of month that the claim may have been computed with."""
    if claim.per == "month" and measured.periods.hours == HOURS_PER_MONTH and claim.usage is None:
        yield from MONTHS


def _unit_meant(claim: Claim, measured: Measured) -> str:
    """Return a sentence where the amount is far off, but plausible in another unit."""
    true_hour, low, high = measured.true / measured.hours, *UNIT_RATIO
    if not true_hour or not claim.amount or claim.usage is not None:
        return ""
    if low <= claim.amount / measured.true <= high:
        return ""
    for per in ("hour", "day", "month"):
        hours = measured.periods.hours_of(per)
        if per != claim.per and low <= claim.amount / hours / true_hour <= high:
            read, typed = dollars(claim.amount / hours), dollars(claim.amount / measured.hours)
            as_typed = f"{plain(claim.amount)} {PERIODS[claim.per][0]} would be {typed} an hour"
            return f'looks like {PERIODS[per][1]}, {read} an hour; {as_typed}. If so, say per = "{per}"'
    return ""


def _miscounted(claim: Claim, measured: Measured) -> tuple[str, str] | None:
    """Return a verdict where the count is wrong, whether or not the price is too."""
    counted = measured.counted
    if claim.quantity is not None and counted is not None and counted and claim.quantity != counted:
        unit = measured.true / counted
        remark = f"{plain(counted)} {measured.thing}, not {plain(claim.quantity)}"
        if any(claim.right(unit * claim.quantity * factor) for factor in _month_factors(claim, measured)):
            return MISCOUNTED, remark
        return BOTH_WRONG, f"{remark}; {_price_remark(measured, claim)}"
    if measured.row and claim.usage is not None and claim.unit_price is not None and claim.printed_amount is not None:
        if _price_right(claim, measured) and measured.true and claim.usage:
            billed = claim.amount * claim.usage / measured.true
            return MISCOUNTED, f"the amount is that of {plain(billed, 6)}, not of {plain(claim.usage)}"
        return None
    return _other_count(claim, measured)


def _other_count(claim: Claim, measured: Measured) -> tuple[str, str] | None:
    """Return a verdict where an amount is that of another number of things than it is said to be for."""
    count = measured.counted if measured.counted is not None else claim.quantity or Fraction(1)
    price = measured.price
    if claim.printed_amount is None or price is None or not by_time(price, "hour"):
        return None
    if claim.usage is not None or not count or count.denominator != 1:
        return None
    unit = measured.true / count
    if not unit or Fraction(1, 10 ** places(claim.printed_amount)) * 2 > unit:
        return None
    for factor in _month_factors(claim, measured):
        other = Fraction(round(claim.amount / (unit * factor)))
        if 1 <= other <= MAX_COUNT and other != count and claim.right(unit * factor * other):
            return MISCOUNTED, f"the amount is that of {plain(other)} {measured.thing}, not of {plain(count)}"
    return None


def _month_factors(claim: Claim, measured: Measured) -> Iterator[Fraction]:
    yield Fraction(1)
    yield from (hours / measured.periods.hours for hours in _other_months(claim, measured))


def _price_right(claim: Claim, measured: Measured) -> bool:
    """Return whether the unit price is that of a tier of the row."""
    if measured.row is None or claim.unit_price is None:
        return False
    printed = claim.unit_price
    return any(agrees(tier.price * measured.off, printed, about=claim.about) for tier in measured.row.tiers)


def _price_remark(measured: Measured, claim: Claim) -> str:
    off = f", less {plain((1 - measured.off) * 100, 4)} %" if measured.off != 1 else ""
    if measured.price is None:
        parts = " + ".join(dollars(item.month * measured.off / measured.periods.hours) for item in measured.items)
        return f"they are {parts} an hour"
    if measured.counted is None and not measured.row:
        return f"it is {plain(measured.true, 6)} {PERIODS[claim.per][0]} at {measured.price.published()}{off}"
    return f"the price is {measured.price.published()}{off}{_without_free(measured, claim)}"


def _without_free(measured: Measured, claim: Claim) -> str:
    """Return a remark where the amount is right but for the units that are free."""
    row = measured.row
    if row is None or len(row.tiers) < 2 or row.tiers[0].price:
        return ""
    charged = claim.units * row.tiers[1].price / row.per * measured.off
    near = abs(claim.amount - charged) <= charged * NEAR
    return f"; the amount leaves out that {plain(row.tiers[0].upto or Fraction(0))} are free" if near else ""


def _mistaken_for(claim: Claim, measured: Measured, book: PriceBook) -> str:
    """Return the row that the claimed price comes near to, if one does: another service's, volume's or region's."""
    own = measured.price
    if own is None or len(own.tiers) > 1 or not measured.true:
        return ""
    price = claim.amount / measured.true * own.single
    if claim.unit_price is not None:
        times = measured.hours if by_time(own, "hour") and claim.usage is None else 1
        price = exact(Decimal(claim.unit_price)) / times
    for row in book.rows:
        if len(row.tiers) > 1 or row.unit != own.unit or not row.single or abs(row.single - price) > row.single * NEAR:
            continue
        if row.region != own.region:
            if (row.service, row.dimension) == (own.service, own.dimension):
                return f"near the {plain(row.single)} of {row.region}; in {own.region} it is {plain(own.single)}"
        elif row.dimension == own.dimension and row.service != own.service:
            return f"near {row.service}'s {plain(row.single)}; {own.service}'s is {plain(own.single)}"
        elif row.service == own.service and row.dimension != own.dimension:
            return f"near the {plain(row.single)} of {row.dimension}; that of {own.dimension} is {plain(own.single)}"
    return ""
