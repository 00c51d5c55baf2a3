"""Auditing a bill: what was claimed in, what the price list says beside it out. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from local.cost.bill import Bill, Item
from local.cost.claims import PERIODS, Claim, Other, agrees
from local.cost.errors import CostError
from local.cost.exact import HOURS_PER_MONTH, MILLION, exact, plain
from local.cost.price_book import Price

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
class AuditFinding:
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
    findings: tuple[AuditFinding, ...]
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
    def unchecked(self) -> tuple[AuditFinding, ...]:
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
