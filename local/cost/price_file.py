"""The price book as its files, one for each region: one canonical text, so that a refresh changes what changed only."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.errors import CostError
from local.cost.exact import exact, plain
from local.cost.price_book import CERTAINTIES, Price, PriceTier, region_named

HEADER = """\
# Prices of one region, on demand, in US dollars. Every price that the project knows stands in this folder.
# A list has prices of one service, for `per` units each (1 unless given), or in tiers of a month's volume. `read` is
# the day or month of the price list that they were read from; `certainty` is firm, or weak where the source is weak,
# old or alone. `crossover prices refresh --region REGION --write` rewrites this file.
"""
HEADING = ("service", "unit", "per", "source", "read", "certainty")


def render(rows: Sequence[Price]) -> str:
    """Return the text of a file; all rows are of one region."""
    lists: dict[tuple[object, ...], list[Price]] = {}
    for row in rows:
        lists.setdefault(tuple(getattr(row, key) for key in HEADING), []).append(row)
    region = f"region = {json.dumps(rows[0].region)}\n"
    return HEADER + region + "".join(f"\n{_list(members)}" for members in lists.values())


def _list(rows: Sequence[Price]) -> str:
    first, lines = rows[0], ["[[list]]"]
    for key in HEADING:
        value = getattr(first, key)
        if key != "per":
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
        elif value != 1:
            lines.append(f"per = {value:_}")
    lines.append("[list.prices]")
    for row in rows:
        name = row.dimension if re.fullmatch(r"[\w-]+", row.dimension) else json.dumps(row.dimension)
        if len(row.tiers) == 1:
            lines.append(f"{name} = {_number(row.single)}")
        else:
            lines += [f"{name} = [", *(f"  {_tier(tier)}," for tier in row.tiers), "]"]
    return "\n".join(lines) + "\n"


def _tier(tier: PriceTier) -> str:
    upto = "" if tier.upto is None else f"upto = {_number(tier.upto)}, "
    return f"{{ {upto}price = {_number(tier.price)} }}"


def _number(value: Fraction) -> str:
    return plain(value, 30).replace(",", "_")


def parse(document: Mapping[str, Any], where: str) -> list[Price]:
    """Return the rows of a file's TOML document, read with decimals. `where` names the file in errors.

    Raises:
        CostError: One line with the file and the list, for what is unknown, missing or wrong.
    """
    lists = document.get("list", [])
    if set(document) - {"region", "list"} or not isinstance(lists, list):
        raise CostError(f"{where}: may hold a region and [[list]] tables only")
    try:
        region = region_named(document.get("region"))
    except CostError as problem:
        raise CostError(f"{where}: {problem}") from None
    return [row for number, table in enumerate(lists, 1) for row in _rows_of(table, region, f"{where}: list {number}")]


def _rows_of(table: object, region: str, where: str) -> list[Price]:
    if not isinstance(table, Mapping):
        raise CostError(f"{where}: must be a table")
    if unknown := set(table) - {*HEADING, "prices"}:
        raise CostError(f"{where}: {sorted(unknown)[0]}: is not known")
    heading: dict[str, Any] = {key: table.get(key, 1) if key == "per" else table.get(key) for key in HEADING}
    for key, value in heading.items():
        valid = isinstance(value, int) and not isinstance(value, bool) if key == "per" else isinstance(value, str)
        if not valid or not value:
            raise CostError(f"{where}: {key}: is missing, or no {'whole number' if key == 'per' else 'text'}")
    if heading["certainty"] not in CERTAINTIES[:2]:
        raise CostError(f"{where}: certainty: is none of firm, weak")
    prices = table.get("prices")
    if not isinstance(prices, Mapping) or not prices:
        raise CostError(f"{where}: prices: is missing; it is a table of dimensions and prices")
    return [
        Price(dimension=dimension, region=region, tiers=_tiers(value, f"{where}: {dimension}"), **heading)
        for dimension, value in prices.items()
    ]


def _tiers(value: object, where: str) -> tuple[PriceTier, ...]:
    steps = value if isinstance(value, list) else [{"price": value}]
    if not steps or not all(isinstance(step, Mapping) and set(step) <= {"upto", "price"} for step in steps):
        raise CostError(f"{where}: must be a price, or tiers such as {{ upto = 100, price = 1 }}")
    tiers = tuple(
        PriceTier(_amount(step["upto"], where) if "upto" in step else None, _amount(step.get("price"), where))
        for step in steps
    )
    bounds = [tier.upto for tier in tiers]
    if bounds[-1] is not None or None in bounds[:-1] or bounds[:-1] != sorted(set(bounds[:-1]), key=lambda b: b or 0):
        raise CostError(f"{where}: tiers must rise, and only the last has no end")
    return tiers


def _amount(value: object, where: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite() or value < 0:
        raise CostError(f"{where}: must be a number of at least 0")
    return exact(value)
