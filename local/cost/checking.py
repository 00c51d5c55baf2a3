"""Checking what a bill says, claim by claim, against a configuration's bill and the price book. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from local.cost.audit import LEFT_OUT, NOT_ITEMISED, ZERO, Audit, AuditFinding, Periods
from local.cost.bill import Bill, Item
from local.cost.claims import Claim, Other
from local.cost.configuration import DEFAULT_REGION
from local.cost.errors import CostError
from local.cost.exact import HOURS_PER_MONTH, SECONDS_PER_HOUR
from local.cost.formulas import known
from local.cost.meanings import MEANINGS
from local.cost.price_book import Price, PriceBook
from local.cost.verdicts import NOT_CHECKED, Measured, by_time, verdict_of


@dataclass(frozen=True)
class Stated:
    """What a bill says.

    Attributes:
        total: The total as printed.
        others: Lines that are no usage.
        per: What the printed total is for.
        region: Whose prices claims by price row are checked with.
        hours: Hours of the month.
        discount: The share that a contract takes off every list price.
    """

    name: str
    claims: Sequence[Claim] = ()
    total: Decimal | None = None
    others: Sequence[Other] = ()
    per: str = "hour"
    region: str = DEFAULT_REGION
    hours: Fraction = HOURS_PER_MONTH
    discount: Fraction = ZERO


def audit(stated: Stated, bill: Bill | None, book: PriceBook, *, strict: bool = False) -> Audit:
    """Return the audit of what a bill says.

    Args:
        stated: What it says.
        bill: The configuration's bill, if there is a configuration.
        book: Where prices come from.
        strict: Whether a line that cannot be checked is refused.

    Raises:
        CostError: A line cannot be checked, and that is refused.
    """
    requests = bill.rate * SECONDS_PER_HOUR * bill.duty if bill else ZERO
    checker = _Checker(
        stated, book, Periods(stated.hours, requests), {item.name: item for item in bill.items} if bill else {}
    )
    findings = [checker.finding(claim) for claim in stated.claims]
    if strict and (unchecked := next((finding for finding in findings if finding.true is None), None)):
        claim = unchecked.claim
        line = f"line {claim.line}: " if claim and claim.line else ""
        raise CostError(f"{line}{unchecked.item} cannot be checked: {unchecked.remark}")
    findings += checker.left_out()
    return Audit(stated.name, bill, tuple(findings), stated.total, tuple(stated.others), checker.periods, stated.per)


@dataclass(frozen=True)
class _Checker:
    """Checks claims, one at a time."""

    stated: Stated
    book: PriceBook
    periods: Periods
    billed: Mapping[str, Item]

    def left_out(self) -> list[AuditFinding]:
        """Return what the configuration costs and no claim is for."""
        claimed = {item for claim in self.stated.claims for item in claim.items}
        verdict = LEFT_OUT if self.stated.claims else NOT_ITEMISED
        checks = []
        for item in self.billed.values():
            if item.name not in claimed and item.month:
                true = item.month / self.periods.hours * (1 - self.stated.discount)
                checks.append(AuditFinding(item.name, None, ZERO, true, verdict, MEANINGS[item.name], (item,)))
        return checks

    def finding(self, claim: Claim) -> AuditFinding:
        """Return what is said about one claim."""
        row = None
        if claim.row:
            try:
                row = self.book.price(*claim.row, self.stated.region)
            except CostError as problem:
                return self._not_checked(claim, str(problem).split(": ")[0])
            if row.unit.startswith(("times", "of ")) or "free in a month" in row.unit:
                return self._not_checked(claim, f"{row.name} is a factor or an allowance, not a price")
            claim = replace(claim, bundle=row.per)
            if _needs_usage(claim, row):
                return self._not_checked(claim, f"say by usage how many {row.unit}s it is for")
        elif not claim.items:
            return self._not_checked(claim, "nothing says what it is; give it an item, items or a price")
        if missing := next((item for item in claim.items if item not in self.billed), ""):
            return self._not_checked(claim, _why_missing(missing, self.billed))
        hours = self.periods.hours_of(claim.per)
        items = tuple(self.billed[name] for name in claim.items)
        paid = (1 - self.stated.discount) * (1 - claim.discount)
        month = self._row_month(claim, row) if row else sum((item.month for item in items), ZERO)
        true = month * paid / self.periods.hours
        verdict, remark = verdict_of(claim, Measured(true * hours, items, row, paid, self.periods, hours), self.book)
        remark = "; ".join(filter(None, [remark, claim.note]))
        return AuditFinding(claim.label, claim, claim.amount / hours, true, verdict, remark, items, row)

    def _not_checked(self, claim: Claim, why: str) -> AuditFinding:
        amount = claim.amount / self.periods.hours_of(claim.per)
        return AuditFinding(claim.label, claim, amount, None, NOT_CHECKED, "; ".join(filter(None, [why, claim.note])))

    def _row_month(self, claim: Claim, row: Price) -> Fraction:
        """Return a month's dollars of a price row at the claimed usage, or at the claimed quantity all the time."""
        volume = claim.units * (self.periods.hours / self.periods.hours_of(claim.per))
        if claim.usage is None and by_time(row, "hour"):
            volume = claim.units * self.periods.hours
        elif claim.usage is None and by_time(row, "month"):
            volume = claim.units * self.periods.hours / HOURS_PER_MONTH
        return known(row.charge(volume))


def _needs_usage(claim: Claim, row: Price) -> bool:
    stands = by_time(row, "hour") or by_time(row, "month")
    return not stands and claim.quantity is None and claim.usage is None and claim.unit_price is None


def _why_missing(item: str, billed: Mapping[str, Item]) -> str:
    if item not in MEANINGS:
        return f"{item!r} is no item of a bill; docs/reference/cost.md lists them, and price names a row of the book"
    names = ", ".join(billed)
    return f"{item} is no item of this configuration" + (f", which has {names}" if names else "; there is none")
