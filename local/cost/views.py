"""Bills, audits, lines and prices as plain data: what `--json` prints, and what tables are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from local.cost.audit import Audit
from local.cost.bill import Bill, Item, Quantity
from local.cost.crossings import Crossing, cheapest_ranges, crossings
from local.cost.exact import rounded
from local.cost.formulas import known
from local.cost.lines import Line
from local.cost.meanings import MEANINGS
from local.cost.price_book import Price
from local.cost.refresh.compare import Change

PLACES = 12


def number(value: Fraction | None) -> float | int | None:
    """A number for JSON. Only here does one become a float, as the last step of display."""
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else float(rounded(value, PLACES))


def price(row: Price) -> dict[str, Any]:
    """A price row."""
    tiers = [{"upto": number(tier.upto), "price": number(tier.price)} for tier in row.tiers]
    return {
        "service": row.service,
        "dimension": row.dimension,
        "unit": row.unit,
        "per": row.per,
        "tiers": tiers,
        "region": row.region,
        "source": row.source,
        "read": row.read,
        "certainty": row.certainty,
        **({"derived_from": row.derived_from} if row.derived_from else {}),
    }


def dated_price(row: Price, today: date) -> dict[str, Any]:
    """A price row with its age."""
    return {**price(row), "age_days": row.age_days(today), "stale": row.stale(today)}


def quantity(one: Quantity) -> dict[str, Any]:
    """An input of an item."""
    return {"name": one.name, "value": number(one.value), "unit": one.unit, "how": str(one.how)}


def item(one: Item, bill: Bill) -> dict[str, Any]:
    """A bill's item with all that it was computed from."""
    month = one.month
    return {
        "item": one.name,
        "meaning": MEANINGS[one.name],
        "hour": number(month / bill.hours),
        "month": number(month),
        "million": number(bill.per_million(month)),
        "formula": one.formula,
        "arithmetic": one.arithmetic,
        "inputs": [quantity(part) for part in one.quantities],
        "prices": [price(row) for row in one.rows],
    }


def bill(one: Bill, *, assumed: bool) -> dict[str, Any]:
    """An itemised bill."""
    limit = one.limit
    return {
        "configuration": one.configuration,
        "workload": one.workload,
        "workload_is": "assumed" if assumed else "measured",
        "rate": number(one.rate),
        "hours": number(one.hours),
        "duty": number(one.duty),
        "items": [item(each, one) for each in one.items],
        "hour": number(one.hour),
        "month": number(one.month),
        "million": number(one.per_million(one.month)),
        "serves": one.serves,
        "limit": None
        if limit is None
        else {"name": limit.name, "rate": number(known(limit.rate)), "why": str(limit.why)},
        "quotas": [quantity(each) for each in one.quotas],
    }


def audit(one: Audit, *, assumed: bool) -> dict[str, Any]:
    """An audit with the true bill."""
    return {
        "audit": one.name,
        "as_claimed": one.arithmetic,
        "adds_up": one.adds_up,
        "claimed": number(one.claimed),
        "true": number(one.true),
        "true_standing": number(one.standing),
        "findings": [
            {
                "item": finding.item,
                "claimed": number(finding.claimed) if finding.claim else None,
                "as_claimed": finding.claim.arithmetic if finding.claim else None,
                "true": number(finding.true),
                "difference": number(finding.difference),
                "verdict": finding.verdict,
                "remark": finding.remark,
                "follows_rate": finding.follows_rate,
            }
            for finding in one.findings
        ],
        "bill": bill(one.bill, assumed=assumed),
    }


def crossing(one: Crossing) -> dict[str, Any]:
    """A crossing, with its rate as an exact fraction too."""
    return {
        "rate": number(one.rate),
        "exact_rate": str(one.rate),
        "cheaper_up_to_it": one.below,
        "cheaper_over_it": one.above,
        "hour": number(one.cost),
        "kind": "step" if one.step else "meet",
    }


def comparison(lines: Sequence[Line], *, workload: str, assumed: bool) -> dict[str, Any]:
    """Cost lines, the crossings of the first with each other one, and which is cheapest where."""
    first, *others = lines
    return {
        "workload": workload,
        "workload_is": "assumed" if assumed else "measured",
        "lines": [
            {
                "name": line.name,
                "serves_up_to": number(line.end),
                "pieces": [
                    {
                        "over": number(piece.start),
                        "up_to": number(piece.until),
                        "intercept": number(piece.intercept),
                        "slope": number(piece.slope),
                        "choice": piece.label,
                    }
                    for piece in line.pieces
                ],
            }
            for line in lines
        ],
        "crossings": [
            {"with": other.name, "at": [crossing(one) for one in crossings(first, other)]} for other in others
        ],
        "cheapest": [
            {"over": number(piece.start), "up_to": number(piece.until), "name": piece.label}
            for piece in cheapest_ranges(lines)
        ],
    }


def change(one: Change) -> dict[str, Any]:
    """What a refresh says of a row."""
    return {
        "price": one.row.name,
        "is": one.kind,
        "note": one.note,
        "was": one.row.published(),
        "becomes": one.renewed.published() if one.renewed else None,
    }
