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
    """Yield a line for each group: its dollars, or its usage.

    Raises:
        CostError: A cell has no number.
    """
    dated, totals = [ZERO] * len(header), [ZERO] * len(header)
    any_dated = False
    for number, row in enumerate(rows, 2):
        if not row or len(row) != len(header):
            continue
        sums = dated if re.match(r"\d{4}-\d\d", row[0]) else totals
        any_dated = any_dated or sums is dated
        for at, text in enumerate(row[1:], 1):
            sums[at] += _number(text, f"{where}: line {number}: column {at + 1}")
    grouping = header[0].strip().lstrip("\ufeff").lower()
    for at, column in enumerate(header[1:], 1):
        match = _COLUMN.fullmatch(column.strip())
        if match is None or match[1].strip().lower().startswith("total"):
            continue
        name, unit, amount = match[1].strip(), match[2], (dated if any_dated else totals)[at]
        if other := NOT_USAGE.get(name.lower()):
            yield BillLine(other, name, "", None, "", None, amount)
        elif "usage" in grouping:
            dollars = unit in ("$", "USD", "US$")
            yield BillLine(USAGE, "", name, None, "", None if dollars else amount, amount if dollars else ZERO)
        else:
            yield BillLine(USAGE, name, "", None, "", None, amount, description=BY_SERVICE)


def _number(text: str, where: str) -> Decimal:
    try:
        found = Decimal(text or "0")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) > 10**15:
        raise CostError(f"{where}: {text[:40]!r} is not a number")
    return found
