"""The cost data on disk: the shipped price book, workloads, configurations and audits, and those of the user."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from local.cost.configuration import Configuration, parse
from local.cost.errors import CostError
from local.cost.price_book import ALL, Price, PriceBook, region_named
from local.cost.price_file import parse as parse_prices
from local.cost.schema import read
from local.cost.workload import Mix, ServiceWork
from local.files import read_bounded

PACKAGE = Path(__file__).parent
PRICES = PACKAGE / "prices"
CONFIGURATIONS = PACKAGE / "configurations"
WORKLOADS = PACKAGE / "workloads"
AUDITS = PACKAGE / "audits"
SOURCES = PACKAGE / "refresh" / "sources.toml"
MAX_BYTES = 1_000_000


def toml(path: Path) -> dict[str, Any]:
    """Return a TOML file with its decimals exact.

    Raises:
        CostError: The file cannot be read.
    """
    try:
        content = read_bounded(path, MAX_BYTES)
    except OSError as problem:
        raise CostError(f"{path}: {(problem.strerror or 'cannot be read').lower()}") from None
    try:
        return tomllib.loads(content.decode(), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CostError(f"{path}: is not TOML: {problem}") from None


def shipped(folder: Path) -> list[str]:
    """Return the names of the files that came with the project."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def find(name: str, folder: Path, what: str) -> Path:
    """Return the user's file of that name, or else the shipped one.

    Raises:
        CostError: There is neither; its message has the shipped names.
    """
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return path
    if name in shipped(folder):
        return folder / f"{name}.toml"
    raise CostError(f"{name}: is neither {what} file (.toml) nor one of {', '.join(shipped(folder))}")


def configuration(name: str) -> Configuration:
    """Return a configuration by path or by its shipped name."""
    path = find(name, CONFIGURATIONS, "a configuration")
    return parse(toml(path), str(path) if path.parent != CONFIGURATIONS else path.name)


def workload(name: str) -> ServiceWork:
    """Return a workload by path or by its shipped name."""
    path = find(name, WORKLOADS, "a workload")
    return read(ServiceWork, toml(path), f"{path.name}: workload")


def mix(weights: Mapping[str, Fraction]) -> Mix:
    """Return the mixed workload of services by weight."""
    return Mix.of([(workload(name), weight) for name, weight in weights.items()])


def price_book(path: Path | None = None) -> PriceBook:
    """Return the price book: the shipped one, or that of a file of one region, or of a folder of such files.

    A book without rows for all regions (free tiers, factors) has the shipped ones.

    Raises:
        CostError: It cannot be read, or a row of it is wrong.
    """
    return _shipped_book() if path is None else _book(path)


@functools.cache
def _shipped_book() -> PriceBook:
    """Return the shipped book: read once, because parsing its rows costs more than most of what it is asked for."""
    return _book(PRICES)


def _book(path: Path) -> PriceBook:
    """Return the book of a file or a folder."""
    rows: list[Price] = []
    for file in price_files(path):
        rows += parse_prices(toml(file), file.name)
    if not any(row.region == ALL for row in rows):
        rows += parse_prices(toml(PRICES / f"{ALL}.toml"), f"{ALL}.toml")
    return PriceBook(rows)


def price_files(path: Path | None = None) -> list[Path]:
    """Return the files of a price book.

    Raises:
        CostError: The folder has none.
    """
    path = path or PRICES
    if not path.is_dir():
        return [path]
    paths = sorted(path.glob("*.toml"))
    if not paths:
        raise CostError(f"{path}: has no price files (REGION.toml)")
    return paths


def price_file(region: str, path: Path | None = None) -> Path:
    """Return the file that holds a region's prices in a book, which may be missing yet.

    Raises:
        CostError: The book is a single file, of another region.
    """
    path = path or PRICES
    if path.is_dir():
        return path / f"{region_named(region)}.toml"
    held = {row.region for row in parse_prices(toml(path), path.name)}
    if held != {region}:
        raise CostError(f"{path}: holds the prices of {', '.join(sorted(held))}, not of {region}; give a folder")
    return path
