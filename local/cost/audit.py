"""Auditing a bill: what was claimed in, what the price list says beside it out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from local.cost.bill import Bill, Item
from local.cost.claims import PERIODS, Claim, Other, agrees
from local.cost.configuration import DEFAULT_REGION
from local.cost.errors import CostError
from local.cost.exact import HOURS_PER_MONTH, MILLION, SECONDS_PER_HOUR, exact, plain
from local.cost.formulas import known
from local.cost.meanings import MEANINGS
from local.cost.price_book import Price, PriceBook
from local.cost.verdicts import NOT_CHECKED, Measured, by_time, verdict_of

LEFT_OUT = "left out"
NOT_ITEMISED = "not itemised"
ZERO = Fraction(0)


@dataclass(frozen=True)
class Periods:
    """How long the things are that amounts are for.

    Attributes:
        hours: Hours of the month.
        requests: Requests an hour; 0 where they are not known.
    """

    hours: Fraction = HOURS_PER_MONTH
    requests: Fraction = ZERO

    def hours_of(self, per: str) -> Fraction:
        """Return the hours of a period.

        Raises:
            CostError: It is a million requests, and how many there are is not known.
        """
        if per == "million":
            if not self.requests:
                raise CostError('per = "million" needs a configuration and a rate over 0')
            return MILLION / self.requests
        return {"hour": Fraction(1), "day": Fraction(24), "month": self.hours}[per]


@dataclass(frozen=True)
class Finding:
    """What the audit says about one line, in dollars an hour.

    Attributes:
        item: What the line is for.
        true: What the price list says; None where it was not checked.
        billed: The items of the configuration's bill that it is for.
        row: The price row that it was checked with, where no item is.
    """

    item: str
    claim: Claim | None
    claimed: Fraction
    true: Fraction | None
    verdict: str
    remark: str
    billed: tuple[Item, ...] = ()
    row: Price | None = None

    @property
    def difference(self) -> Fraction | None:
        """How much more the line truly costs than was claimed."""
        return None if self.true is None else self.true - self.claimed

    @property
    def follows_rate(self) -> bool:
        """Whether it grows with the rate."""
        return any(item.follows_rate for item in self.billed)


@dataclass(frozen=True)
class Audit:
    """The claimed bill and the true one, line by line, in dollars an hour.

    Attributes:
        bill: The configuration's bill, where there is a configuration.
        others: Taxes, credits and the like: named and added, not checked.
        per: What printed totals are for.
        internet: Dollars more if every response goes out to the Internet.
        zones: Dollars more if all clients are in other zones of the region.
    """

    name: str
    bill: Bill | None
    findings: tuple[Finding, ...]
    printed_total: Decimal | None
    others: tuple[Other, ...] = ()
    periods: Periods = Periods()
    per: str = "hour"
    internet: Fraction = ZERO
    zones: Fraction = ZERO

    @property
    def readings(self) -> list[tuple[str, Fraction]]:
        """Who asks, and what the bill then is in dollars an hour; empty where no traffic is known."""
        if not self.internet:
            return []
        more = (
            ("in the same zone", ZERO),
            ("in other zones of the region", self.zones),
            ("on the Internet", self.internet),
        )
        return [(f"clients {where}", self.true + extra) for where, extra in more]

    @property
    def itemised(self) -> bool:
        """Whether anything was claimed by item."""
        return any(finding.claim for finding in self.findings)

    @property
    def usage(self) -> Fraction:
        """The claims for usage."""
        return sum((finding.claimed for finding in self.findings), ZERO)

    @property
    def claimed(self) -> Fraction:
        """All that was claimed; where nothing was itemised, the printed total."""
        if self.itemised or self.printed_total is None:
            return self.usage + sum((other.amount / self.periods.hours_of(other.per) for other in self.others), ZERO)
        return exact(self.printed_total) / self.periods.hours_of(self.per)

    @property
    def covered(self) -> Fraction:
        """The claims that were checked; where nothing was itemised, the printed total."""
        if not self.itemised:
            return self.claimed
        return sum((finding.claimed for finding in self.findings if finding.true is not None), ZERO)

    @property
    def true(self) -> Fraction:
        """What the price list says, of all that was checked and all that was left out."""
        return sum((finding.true for finding in self.findings if finding.true is not None), ZERO)

    @property
    def unchecked(self) -> tuple[Finding, ...]:
        """The lines that could not be checked."""
        return tuple(finding for finding in self.findings if finding.true is None)

    @property
    def standing(self) -> Fraction:
        """What the configuration costs before its first request."""
        return sum((finding.true or ZERO for finding in self.findings if not finding.follows_rate), ZERO)

    @property
    def arithmetic(self) -> str:
        """The claimed total as it was computed, such as `7 × 0.08 + 0.10 = 0.66`."""
        parts = [
            claim.arithmetic + (f" {PERIODS[claim.per][0]}" if claim.per != self.per else "")
            for finding in self.findings
            if (claim := finding.claim)
        ]
        if not parts:
            return f"{self.printed_total}, not itemised"
        parts += [f"({plain(other.amount)} {other.name})" for other in self.others]
        printed = "" if self.printed_total is None else f", printed as {self.printed_total}"
        return f"{' + '.join(parts)} = {plain(self.claimed * self.periods.hours_of(self.per))}{printed}"

    @property
    def adds_up(self) -> bool | None:
        """Whether the claims sum to the printed total as far as that was printed; None where one of them is missing."""
        if self.printed_total is None or not self.itemised:
            return None
        return agrees(self.claimed * self.periods.hours_of(self.per), self.printed_total)


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

    def left_out(self) -> list[Finding]:
        """Return what the configuration costs and no claim is for."""
        claimed = {item for claim in self.stated.claims for item in claim.items}
        verdict = LEFT_OUT if self.stated.claims else NOT_ITEMISED
        found = []
        for item in self.billed.values():
            if item.name not in claimed and item.month:
                true = item.month / self.periods.hours * (1 - self.stated.discount)
                found.append(Finding(item.name, None, ZERO, true, verdict, MEANINGS[item.name], (item,)))
        return found

    def finding(self, claim: Claim) -> Finding:
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
        return Finding(claim.label, claim, claim.amount / hours, true, verdict, remark, items, row)

    def _not_checked(self, claim: Claim, why: str) -> Finding:
        amount = claim.amount / self.periods.hours_of(claim.per)
        return Finding(claim.label, claim, amount, None, NOT_CHECKED, "; ".join(filter(None, [why, claim.note])))

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
