"""Auditing a bill: a configuration with what was claimed for it in, the true bill beside it out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.bill import Bill, Item
from local.cost.errors import CostError
from local.cost.exact import exact, plain, rounded
from local.cost.meanings import MEANINGS
from local.cost.price_book import PriceBook

RIGHT = "right"
MISPRICED = "mispriced"
MISCOUNTED = "miscounted"
LEFT_OUT = "left out"
NOT_ITEMISED = "not itemised"
CLAIM_KEYS = ("item", "quantity", "unit_price", "amount", "note")
NEAR = Fraction(1, 100)
"""How near a claimed price has to be to another service's row to be taken for it."""


@dataclass(frozen=True)
class Claim:
    """One item as it was claimed, in dollars an hour: a quantity at a unit price, as printed."""

    item: str
    quantity: Fraction
    unit_price: Decimal
    note: str = ""

    @property
    def amount(self) -> Fraction:
        """Dollars an hour."""
        return self.quantity * exact(self.unit_price)

    @property
    def arithmetic(self) -> str:
        """The claim as it was computed."""
        return f"{plain(self.quantity)} × {self.unit_price}" if self.quantity != 1 else f"{self.unit_price}"


@dataclass(frozen=True)
class Finding:
    """What the audit says about one item, in dollars an hour."""

    item: str
    claim: Claim | None
    true: Fraction
    verdict: str
    remark: str
    billed: Item

    @property
    def claimed(self) -> Fraction:
        """Dollars an hour that were claimed; 0 without a claim."""
        return self.claim.amount if self.claim else Fraction(0)

    @property
    def difference(self) -> Fraction:
        """How much more the item truly costs than was claimed."""
        return self.true - self.claimed

    @property
    def follows_rate(self) -> bool:
        """Whether the item grows with the rate."""
        return self.billed.follows_rate


@dataclass(frozen=True)
class Audit:
    """The claimed bill and the true one, item by item."""

    name: str
    bill: Bill
    findings: tuple[Finding, ...]
    printed_total: Decimal | None
    internet: Fraction = Fraction(0)
    """Dollars an hour more if every response goes out to the Internet."""

    @property
    def claimed(self) -> Fraction:
        """The claims' sum; where nothing was itemised, the printed total."""
        if any(finding.claim for finding in self.findings) or self.printed_total is None:
            return sum((finding.claimed for finding in self.findings), Fraction(0))
        return exact(self.printed_total)

    @property
    def true(self) -> Fraction:
        """Dollars an hour of the true bill."""
        return self.bill.hour

    @property
    def standing(self) -> Fraction:
        """What the configuration costs an hour before its first request."""
        return sum((finding.true for finding in self.findings if not finding.follows_rate), Fraction(0))

    @property
    def arithmetic(self) -> str:
        """The claimed total as it was computed, such as `7 × 0.08 + 0.10 = 0.66`."""
        claims = [finding.claim.arithmetic for finding in self.findings if finding.claim]
        printed = "" if self.printed_total is None else f", printed as {self.printed_total}"
        return (
            f"{' + '.join(claims)} = {plain(self.claimed)}{printed}"
            if claims
            else f"{self.printed_total}, not itemised"
        )

    @property
    def adds_up(self) -> bool | None:
        """Whether the claims sum to the printed total as far as that was printed; None where one of them is missing."""
        if self.printed_total is None or not any(finding.claim for finding in self.findings):
            return None
        return rounded(self.claimed, _places(self.printed_total)) == self.printed_total


def audit(name: str, bill: Bill, claims: Sequence[Claim], printed_total: Decimal | None, book: PriceBook) -> Audit:
    """Return the audit of claims against a bill.

    Raises:
        CostError: The bill has no item for a claim.
    """
    billed = {item.name: item for item in bill.items}
    for claim in claims:
        if claim.item not in billed:
            known = ", ".join(billed)
            raise CostError(f"the claim {claim.item} is no item of this configuration, which has {known}")
    findings = [_finding(claim, billed[claim.item], bill.hours, book) for claim in claims]
    claimed = {claim.item for claim in claims}
    verdict = LEFT_OUT if claims else NOT_ITEMISED
    for item in bill.items:
        if item.name not in claimed and item.month:
            findings.append(Finding(item.name, None, item.month / bill.hours, verdict, MEANINGS[item.name], item))
    return Audit(name, bill, tuple(findings), printed_total)


def _finding(claim: Claim, item: Item, hours: Fraction, book: PriceBook) -> Finding:
    true = item.month / hours
    if claim.quantity and rounded(true / claim.quantity, _places(claim.unit_price)) == claim.unit_price:
        remark = "" if true == claim.amount else f"as far as it was rounded: {plain(true / claim.quantity)} each"
        return Finding(item.name, claim, true, RIGHT, claim.note or remark, item)
    counted = item.factors[0].value
    if claim.quantity != 1 and counted != claim.quantity:
        remark = f"{plain(counted)} {item.factors[0].name}, not {plain(claim.quantity)}"
        return Finding(item.name, claim, true, MISCOUNTED, claim.note or remark, item)
    remark = "; ".join(filter(None, [claim.note, _mistaken_for(claim, item, book)]))
    return Finding(item.name, claim, true, MISPRICED, remark or f"the price is {item.price.published()}", item)


def _mistaken_for(claim: Claim, item: Item, book: PriceBook) -> str:
    """Return the row of another service that the claimed price comes near to, if it does."""
    price = exact(claim.unit_price)
    for row in book.rows:
        rival = row.dimension == item.price.dimension and row.service != item.price.service and len(row.tiers) == 1
        if rival and abs(row.single - price) <= row.single * NEAR:
            return f"near {row.service}'s {plain(row.single)}; {item.price.service}'s is {plain(item.price.single)}"
    return ""


def claims_of(tables: object, where: str) -> list[Claim]:
    """Return claims out of an audit file's `[[claim]]` tables.

    Raises:
        CostError: Something is unknown or named twice.
    """
    if not isinstance(tables, list):
        raise CostError(f"{where}: claim: must be [[claim]] tables")
    claims: list[Claim] = []
    for number, table in enumerate(tables, 1):
        claim = _claim(table, f"{where}: claim {number}")
        if any(claim.item == other.item for other in claims):
            raise CostError(f"{where}: claim {number}: {claim.item} is claimed twice")
        claims.append(claim)
    return claims


def _claim(table: Mapping[str, Any], where: str) -> Claim:
    for key in table:
        if key not in CLAIM_KEYS:
            raise CostError(f"{where}: {key}: is not known; known are {', '.join(CLAIM_KEYS)}")
    item = table.get("item")
    if item not in MEANINGS:
        raise CostError(f"{where}: item: {item!r} is no item of a bill; docs/reference/cost.md lists them")
    if ("amount" in table) == ("unit_price" in table):
        raise CostError(f"{where}: give either an amount, or a quantity and a unit_price")
    if "amount" in table and "quantity" in table:
        raise CostError(f"{where}: quantity: goes with a unit_price, not with an amount")
    price = printed(table.get("amount", table.get("unit_price")), f"{where}: unit_price")
    quantity = printed(table.get("quantity", 1), f"{where}: quantity")
    return Claim(item, exact(quantity), price, str(table.get("note", "")))


def printed(value: object, where: str) -> Decimal:
    """Return a number as it was printed, with its decimal places.

    Raises:
        CostError: It is not finite, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CostError(f"{where}: must be a number")
    number = Decimal(value)
    if not number.is_finite() or number < 0 or number > 10**12:
        raise CostError(f"{where}: must be from 0 to {plain(Fraction(10**12))}")
    return number


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
