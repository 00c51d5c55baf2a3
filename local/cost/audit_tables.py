"""An audit as people look at it: a table and sentences."""

from __future__ import annotations

from fractions import Fraction

from rich.console import Group
from rich.text import Text

from local.cost.audit import LEFT_OUT, Audit
from local.cost.claims import PERIODS
from local.cost.exact import dollars, plain
from local.cost.tables import fitness, titled
from local.cost.verdicts import BOTH_WRONG, MISCOUNTED, MISPRICED, NOT_CHECKED, UNIT_IN_DOUBT

STYLES = {
    LEFT_OUT: "yellow", NOT_CHECKED: "yellow", MISPRICED: "red", MISCOUNTED: "red", BOTH_WRONG: "red",
    UNIT_IN_DOUBT: "red",
}  # fmt: skip
HEADS = {"hour": "$/h", "day": "$/day", "month": "$/month", "million": "$/million"}


def table(audit: Audit) -> Group:
    """Return the claimed bill with what the price list says beside it, in the audit's period."""
    unit = HEADS[audit.per]
    heads = ("item", f">claimed {unit}", f">true {unit}", ">difference", "verdict", "remark")
    made = titled(audit.name, *heads)
    for finding in audit.findings:
        claimed = money(audit, finding.claimed) if finding.claim else "-"
        true, difference = (
            "-" if value is None else money(audit, value) for value in (finding.true, finding.difference)
        )
        verdict = Text(finding.verdict, style=STYLES.get(finding.verdict, ""))
        made.add_row(finding.item, claimed, true, difference, verdict, finding.remark)
    made.add_section()
    checked = money(audit, audit.covered), money(audit, audit.true), money(audit, audit.true - audit.covered)
    made.add_row("total checked" if audit.unchecked else "total", *checked, "", "", style="bold")
    for who, hour in audit.readings:
        made.add_row(f"  {who}", "", money(audit, hour), money(audit, hour - audit.covered), "", "")
    return Group(made, *(Text(line) for line in sentences(audit)))


def money(audit: Audit, hour: Fraction) -> str:
    """Return dollars an hour in the audit's period."""
    return dollars(hour * audit.periods.hours_of(audit.per), 4 if audit.per == "hour" else 2)


def sentences(audit: Audit) -> list[str]:
    """Return what an audit says in words."""
    lines = ["", f"As claimed: {audit.arithmetic}."]
    if audit.adds_up is False:
        lines.append("The claims do not add up to the printed total.")
    if doubted := [finding.item for finding in audit.findings if finding.verdict == UNIT_IN_DOUBT]:
        lines.append(f"Counted as typed, though the unit is in doubt: {', '.join(doubted)}.")
    if audit.unchecked:
        checked = sum(finding.claim is not None for finding in audit.findings) - len(audit.unchecked)
        left = sum((finding.claimed for finding in audit.unchecked), Fraction(0))
        names = ", ".join(finding.item for finding in audit.unchecked)
        claims = f"{checked} of {checked + len(audit.unchecked)} claims"
        lines.append(f"The total covers {claims}; {money(audit, left)} are not checked: {names}.")
    for other in audit.others:
        amount = money(audit, other.amount / audit.periods.hours_of(other.per))
        lines.append(
            f"Not usage, so not in the total: {other.name}, {amount}{f' ({other.note})' if other.note else ''}."
        )
    bill = audit.bill
    if bill is None:
        return lines
    rate, standing = plain(bill.rate), money(audit, audit.standing)
    readings = ", ".join(f"{money(audit, hour)} with {who}" for who, hour in audit.readings) or money(audit, audit.true)
    lines.append(f"At {rate} requests/s, {PERIODS[audit.per][0]}: {readings}.")
    lines.append(f"Before the first request it is {standing}.")
    if audit.readings:
        lines.append("The bill does not say who asked; traffic is free within a zone only.")
    return lines + fitness(bill)
