"""Bills, audits, lines and prices as plain data: what `--json` prints, and what tables are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from local.cost.audit import Audit, AuditFinding
from local.cost.bill import Bill, Item, Quantity
from local.cost.chosen import Chosen
from local.cost.crossings import Crossing, cheapest_ranges, crossings
from local.cost.deployment_plan import Plan
from local.cost.exact import rounded
from local.cost.formulas import known
from local.cost.lines import Line
from local.cost.meanings import MEANINGS
from local.cost.price_book import Price
from local.cost.refresh.compare import PriceChange

PLACES = 12


def number(value: Fraction | None) -> float | int | None:
    """Return a number for JSON. Only here does one become a float, as the last step of display."""
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else float(rounded(value, PLACES))


def price(row: Price) -> dict[str, Any]:
    """Return a price row."""
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
    """Return a price row with its age."""
    return {**price(row), "age_days": row.age_days(today), "stale": row.stale(today)}


def quantity(quantity: Quantity) -> dict[str, Any]:
    """Return an input of an item."""
    return {"name": quantity.name, "value": number(quantity.value), "unit": quantity.unit, "how": str(quantity.how)}


def item(item: Item, bill: Bill) -> dict[str, Any]:
    """Return a bill's item with all that it was computed from."""
    month = item.month
    return {
        "item": item.name,
        "meaning": MEANINGS[item.name],
        "hour": number(month / bill.hours),
        "month": number(month),
        "million": number(bill.per_million(month)),
        "formula": item.formula,
        "arithmetic": item.arithmetic,
        "inputs": [quantity(part) for part in item.quantities],
        "prices": [price(row) for row in item.rows],
    }


def bill(bill: Bill, *, assumed: bool) -> dict[str, Any]:
    """Return an itemised bill."""
    limit = bill.limit
    return {
        "configuration": bill.configuration,
        "workload": bill.workload,
        "workload_is": "assumed" if assumed else "measured",
        "rate": number(bill.rate),
        "hours": number(bill.hours),
        "duty": number(bill.duty),
        "items": [item(each, bill) for each in bill.items],
        "hour": number(bill.hour),
        "month": number(bill.month),
        "million": number(bill.per_million(bill.month)),
        "serves": bill.serves,
        "limit": None
        if limit is None
        else {"name": limit.name, "rate": number(known(limit.rate)), "why": str(limit.why)},
        "quotas": [quantity(quota) for quota in bill.quotas],
    }


def audit(audit: Audit, *, assumed: bool) -> dict[str, Any]:
    """Return an audit with the true bill, in dollars an hour. `per` is what the printed total is for."""
    return {
        "audit": audit.name,
        "per": audit.per,
        "as_claimed": audit.arithmetic,
        "adds_up": audit.adds_up,
        "claimed": number(audit.claimed),
        "claimed_checked": number(audit.covered),
        "not_checked": [finding.item for finding in audit.unchecked],
        "true": number(audit.true),
        "true_standing": number(audit.standing),
        "to_internet": number(audit.internet),
        "to_other_zones": number(audit.zones),
        "readings": {who: number(hour) for who, hour in audit.readings},
        "findings": [
            {
                "item": finding.item,
                "line": finding.claim.line or None if finding.claim else None,
                "claimed": number(finding.claimed) if finding.claim else None,
                "as_claimed": finding.claim.arithmetic if finding.claim else None,
                "per": finding.claim.per if finding.claim else None,
                "true": number(finding.true),
                "difference": number(finding.difference),
                "verdict": finding.verdict,
                "remark": finding.remark,
                "follows_rate": finding.follows_rate,
                "prices": [price(row) for row in _rows(finding)],
            }
            for finding in audit.findings
        ],
        "others": [
            {"name": other.name, "amount": number(other.amount), "per": other.per, "note": other.note}
            for other in audit.others
        ],
        "bill": bill(audit.bill, assumed=assumed) if audit.bill else None,
    }


def _rows(finding: AuditFinding) -> list[Price]:
    return [finding.row] if finding.row else [row for item in finding.billed for row in item.rows]


def crossing(crossing: Crossing) -> dict[str, Any]:
    """Return a crossing, with its rate as an exact fraction too."""
    return {
        "rate": number(crossing.rate),
        "exact_rate": str(crossing.rate),
        "cheaper_up_to_it": crossing.below,
        "cheaper_over_it": crossing.above,
        "hour": number(crossing.cost),
        "kind": "step" if crossing.step else "meet",
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


def change(change: PriceChange) -> dict[str, Any]:
    """Return what a refresh says of a row."""
    return {
        "price": change.row.name,
        "is": change.kind,
        "note": change.note,
        "was": change.row.published(),
        "becomes": change.renewed.published() if change.renewed else None,
    }


def plans(plans: Sequence[Plan], steps: Sequence[Plan], *, workload: str) -> dict[str, Any]:
    """Return the plan of each web tier, and the cheapest at rates up to the best one's."""
    return {
        "workload": workload,
        "plans": [plan(one) for one in plans],
        "front": [{"rate": number(one.rate), "hour": number(one.hour), "name": one.name} for one in steps],
    }


def plan(plan: Plan) -> dict[str, Any]:
    """Return one plan, and why it is not the best."""
    speed = plan.web.speed
    return {
        "web_tier": plan.web.name,
        "storage_tier": plan.storage.name if plan.storage else None,
        "size": plan.size,
        "rate": number(plan.rate),
        "hour": number(plan.hour),
        "loses": plan.loses or None,
        "vcpu_speed": None
        if speed is None
        else {
            "taken": number(speed.ratio),
            "low": number(speed.low),
            "high": number(speed.high),
            "source": speed.source,
        },
        "bills": [bill(part, assumed=True) for part in plan.bills],
    }


def chosen(chosen: Chosen) -> dict[str, Any]:
    """Return what was chosen beside the plans for its rate and for its cost."""
    return {
        "name": chosen.name,
        "rate": number(chosen.bill.rate),
        "hour": number(chosen.bill.hour),
        "hour_before_the_first_request": number(chosen.standing),
        "same_rate": plan(chosen.same_rate) if chosen.same_rate else None,
        "same_money": plan(chosen.same_money) if chosen.same_money else None,
    }
