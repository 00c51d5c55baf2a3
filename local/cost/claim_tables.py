"""Claims and other lines out of an audit file's tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.claims import PERIODS, Claim, Other
from local.cost.errors import CostError
from local.cost.exact import exact, plain
from local.digits import ungrouped

CLAIM_KEYS = {
    "item": "the item of the configuration's bill that it is for, such as `nodes`",
    "items": "several such items that the bill shows as one, such as `['alb', 'alb-capacity']`",
    "price": "for a line that no configuration describes: a row of the price book, such as `ec2 t3.medium`",
    "name": "what the bill calls it; a line with a name alone is added up and marked not checked",
    "quantity": "how many things it is for, such as nodes or GB, all the time",
    "usage": "with a price: units billed in the period, such as 744 hours or 20,000,000 requests",
    "unit_price": "dollars for one thing in the period, or for a unit of usage as the price is published",
    "amount": "dollars in the period, as printed: 33.48, or '$1,234.56', or '~30'",
    "per": "what the amount is for: hour, day, month or million (requests); the file's `per` if left out",
    "about": "true if the amount is only said to be about right: 5 % are left to it",
    "discount_percent": "what a reserved instance or savings plan takes off the list price of this line",
    "note": "a remark of your own",
}
"""The keys of a claim, and what each one is."""
OTHER_KEYS = {
    "name": "what it is: tax, credit, refund, support, a fee of a savings plan",
    "amount": "dollars in the period; negative for what is taken off",
    "per": "as above",
    "note": "a remark of your own",
}
"""The keys of a line that is no usage, and what each one is."""
MAX_CLAIMS = 1000


def claims_of(tables: object, where: str, lines: Sequence[int] = (), per: str = "hour") -> list[Claim]:
    """Return claims out of an audit file's `[[claim]]` tables.

    Args:
        tables: The tables.
        where: The file, for errors.
        lines: The line on which each table begins, where they are known.
        per: What amounts are for that do not say it.

    Raises:
        CostError: A key is not known, a number is none, or an item is claimed twice.
    """
    if not isinstance(tables, list):
        raise CostError(f"{where}: claim: must be [[claim]] tables")
    if len(tables) > MAX_CLAIMS:
        raise CostError(f"{where}: has {len(tables):,} claims; at most {MAX_CLAIMS:,} are read")
    claims: list[Claim] = []
    for number, table in enumerate(tables, 1):
        line = lines[number - 1] if len(lines) == len(tables) else 0
        place = f"{where}: {f'line {line}: ' if line else ''}claim {number}"
        claim = _claim(table, place, line, per)
        for other in claims:
            if twice := set(claim.items) & set(other.items):
                raise CostError(f"{place}: {min(twice)} is claimed twice")
        claims.append(claim)
    return claims


def others_of(tables: object, where: str, per: str = "hour") -> list[Other]:
    """Return the lines out of an audit file's `[[other]]` tables.

    Raises:
        CostError: A key is not known, or a number is none.
    """
    if not isinstance(tables, list) or len(tables) > MAX_CLAIMS:
        raise CostError(f"{where}: other: must be [[other]] tables, at most {MAX_CLAIMS:,}")
    claims = []
    for number, table in enumerate(tables, 1):
        place = f"{where}: other {number}"
        table = _known_keys(table, OTHER_KEYS, place)
        for key in ("name", "amount"):
            if key not in table:
                raise CostError(f"{place}: {key}: is missing")
        amount = exact(printed(table["amount"], f"{place}: amount", signed=True)[0])
        claims.append(
            Other(
                _text(table, "name", place),
                amount,
                period(table.get("per", per), f"{place}: per"),
                _text(table, "note", place),
            )
        )
    return claims


def _claim(table: object, where: str, line: int, per: str) -> Claim:
    table = _known_keys(table, CLAIM_KEYS, where)
    if sum(key in table for key in ("item", "items", "price")) > 1:
        raise CostError(f"{where}: give one of item, items and price")
    if not any(table.get(key) for key in ("item", "items", "price", "name")):
        raise CostError(f"{where}: item: is missing; say what it is for by item, items, price or name")
    items = table.get("items", [table["item"]] if "item" in table else [])
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items) or len(set(items)) < len(items):
        raise CostError(f"{where}: items: must be a list of different items, such as ['alb', 'alb-capacity']")
    if "amount" not in table and "unit_price" not in table:
        raise CostError(f"{where}: give either an amount, or a quantity and a unit_price")
    if "quantity" in table and "usage" in table:
        raise CostError(f"{where}: give either a quantity (things) or a usage (billed units), not both")
    if "usage" in table and "price" not in table:
        raise CostError(f"{where}: usage: goes with a price; for an item say the quantity")
    numbers = {
        key: printed(table[key], f"{where}: {key}")
        for key in ("quantity", "usage", "unit_price", "amount")
        if key in table
    }
    values = {key: number for key, (number, _) in numbers.items()}
    return Claim(
        name=_text(table, "name", where),
        items=tuple(items),
        row=_row(table, where),
        quantity=exact(values["quantity"]) if "quantity" in values else None,
        usage=exact(values["usage"]) if "usage" in values else None,
        unit_price=values.get("unit_price"),
        printed_amount=values.get("amount"),
        per=period(table.get("per", per), f"{where}: per"),
        about=table.get("about") is True or any(about for _, about in numbers.values()),
        discount=percent(table.get("discount_percent", 0), f"{where}: discount_percent"),
        note=_text(table, "note", where),
        line=line,
    )


def _known_keys(table: object, known: Mapping[str, str], where: str) -> Mapping[str, Any]:
    if not isinstance(table, Mapping):
        raise CostError(f"{where}: must be a table")
    for key in table:
        if key not in known:
            raise CostError(f"{where}: {key}: is not known; known are {', '.join(known)}")
    return table


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise CostError(f"{where}: {key}: must be a text")
    return value


def _row(table: Mapping[str, Any], where: str) -> tuple[str, str] | None:
    if "price" not in table:
        return None
    service, _, dimension = _text(table, "price", where).partition(" ")
    if not dimension:
        raise CostError(f"{where}: price: must be a service and a dimension, such as 'ec2 t3.medium'")
    return service, dimension


def period(value: object, where: str) -> str:
    """Return what an amount is for.

    Raises:
        CostError: It is none of the periods.
    """
    if value not in PERIODS:
        raise CostError(f"{where}: must be one of {', '.join(PERIODS)}")
    return str(value)


def percent(value: object, where: str) -> Fraction:
    """Return a percentage as a share.

    Raises:
        CostError: It is not from 0 to 100.
    """
    number, _ = printed(value, where)
    if number > 100:
        raise CostError(f"{where}: must be from 0 to 100")
    return exact(number) / 100


def printed(value: object, where: str, *, signed: bool = False) -> tuple[Decimal, bool]:
    """Return a number as it was printed, with its decimal places, and whether it is only about right (`~30`).

    Raises:
        CostError: It is no number, or out of range.
    """
    about = False
    if isinstance(value, str):
        about, value = value.startswith("~"), _amount(value, where, signed=signed)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CostError(f"{where}: must be a number")
    number = Decimal(value)
    low = -(10**12) if signed else 0
    if not number.is_finite() or not low <= number <= 10**12:
        raise CostError(f"{where}: must be from {plain(Fraction(low))} to {plain(Fraction(10**12))}")
    return number, about


def _amount(text: str, where: str, *, signed: bool) -> Decimal:
    number = text.removeprefix("~").strip()
    sign = "-" if signed and number.startswith("-") else ""
    try:
        return Decimal(sign + ungrouped(number.removeprefix(sign).strip().removeprefix("$").strip()))
    except ValueError:
        like = "1234.56, '$1,234.56' or '~30'"
        raise CostError(f"{where}: {text[:40]!r} is not one amount such as {like}") from None
