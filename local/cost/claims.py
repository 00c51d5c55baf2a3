"""Claims: the lines of a bill as it was printed, out of an audit file. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from local.cost.exact import exact, plain, rounded

PERIODS = {
    "hour": ("an hour", "an hourly amount"),
    "day": ("a day", "a daily amount"),
    "month": ("a month", "a monthly amount"),
    "million": ("a million requests", "an amount per million requests"),
}
"""What an amount may be for, in words, and what such an amount is called."""
ABOUT = Fraction(1, 20)
"""How far an amount may be off that is said to be about right, as a share."""
LAST_PLACE = Fraction(1, 200)
"""How far an amount may be off that was cut instead of rounded, as a share."""


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


def places(number: Decimal) -> int:
    """Return the decimal places that were printed."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
