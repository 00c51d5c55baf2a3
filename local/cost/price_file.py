"""The price book as its file: one canonical text, so that a refresh changes the lines that changed and no other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction

from local.cost.exact import plain
from local.cost.price_book import Price, Tier

HEADER = """\
# The price book: every price that the project knows, on demand, in US dollars. No price stands anywhere else.
# A row is a price for `per` units (1 unless given), or tiers of a month's volume. `read` is the day or month of the
# price list that it was read from; `certainty` is firm, or weak where the source is weak or old.
# `crossover prices refresh --write` rewrites this file.
"""


def render(rows: Sequence[Price]) -> str:
    """Return the file's text."""
    return HEADER + "".join(f"\n{_row(row)}" for row in rows)


def _row(row: Price) -> str:
    lines = ["[[price]]"]
    lines += [
        f"{key} = {json.dumps(getattr(row, key), ensure_ascii=False)}" for key in ("service", "dimension", "unit")
    ]
    if row.per != 1:
        lines.append(f"per = {row.per:_}")
    if len(row.tiers) == 1:
        lines.append(f"price = {_number(row.single)}")
    else:
        lines += ["tiers = [", *(f"  {_tier(tier)}," for tier in row.tiers), "]"]
    lines += [
        f"{key} = {json.dumps(getattr(row, key), ensure_ascii=False)}"
        for key in ("region", "source", "read", "certainty")
    ]
    return "\n".join(lines) + "\n"


def _tier(tier: Tier) -> str:
    upto = "" if tier.upto is None else f"upto = {_number(tier.upto)}, "
    return f"{{ {upto}price = {_number(tier.price)} }}"


def _number(value: Fraction) -> str:
    return plain(value, 30).replace(",", "_")
