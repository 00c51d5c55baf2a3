"""One line of a bill that AWS exported, whatever the export calls its columns. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from local.cost.errors import CostError

COLUMNS: Mapping[str, Sequence[str]] = {
    "kind": ("lineItem/LineItemType", "line_item_line_item_type"),
    "record": ("RecordType",),
    "product": ("lineItem/ProductCode", "line_item_product_code", "ProductCode"),
    "usage_type": ("lineItem/UsageType", "line_item_usage_type", "UsageType"),
    "operation": ("lineItem/Operation", "line_item_operation", "Operation"),
    "usage": ("lineItem/UsageAmount", "line_item_usage_amount", "UsageQuantity"),
    "cost": ("lineItem/UnblendedCost", "line_item_unblended_cost", "CostBeforeTax"),
    "net": ("lineItem/NetUnblendedCost", "line_item_net_unblended_cost"),
    "description": ("lineItem/LineItemDescription", "line_item_line_item_description", "ItemDescription"),
    "currency": ("lineItem/CurrencyCode", "line_item_currency_code", "CurrencyCode"),
    "list_cost": ("pricing/publicOnDemandCost", "pricing_public_on_demand_cost"),
    "reserved_cost": ("reservation/EffectiveCost", "reservation_effective_cost"),
    "plan_cost": ("savingsPlan/SavingsPlanEffectiveCost", "savings_plan_savings_plan_effective_cost"),
    "region": ("product/region", "product/regionCode", "product_region_code", "product_region"),
    "start": (
        *("lineItem/UsageStartDate", "line_item_usage_start_date", "UsageStartDate"),
        *("bill/BillingPeriodStartDate", "bill_billing_period_start_date", "BillingPeriodStartDate"),
    ),
    "tax": ("TaxAmount",),
    "credits": ("Credits",),
}
"""What is read of a line, and the columns that have it: legacy CUR, CUR 2.0 and Parquet, the monthly bill's CSV."""
NEEDED_COLUMNS = ("usage_type", "usage", "cost")
ITEM_RECORDS = ("LineItem", "PayerLineItem", "LinkedLineItem")
"""Records of a monthly bill's CSV that are lines; the others are totals."""
USAGE, RESERVED, PLANNED = "Usage", "DiscountedUsage", "SavingsPlanCoveredUsage"
ZERO = Decimal(0)


class BillLine(NamedTuple):
    """A line as AWS wrote it.

    Attributes:
        kind: The line item type, such as Usage, Tax or Credit.
        operation: None where the export has no such column.
        usage: None where the export has no usage.
        effective: What a reservation or savings plan makes of it; None for other lines.
        list_cost: What AWS says it costs on demand; None where the export does not say.
        net: The cost after discounts; None where the export does not say.
        month: Such as 2026-10, whose tiers the usage is of; empty where the export does not say.
    """

    kind: str
    product: str
    usage_type: str
    operation: str | None
    region: str
    usage: Decimal | None
    cost: Decimal
    effective: Decimal | None = None
    list_cost: Decimal | None = None
    net: Decimal | None = None
    description: str = ""
    month: str = ""


class Reader:
    """Reads the lines of one table by its header.

    Raises:
        CostError: The header is not one of a bill that AWS exports.
    """

    def __init__(self, header: Sequence[str], where: str) -> None:
        names = {name.strip().lstrip("\ufeff"): number for number, name in enumerate(header)}
        self._where = where
        self._at = {
            key: next(names[name] for name in options if name in names)
            for key, options in COLUMNS.items()
            if any(name in names for name in options)
        }
        missing = [COLUMNS[key][0] for key in NEEDED_COLUMNS if key not in self._at]
        if missing:
            known = "a Cost and Usage Report, a monthly bill or a Cost Explorer CSV"
            raise CostError(f"{where}: has no column {missing[0]}; give {known}")

    @property
    def columns(self) -> Mapping[str, int]:
        """The position of what is read."""
        return self._at

    def lines(self, row: Sequence[str], number: int) -> list[BillLine]:
        """Return what a row has to say: mostly one line.

        Raises:
            CostError: The row is short, or has no number where one is needed, or another currency.
        """
        if not row:
            return []
        try:
            value = {key: row[at] for key, at in self._at.items()}
        except IndexError:
            raise CostError(f"{self._where}: line {number}: has {len(row)} columns, too few for the header") from None
        if value.get("record", "LineItem") not in ITEM_RECORDS:
            return []
        currency = value.get("currency") or "USD"
        if currency != "USD":
            raise CostError(f"{self._where}: line {number}: is in {currency}; the price book is in USD")
        kind, cost = value.get("kind") or USAGE, self._number(value, "cost", number) or ZERO
        effective = {RESERVED: "reserved_cost", PLANNED: "plan_cost"}.get(kind, "")
        lines = [
            BillLine(
                kind,
                value.get("product", ""),
                value["usage_type"],
                value.get("operation"),
                value.get("region", ""),
                self._number(value, "usage", number),
                cost,
                self._number(value, effective, number),
                self._number(value, "list_cost", number),
                self._number(value, "net", number),
                value.get("description", ""),
                value.get("start", "")[:7].replace("/", "-"),
            )
        ]
        for key, name in (("tax", "Tax"), ("credits", "Credit")):
            amount = self._number(value, key, number)
            if amount:
                lines.append(BillLine(name, lines[0].product, "", None, "", None, amount))
        return lines

    def _number(self, value: Mapping[str, str], key: str, number: int) -> Decimal | None:
        text = value.get(key)
        if not text:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or abs(amount) > 10**15:
            raise CostError(f"{self._where}: line {number}: {key}: {text[:40]!r} is not a number")
        return amount
