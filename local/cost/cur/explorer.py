"""A Cost Explorer CSV: groups in columns, days or months in rows. Pure.

    "Usage type","USE1-BoxUsage:t3.medium($)","Total costs($)"
    "Usage type total","30.37","30.37"
    "2026-10-01","30.37","30.37"

The unit in brackets says whether a column has dollars or usage.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation

from local.cost.cur.lines import USAGE, ZERO, BillLine
from local.cost.errors import CostError

_COLUMN = re.compile(r"(.+)\(([^()]*)\)")
NOT_USAGE = {"tax": "Tax", "credit": "Credit", "refund": "Refund"}
BY_SERVICE = "Cost Explorer grouped by service; export it grouped by usage type"


def is_explorer(header: Sequence[str]) -> bool:
    """Return whether a header is one of a Cost Explorer export."""
    return len(header) > 1 and "/" not in header[0] and all(_COLUMN.fullmatch(name.strip()) for name in header[1:])


def lines(header: Sequence[str], rows: Iterable[Sequence[str]], where: str) -> Iterator[BillLine]:
    """Yield a line for each group and month: its dollars, or its usage.

    Raises:
        CostError: A cell has no number.
    """
    months: dict[str, list[Decimal]] = {}
    for number, row in enumerate(rows, 2):
        if not row or len(row) != len(header):
            continue
        month = row[0][:7] if re.match(r"\d{4}-\d\d", row[0]) else ""
        sums = months.setdefault(month, [ZERO] * len(header))
        for at, text in enumerate(row[1:], 1):
            sums[at] += _number(text, f"{where}: line {number}: column {at + 1}")
    if len(months) > 1:
        months.pop("", None)  # the row of totals
    for month, sums in months.items():
        yield from _month(header, sums, month)


def _month(header: Sequence[str], sums: Sequence[Decimal], month: str) -> Iterator[BillLine]:
    grouping = header[0].strip().lstrip("\ufeff").lower()
    for column, amount in zip(header[1:], sums[1:], strict=True):
        match = _COLUMN.fullmatch(column.strip())
        if match is None or match[1].strip().lower().startswith("total"):
            continue
        name, unit = match[1].strip(), match[2]
        if other := NOT_USAGE.get(name.lower()):
            yield BillLine(other, name, "", None, "", None, amount, month=month)
        elif "usage" in grouping:
            dollars = unit in ("$", "USD", "US$")
            usage, cost = (None, amount) if dollars else (amount, ZERO)
            yield BillLine(USAGE, "", name, None, "", usage, cost, month=month)
        else:
            yield BillLine(USAGE, name, "", None, "", None, amount, description=BY_SERVICE, month=month)


def _number(text: str, where: str) -> Decimal:
    try:
        amount = Decimal(text or "0")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > 10**15:
        raise CostError(f"{where}: {text[:40]!r} is not a number")
    return amount
