"""A bill that AWS exported, beside the price book: a table and sentences for people, plain data for scripts."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from rich.console import Group
from rich.text import Text

from local.cost.cur.comparison import AS_MODELLED, BELOW_LIST, DIFFERS, OTHER_KINDS, BillComparison, Entry
from local.cost.exact import dollars, plain
from local.cost.tables import titled
from local.cost.views import number, price

STYLES = {DIFFERS: "red", BELOW_LIST: "green", AS_MODELLED: ""}
MAX_SHOWN = 200
"""Entries that a table has; all of them are in the JSON."""


def table(bill: BillComparison) -> Group:
    """Return the bill, the largest amounts first."""
    heads = ("usage", "region", ">units", ">AWS charged", ">price book", ">difference", "verdict", "remark")
    made = titled("The bill as AWS wrote it, and the price book for the same usage", *heads)
    for entry in bill.entries[:MAX_SHOWN]:
        units = "-" if entry.usage is None else plain(entry.usage, 8)
        model = "-" if entry.model is None else dollars(entry.model, 2)
        compared = entry.model is not None and entry.effective is None
        difference = dollars((entry.model or Fraction(0)) - entry.billed, 2) if compared else "-"
        verdict = Text(entry.verdict, style=STYLES.get(entry.verdict, "yellow"))
        made.add_row(
            entry.name, entry.region, units, dollars(entry.billed, 2), model, difference, verdict, entry.remark
        )
    if len(bill.entries) > MAX_SHOWN:
        made.add_row(f"and {len(bill.entries) - MAX_SHOWN} more", "", "", "", "", "", "", "--json has all")
    return Group(made, *(Text(line) for line in sentences(bill)))


def sentences(bill: BillComparison) -> list[str]:
    """Return the sums, which add up to what AWS charged."""
    charged, model = _charged(bill.checked), sum((entry.model or Fraction(0) for entry in bill.checked), Fraction(0))
    lines = ["", f"AWS charged {dollars(bill.written, 2)} in all; lines read: {bill.lines:,}."]
    lines.append(f"Checked: {dollars(charged, 2)}; the price book says {dollars(model, 2)} for the same usage.")
    if bill.committed:
        listed = sum((entry.model or Fraction(0) for entry in bill.committed), Fraction(0))
        effective = sum((entry.effective or Fraction(0) for entry in bill.committed), Fraction(0))
        lines.append(
            f"Under reservations and savings plans: {dollars(_charged(bill.committed), 2)} charged, "
            f"effectively {dollars(effective, 2)}, {dollars(listed, 2)} on demand."
        )
    if bill.unchecked:
        lines.append(f"Not checked: {dollars(_charged(bill.unchecked), 2)}, rows of the table: {len(bill.unchecked)}.")
    for kind, amount in bill.others:
        lines.append(f"No usage: {OTHER_KINDS.get(kind, kind)}, {dollars(amount, 2)}.")
    if bill.free_of_charge:
        lines.append(f"Usage types that cost nothing and are not in the price book: {bill.free_of_charge}.")
    return lines


def as_json(bill: BillComparison) -> dict[str, Any]:
    """Return the bill as plain data."""
    return {
        "charged": number(bill.written),
        "lines": bill.lines,
        "checked": number(_charged(bill.checked)),
        "price_book": number(sum((entry.model or Fraction(0) for entry in bill.checked), Fraction(0))),
        "committed": number(_charged(bill.committed)),
        "not_checked": number(_charged(bill.unchecked)),
        "others": {kind: number(amount) for kind, amount in bill.others},
        "free_of_charge": bill.free_of_charge,
        "entries": [
            {
                "name": entry.name,
                "region": entry.region,
                "usage_types": list(entry.usage_types),
                "usage": number(entry.usage),
                "charged": number(entry.billed),
                "price_book": number(entry.model),
                "effective": number(entry.effective),
                "verdict": entry.verdict,
                "remark": entry.remark,
                "price": price(entry.row) if entry.row else None,
            }
            for entry in bill.entries
        ],
    }


def _charged(entries: Iterable[Entry]) -> Fraction:
    return sum((entry.billed for entry in entries), Fraction(0))
