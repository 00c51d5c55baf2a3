"""The cost data on disk: the shipped price book, works, configurations and audits, and those of the user."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost.book import CERTAINTIES, Book, Price, Tier
from local.cost.configuration import Configuration, parse
from local.cost.errors import CostError
from local.cost.exact import exact
from local.cost.schema import read
from local.cost.work import Mix, Work

HERE = Path(__file__).parent
PRICES = HERE / "prices.toml"
CONFIGURATIONS = HERE / "configurations"
WORKS = HERE / "works"
AUDITS = HERE / "audits"
MAX_BYTES = 1_000_000


def toml(path: Path) -> dict[str, Any]:
    """A TOML file with its decimals exact. Raises `CostError` for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise CostError(f"{path}: {(problem.strerror or 'cannot be read').lower()}") from None
    if len(content) > MAX_BYTES:
        raise CostError(f"{path}: is over {MAX_BYTES:,} bytes; no such file needs so many")
    try:
        return tomllib.loads(content.decode(), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CostError(f"{path}: is not TOML: {problem}") from None


def shipped(folder: Path) -> list[str]:
    """The names of the files that came with the project."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def find(name: str, folder: Path, what: str) -> Path:
    """The user's file of that name, or else the shipped one. Raises `CostError` with the shipped names."""
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return path
    if name in shipped(folder):
        return folder / f"{name}.toml"
    raise CostError(f"{name}: is neither a {what} file (.toml) nor one of {', '.join(shipped(folder))}")


def configuration(name: str) -> Configuration:
    """A configuration by path or by its shipped name."""
    path = find(name, CONFIGURATIONS, "configuration")
    return parse(toml(path), str(path) if path.parent != CONFIGURATIONS else path.name)


def work(name: str) -> Work:
    """A work by path or by its shipped name."""
    path = find(name, WORKS, "work")
    return read(Work, toml(path), f"{path.name}: work")


def mix(weights: Mapping[str, Fraction]) -> Mix:
    """The mixed work of services by weight."""
    return Mix.of([(work(name), weight) for name, weight in weights.items()])


def price_book(path: Path = PRICES) -> Book:
    """The price book. Raises `CostError` for a row that is not one."""
    document = toml(path)
    rows = document.pop("price", [])
    if document or not isinstance(rows, list):
        raise CostError(f"{path.name}: may hold [[price]] rows only")
    return Book([_row(row, f"{path.name}: price {number}") for number, row in enumerate(rows, 1)])


def _row(row: Mapping[str, Any], where: str) -> Price:
    known = {field.name for field in fields(Price)} - {"derived_from"} | {"price"}
    if unknown := set(row) - known:
        raise CostError(f"{where}: {sorted(unknown)[0]}: is not known")
    try:
        if ("price" in row) == ("tiers" in row):
            raise CostError(f"{where}: needs either price or tiers")
        tiers = row.get("tiers") or [{"price": row["price"]}]
        result = Price(
            service=row["service"],
            dimension=row["dimension"],
            unit=row["unit"],
            per=int(row.get("per", 1)),
            tiers=tuple(Tier(exact(tier["upto"]) if "upto" in tier else None, exact(tier["price"])) for tier in tiers),
            region=row["region"],
            source=row["source"],
            read=row["read"],
            certainty=row["certainty"],
        )
    except KeyError as missing:
        raise CostError(f"{where}: {missing.args[0]}: is missing") from None
    if result.certainty not in CERTAINTIES[:2]:
        raise CostError(f"{where}: certainty: is none of firm, weak")
    bounds = [tier.upto for tier in result.tiers]
    if (
        bounds[-1] is not None
        or None in bounds[:-1]
        or bounds[:-1] != sorted(bounds[:-1], key=lambda bound: bound or 0)
    ):
        raise CostError(f"{where}: tiers: must rise, and only the last has no end")
    return result
