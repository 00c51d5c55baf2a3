"""What people look at: tables and sentences on the console."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from rich.console import Console, Group
from rich.text import Text

from local.console import LiteralTable, filtered
from local.cost.bill import Bill, Item
from local.cost.crossings import cheapest_ranges, crossings
from local.cost.deployment_plan import Plan, Planner
from local.cost.exact import HOURS_PER_MONTH, dollars, plain
from local.cost.formulas import known
from local.cost.lines import Line
from local.cost.meanings import MEANINGS
from local.cost.price_book import STALE_AFTER_DAYS, Price
from local.cost.refresh.compare import CHANGED, CONFIRMED, PriceChange

SHOWN_CROSSINGS = 12
DIGITS = 6
PIPE_WIDTH = 160


def titled(title: str, *columns: str) -> LiteralTable:
    """Return a table; a column whose name starts with `>` is set to the right."""
    table = LiteralTable(title=Text(title), title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(Text(column.removeprefix(">")), justify="right" if column.startswith(">") else "left")
    return table


def prices(rows: Sequence[Price], today: date) -> Group:
    """Return the price book, and a warning of what should be read again."""
    table = titled(f"{len(rows)} prices", "service", "dimension", "price in dollars", "read", "certainty", "source")
    for row in rows:
        read = Text(row.read, style="yellow" if row.stale(today) else "")
        certainty = Text(row.certainty, style="" if row.certainty == "firm" else "yellow")
        table.add_row(row.service, row.dimension, row.published(), read, certainty, row.source)
    stale = [row for row in rows if row.stale(today)]
    if not stale:
        return Group(table)
    warning = f"{len(stale)} prices are older than {STALE_AFTER_DAYS} days or of unknown date: "
    names = ", ".join(row.name for row in stale)
    return Group(
        table,
        Text(
            f"\n{warning}{names}. Renew them with: crossover prices refresh --region {rows[-1].region}", style="yellow"
        ),
    )


def bill(bill: Bill, *, assumed: bool) -> Group:
    """Return a bill as a table, and below it every item's formula, arithmetic, inputs and price rows."""
    workload = f"{bill.workload} ({'assumed' if assumed else 'measured'} workload)"
    title = f"{bill.configuration}, {bill.region}\n{workload}, {plain(bill.rate)} requests/s"
    table = titled(title, "item", ">$/hour", ">$/month", ">$/million", "what it is")
    for item in bill.items:
        month = item.month
        meaning = MEANINGS[item.name]
        table.add_row(item.name, dollars(month / bill.hours), dollars(month, 2), _million(bill, month), meaning)
    table.add_section()
    month = bill.month
    hours = f"a month is {plain(bill.hours)} hours"
    table.add_row("total", dollars(bill.hour), dollars(month, 2), _million(bill, month), hours, style="bold")
    lines = [Text("\nHow each item was computed, for the month", style="bold")]
    for item in bill.items:
        lines += [Text(line) for line in explained(item)]
    return Group(table, *lines, Text(""), *(Text(line) for line in fitness(bill)))


def bills(several: Sequence[Bill], *, assumed: bool) -> LiteralTable:
    """Return bills of one configuration at several rates, a line each, with the quota that the account needs."""
    quotas = [quota.name for quota in several[0].quotas]
    title = f"{several[0].workload} ({'assumed' if assumed else 'measured'} workload)"
    heads = (
        ">requests/s",
        ">$/hour",
        ">$/month",
        ">$/million",
        *(f">{name}" for name in quotas),
        "serves",
        "configuration",
    )
    table = titled(title, *heads)
    for one in several:
        month = one.month
        needed = [plain(quota.value, DIGITS) for quota in one.quotas]
        amounts = (dollars(one.hour), dollars(month, 2), _million(one, month))
        table.add_row(plain(one.rate), *amounts, *needed, "yes" if one.serves else "no", one.configuration)
    return table


def explained(item: Item) -> list[str]:
    """Return an item's formula in names and numbers, where its inputs come from, and its price rows."""
    lines = [f"{item.name}: {item.formula}", f"    {item.arithmetic}"]
    for quantity in item.quantities:
        if quantity.how:
            lines.append(f"    {quantity.name} {plain(quantity.value, DIGITS)}: {quantity.how}")
    for row in item.rows:
        derived = f", derived from {row.derived_from}" if row.derived_from else ""
        lines.append(f"    price: {row.name}, {row.published()}, read {row.read}, {row.certainty}{derived}")
    return lines


def fitness(bill: Bill) -> list[str]:
    """Return whether it serves the rate, and what the account must be allowed."""
    lines = []
    if bill.limit:
        rate, why = plain(known(bill.limit.rate), DIGITS), f"{bill.limit.name}: {bill.limit.why}"
        verdict = "It serves" if bill.serves else "THIS RATE IS BEYOND IT: it serves"
        lines.append(f"{verdict} up to {rate} requests/s at its utilisation target with its spares lost ({why}).")
    for quota in bill.quotas:
        lines.append(f"Quota needed: {plain(quota.value, DIGITS)} {quota.name} ({quota.how}).")
    return lines


