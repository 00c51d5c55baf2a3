"""The bill as AWS wrote it beside what the price book says for the same usage. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from local.cost.cur.lines import PLANNED, RESERVED, USAGE, ZERO, BillLine
from local.cost.cur.usage_types import UsagePrice, priced_by, region_of
from local.cost.errors import CostError
from local.cost.exact import dollars, exact, plain
from local.cost.formulas import known
from local.cost.price_book import Price, PriceBook

AS_MODELLED = "as modelled"
BELOW_LIST = "below list price"
DIFFERS = "differs"
RESERVATION = "reserved"
SAVINGS_PLAN = "savings plan"
NO_USAGE = "no usage given"
NOT_CHECKED = "not checked"
TOLERANCE = Fraction(1, 200)
CENT = Fraction(1, 100)
MAX_GROUPS = 50_000
"""Usage types, by product and operation, of one bill."""
OTHER_KINDS = {
    "Tax": "taxes",
    "Credit": "credits",
    "Refund": "refunds",
    "Fee": "fees: one-time, subscription and support",
    "RIFee": "fees of reservations",
    "SavingsPlanRecurringFee": "fees of savings plans",
    "SavingsPlanUpfrontFee": "upfront fees of savings plans",
    "SavingsPlanNegation": "usage that savings plans cover, taken off again",
    "EdpDiscount": "discount of the enterprise agreement (EDP)",
    "PrivateRateDiscount": "discount by private rates",
    "BundledDiscount": "bundled discounts",
    "RiVolumeDiscount": "volume discount on reservations",
    "SppDiscount": "discount of the solution provider program",
    "Discount": "discounts",
    "NetDiscount": "discounts, as the net cost has them",
}
"""Line item types that are no usage, in words."""


@dataclass
class _Sum:
    """Lines of one usage type added up."""

    usage: Decimal = ZERO
    free: Decimal = ZERO
    cost: Decimal = ZERO
    effective: Decimal = ZERO
    list_cost: Decimal | None = ZERO
    has_usage: bool = False
    description: str = ""
    month: str = ""

    def add(self, line: BillLine) -> None:
        self.cost += line.cost
        self.effective += line.effective or ZERO
        if line.usage is not None:
            self.has_usage = True
            self.usage += line.usage
            if not line.cost and "free" in line.description.lower():
                self.free += line.usage
        if self.list_cost is not None:
            self.list_cost = None if line.list_cost is None else self.list_cost + line.list_cost
        self.description = self.description or line.description


@dataclass(frozen=True)
class Entry:
    """What is said about the usage that one price row is for.

    Attributes:
        usage_types: The usage types as AWS wrote them.
        usage: Units billed; None where the export does not say.
        billed: What AWS charged for it by these lines.
        model: What the price book says on demand; None where it cannot say.
        effective: What reservations or savings plans make of it; None where it is on demand.
    """

    name: str
    region: str
    usage_types: tuple[str, ...]
    usage: Fraction | None
    billed: Fraction
    model: Fraction | None = None
    verdict: str = NOT_CHECKED
    remark: str = ""
    row: Price | None = None
    effective: Fraction | None = None


@dataclass(frozen=True)
class BillComparison:
    """A bill, line by line.

    Attributes:
        others: What is no usage: its kind and its sum.
        written: What AWS charged in all.
        free_of_charge: How many usage types cost nothing and are not in the price book.
    """

    entries: tuple[Entry, ...]
    others: tuple[tuple[str, Fraction], ...]
    written: Fraction
    lines: int
    free_of_charge: int = 0

    @property
    def checked(self) -> tuple[Entry, ...]:
        """The entries on demand that the price book has an amount for."""
        return tuple(entry for entry in self.entries if entry.model is not None and entry.effective is None)

    @property
    def committed(self) -> tuple[Entry, ...]:
        """The entries that reservations or savings plans cover."""
        return tuple(entry for entry in self.entries if entry.effective is not None)

    @property
    def unchecked(self) -> tuple[Entry, ...]:
        """The entries that the price book has no amount for."""
        return tuple(entry for entry in self.entries if entry.model is None and entry.effective is None)


@dataclass
class Ledger:
    """Adds up the lines of a bill by usage type."""

    sums: dict[tuple[str, str, str, str | None, str, str], _Sum] = field(default_factory=dict)
    others: dict[str, Decimal] = field(default_factory=dict)
    lines: int = 0
    written: Decimal = ZERO
    _net: Decimal = ZERO

    def add(self, lines: Iterable[BillLine]) -> None:
        """Add lines.

        Raises:
            CostError: There are too many usage types.
        """
        for line in lines:
            self.lines += 1
            self.written += line.cost
            if line.kind not in (USAGE, RESERVED, PLANNED):
                self.others[line.kind] = self.others.get(line.kind, ZERO) + line.cost
                continue
            if line.net is not None:
                self._net += line.net - line.cost
            key = (line.kind, line.product, line.usage_type, line.operation, line.region, line.month)
            if key not in self.sums and len(self.sums) >= MAX_GROUPS:
                raise CostError(f"the bill has over {MAX_GROUPS:,} usage types; is this a Cost and Usage Report?")
            self.sums.setdefault(key, _Sum()).add(line)

    def compare(self, book: PriceBook) -> BillComparison:
        """Return the bill beside the price book.

        Raises:
            CostError: There are no lines.
        """
        if not self.lines:
            raise CostError("the bill has no lines")
        discounts = any(kind.endswith("Discount") for kind in self.others)
        if self._net and not discounts:
            self.others["NetDiscount"] = self._net
            self.written += self._net
        grouped: dict[tuple[str, UsagePrice, str], list[tuple[str, _Sum]]] = {}
        for (kind, product, usage_type, operation, column, month), total in self.sums.items():
            total.month = month
            region, bare = region_of(usage_type, column, product)
            priced = priced_by(product, bare, operation) if usage_type else UsagePrice(why=total.description)
            named = priced if priced.service else priced._replace(dimension=usage_type or product)
            grouped.setdefault((kind, named, region), []).append((usage_type or product, total))
        entries = [_entry(kind, priced, region, parts, book) for (kind, priced, region), parts in grouped.items()]
        shown = [entry for entry in entries if entry.model or entry.billed]
        shown.sort(key=lambda entry: (entry.model is None, -abs(entry.billed), entry.name))
        others = [(kind, exact(amount)) for kind, amount in sorted(self.others.items()) if amount]
        return BillComparison(tuple(shown), tuple(others), exact(self.written), self.lines, len(entries) - len(shown))


def _entry(kind: str, priced: UsagePrice, region: str, parts: list[tuple[str, _Sum]], book: PriceBook) -> Entry:
    names = tuple(dict.fromkeys(name for name, _ in parts))
    cost = exact(sum((part.cost for _, part in parts), ZERO))
    usage = exact(sum((part.usage for _, part in parts), ZERO)) if all(part.has_usage for _, part in parts) else None
    label = f"{priced.service} {priced.dimension}" if priced.service else priced.dimension
    entry = Entry(label, region, names, usage, cost)
    if kind != USAGE:
        verdict = RESERVATION if kind == RESERVED else SAVINGS_PLAN
        entry = replace(entry, verdict=verdict, effective=exact(sum((part.effective for _, part in parts), ZERO)))
    if not priced.service:
        return replace(entry, remark=priced.why)
    try:
        row = book.price(priced.service, priced.dimension, region)
        less = book.price(priced.service, priced.less, region).single if priced.less else Fraction(0)
    except CostError as problem:
        return replace(entry, remark=str(problem).split(": ")[0])
    if usage is None:
        return replace(entry, verdict=NO_USAGE, remark=_implied(cost, row, priced.copies), row=row)
    free = Fraction(0) if not row.tiers[0].price else exact(sum((part.free for _, part in parts), ZERO))
    model = _charge(row, [part for _, part in parts]) * priced.copies - less * (usage - free) * priced.copies
    entry = replace(entry, model=model, row=row)
    if entry.effective is not None:
        off = f"{plain((1 - entry.effective / model) * 100, 3)} % under the list price" if model else ""
        return replace(entry, remark=f"effectively {dollars(entry.effective, 2)}, {off}" if entry.effective else "")
    if abs(cost - model) <= max(model * TOLERANCE, CENT):
        return replace(entry, verdict=AS_MODELLED, remark=f"{plain(free)} of them free" if free else "")
    lists = [part.list_cost for _, part in parts]
    listed = exact(sum((one for one in lists if one is not None), ZERO)) if None not in lists else None
    verdict, remark = _difference(entry, listed, usage - free, row)
    return replace(entry, verdict=verdict, remark=remark)


def _charge(row: Price, parts: Sequence[_Sum]) -> Fraction:
    """Return what the row charges: each month has its tiers, and its free usage where the row has none."""
    months: dict[str, Decimal] = {}
    for part in parts:
        billed = part.usage - (part.free if row.tiers[0].price else ZERO)
        months[part.month] = months.get(part.month, ZERO) + billed
    return sum((known(row.charge(exact(volume))) for volume in months.values()), Fraction(0))


def _difference(entry: Entry, listed: Fraction | None, usage: Fraction, row: Price) -> tuple[str, str]:
    """Return why AWS's amount is not the book's, as far as the bill says it."""
    cost, model = entry.billed, entry.model or Fraction(0)
    unit = f"{plain(cost / usage * row.per, 6)} each" if usage else "without usage"
    if listed and abs(listed - model) <= model * TOLERANCE and cost < model:
        return BELOW_LIST, f"{plain((1 - cost / listed) * 100, 3)} % under the list price"
    book = f"{row.published()} (read {row.read}, {row.certainty})"
    if listed and abs(listed - cost) <= max(cost * TOLERANCE, CENT):
        return DIFFERS, f"AWS's list price is {unit}; the book has {book}"
    return DIFFERS, f"AWS charged {unit}; the book has {book}"


def _implied(cost: Fraction, row: Price, copies: int) -> str:
    if len(row.tiers) > 1 or not row.single:
        return "the export has no usage"
    units = cost / row.single * row.per / copies
    return f"{plain(units, 6)} {row.unit}s at {plain(row.single)}"
