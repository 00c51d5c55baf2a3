"""Claims: the lines of a bill as it was printed, out of an audit file. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.errors import CostError
from local.cost.exact import exact, plain, rounded

PERIODS = {
    "hour": ("an hour", "an hourly amount"),
    "day": ("a day", "a daily amount"),
    "month": ("a month", "a monthly amount"),
    "million": ("a million requests", "an amount per million requests"),
}
"""What an amount may be for, in words, and what such an amount is called."""
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
ABOUT = Fraction(1, 20)
"""How far an amount may be off that is said to be about right, as a share."""
LAST_PLACE = Fraction(1, 200)
"""How far an amount may be off that was cut instead of rounded, as a share."""
MAX_CLAIMS = 1000
_PRINTED = re.compile(r"(~?)\s*\$?\s*(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(\.\d{1,12})?")


@dataclass(frozen=True)
class Claim:
    """One line as it was claimed, each number as printed.

    Attributes:
        items: Items of the configuration's bill that it is for, together.
        row: The service and the dimension of a price row, for a line that no configuration describes.
        quantity: How many things, such as nodes or GB; None where the line does not say.
        usage: Units billed in the period, as the price row counts them, such as 744 hours.
        unit_price: Dollars for one thing, or for one unit of usage, in the period.
        amount: Dollars in the period; worked out where only quantity and unit price are printed.
        per: The period: `hour`, `day`, `month` or `million` requests.
        about: Whether the number is only said to be about right.
        discount: The share of the list price that is taken off.
        line: The line of the file, 0 where it is not known.
    """

    name: str = ""
    items: tuple[str, ...] = ()
    row: tuple[str, str] | None = None
    quantity: Fraction | None = None
    usage: Fraction | None = None
    unit_price: Decimal | None = None
    printed_amount: Decimal | None = None
    per: str = "hour"
    about: bool = False
    discount: Fraction = Fraction(0)
    note: str = ""
    line: int = 0
    bundle: int = 1
    """Units of usage that the unit price buys, as the price row publishes it: 1,000,000 requests."""

    @property
    def label(self) -> str:
        """What the bill calls it, or else what it is for."""
        return self.name or " + ".join(self.items) or " ".join(self.row or ())

    @property
    def units(self) -> Fraction:
        """What the unit price is multiplied by."""
        return self.usage if self.usage is not None else self.quantity if self.quantity is not None else Fraction(1)

    @property
    def amount(self) -> Fraction:
        """Dollars in the period."""
        if self.printed_amount is not None:
            return exact(self.printed_amount)
        return self.units * exact(self.unit_price or Decimal(0)) / self.bundle

    @property
    def arithmetic(self) -> str:
        """The claim as it was computed."""
        if self.printed_amount is not None:
            return f"{self.printed_amount}"
        per = f" / {self.bundle:,}" if self.bundle != 1 else ""
        return f"{plain(self.units)} × {self.unit_price}{per}" if self.units != 1 else f"{self.unit_price}{per}"

    def right(self, true: Fraction, units: Fraction | None = None) -> bool:
        """Return whether an amount is what was printed, as far as that was rounded.

        Args:
            true: Dollars in the period.
            units: What the true amount is for; the claim's own units unless given.
        """
        units = self.units if units is None else units
        if self.printed_amount is not None:
            return agrees(true, self.printed_amount, about=self.about)
        return bool(units) and agrees(true / units * self.bundle, self.unit_price or Decimal(0), about=self.about)


@dataclass(frozen=True)
class Other:
    """A line that is no usage: a tax, a credit (negative), a refund, a fee, a discount in dollars."""

    name: str
    amount: Fraction
    per: str
    note: str = ""


def agrees(true: Fraction, printed: Decimal, *, about: bool = False) -> bool:
    """Return whether a number rounds, or is cut, to what was printed.

    >>> agrees(Fraction("4.08"), Decimal("4.1")), agrees(Fraction("14.7752"), Decimal("14.77"))
    (True, True)
    """
    off = abs(true - exact(printed))
    if rounded(true, places(printed)) == printed or (about and off <= true * ABOUT):
        return True
    return off < Fraction(1, 10 ** places(printed)) and off <= true * LAST_PLACE


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
    found = []
    for number, table in enumerate(tables, 1):
        place = f"{where}: other {number}"
        table = _known_keys(table, OTHER_KEYS, place)
        for key in ("name", "amount"):
            if key not in table:
                raise CostError(f"{place}: {key}: is missing")
        amount = exact(printed(table["amount"], f"{place}: amount", signed=True)[0])
        found.append(
            Other(
                _text(table, "name", place),
                amount,
                period(table.get("per", per), f"{place}: per"),
                _text(table, "note", place),
            )
        )
    return found


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
        sign, text = ("-", value[1:].strip()) if signed and value.startswith("-") else ("", value.strip())
        match = _PRINTED.fullmatch(text)
        if not match:
            raise CostError(f"{where}: {value[:40]!r} is not one amount such as 1234.56, '$1,234.56' or '~30'")
        about = bool(match[1])
        value = Decimal(sign + match[2].replace(",", "") + (match[3] or ""))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise CostError(f"{where}: must be a number")
    number = Decimal(value)
    low = -(10**12) if signed else 0
    if not number.is_finite() or not low <= number <= 10**12:
        raise CostError(f"{where}: must be from {plain(Fraction(low))} to {plain(Fraction(10**12))}")
    return number, about


def places(number: Decimal) -> int:
    """Return the decimal places that were printed."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