def comparison(lines: Sequence[Line], title: str) -> Group:
    """Return the crossings of the first line with each other one, and which line is cheapest where."""
    first, *others = lines
    table = titled(
        f"{title}\nWhere {first.name} crosses",
        "the line of",
        ">at requests/s",
        ">$/hour",
        "up to it cheaper",
        "over it cheaper",
    )
    for other in others:
        points = crossings(first, other)
        if not points:
            table.add_row(other.name, "nowhere", "", "", "")
        for one in points[:SHOWN_CROSSINGS]:
            step = " (step)" if one.step else ""
            table.add_row(other.name, f"{plain(one.rate, DIGITS)}{step}", dollars(one.cost), one.below, one.above)
        if len(points) > SHOWN_CROSSINGS:
            table.add_row(other.name, f"and {len(points) - SHOWN_CROSSINGS} more", "", "", "")
    ranges = titled("\nCheapest", ">over requests/s", ">up to", ">$/hour there", "platform")
    for piece in cheapest_ranges(lines):
        top = next(line.at(piece.until) for line in lines if line.name == piece.label)
        cost = dollars(top) if top is not None else ""
        ranges.add_row(plain(piece.start, DIGITS), plain(piece.until, DIGITS), cost, piece.label)
    ends = [
        Text(f"{line.name} serves up to {plain(line.end, DIGITS)} requests/s.")
        for line in lines
        if line.end < max(other.end for other in lines)
    ]
    return Group(table, ranges, *ends)


def refresh(changes: Sequence[PriceChange]) -> Group:
    """Return what the list says, the confirmed rows only counted."""
    table = titled("The book against the list", "price", "is", "note")
    for one in changes:
        if one.kind != CONFIRMED:
            table.add_row(one.row.name, Text(one.kind, style="red" if one.kind == CHANGED else "yellow"), one.note)
    confirmed = sum(one.kind == CONFIRMED for one in changes)
    return Group(table, Text(f"{confirmed} of {len(changes)} prices are confirmed."))


PLAN_HEADS = ("web tier", "storage tier", "size", ">requests/s", ">$/hour", ">$/month", "most of it, or why it loses")


def plan_rows(plans: Sequence[Plan]) -> list[tuple[str, ...]]:
    """Return a row for each plan: what it buys, what it costs, and why it is not the first."""
    return [
        (
            plan.web.name,
            plan.storage.name if plan.storage else "none",
            plan.size,
            plain(plan.rate, DIGITS),
            dollars(plan.hour, 3),
            dollars(plan.hour * HOURS_PER_MONTH, 2),
            plan.loses or plan.dearest,
        )
        for plan in plans
    ]


def plans(plans: Sequence[Plan], steps: Sequence[Plan], title: str, sentences: Sequence[str] = ()) -> Group:
    """Return the plan of each web tier, the best first, and the cheapest at rates up to the best one's."""
    table = titled(title, *PLAN_HEADS)
    for row in plan_rows(plans):
        table.add_row(*row)
    cheapest = titled("\nThe cheapest at each rate", ">requests/s", ">$/hour", "deployment")
    for plan in steps:
        cheapest.add_row(plain(plan.rate, DIGITS), dollars(plan.hour, 3), plan.name)
    return Group(table, cheapest, *(Text(line) for line in ("", *sentences) if sentences))


def speed_note(planner: Planner, plans: Sequence[Plan], budget: Fraction | None) -> str:
    """Return on what speed of a vCPU the best plan rests, and what it is at the bounds; empty without any."""
    best, speed = plans[0], plans[0].web.speed
    if speed is None or speed.low == speed.high:
        return ""
    source = f"{speed.source[:1].upper()}{speed.source[1:]}"
    said = f"A vCPU of {best.web.name} is taken as {plain(speed.ratio)} times one of Graviton4. {source}."
    for bound in (speed.low, speed.high):
        there = planner.at_speed(best, bound, budget)
        if there is not None:
            amount = f"{dollars(there.hour, 3)} an hour" if budget is None else f"{plain(there.rate, 5)} requests/s"
            said += f" At {plain(bound)} it is {amount}."
    return said


def _million(bill: Bill, month: Fraction) -> str:
    amount = bill.per_million(month)
    return "" if amount is None else dollars(amount)


def show(console: Console, group: Group | LiteralTable) -> None:
    """Print, wide where the output is not a terminal."""
    target = console if console.is_terminal else filtered(Console(file=console.file, width=PIPE_WIDTH))
    target.print(group, highlight=False)
