"""The book against the list: what changed, what was confirmed, what could not be found. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local.cost.errors import CostError, Unreachable
from local.cost.instances import split
from local.cost.price_book import Price, PriceBook, PriceTier
from local.cost.refresh.bulk import MatchedProducts, Offer, read_offer
from local.cost.refresh.port import PriceList

CONFIRMED, CHANGED, ADDED, NOT_FOUND, AMBIGUOUS, REFUSED, NO_LIST = (
    "confirmed", "changed", "added", "not found", "ambiguous", "refused", "no list",
)  # fmt: skip
MODEL_REGION = "us-east-1"
"""The region whose rows say what a region is to have."""
ENGINES = {"rds-mysql": "MySQL", "rds-postgresql": "PostgreSQL", "aurora-mysql": "Aurora MySQL"}
Chunks = Callable[[str, Iterator[bytes]], Iterator[bytes]]


@dataclass(frozen=True)
class Source:
    """How a row is found in the list."""

    service: str
    code: str
    """The offer code, such as AmazonEC2."""
    attributes: Mapping[str, str]
    dimension: str = ""
    """The row it is for; empty: every instance type of the service, whose name stands for `{dimension}`."""

    def finds(self, row: Price) -> bool:
        """Return whether the row comes from this source."""
        if row.service != self.service:
            return False
        return row.dimension == self.dimension if self.dimension else split(row.dimension) is not None

    def match(self, row: Price) -> dict[str, str]:
        """Return the attributes that the row's product must have."""
        return {name: value.replace("{dimension}", row.dimension) for name, value in self.attributes.items()}


@dataclass(frozen=True)
class PriceChange:
    """What the list says about one row."""

    row: Price
    kind: str
    note: str = ""
    renewed: Price | None = None
    """The row as it should be, where the list confirmed or changed it."""


def sources_of(document: Mapping[str, Any]) -> list[Source]:
    """Return the sources out of their TOML document."""
    return [Source(**source) for source in document["source"]]


def compare(
    book: PriceBook,
    sources: Sequence[Source],
    prices: PriceList,
    region: str,
    watch: Chunks = lambda offer, chunks: chunks,
) -> list[PriceChange]:
    """Return every row of a region against the list, and every row that the region lacks beside `MODEL_REGION`.

    `watch` sees the bytes of each offer go by.

    An offer that cannot be read costs its own rows their news, and no others. Raises `CostError` where none can be, and
    `Unreachable` at once where the list's place cannot be reached.
    """
    rows = _rows_of(book, region)
    own = {id(row) for row in book.rows}
    found_by_row = {id(row): source for row in rows for source in sources if source.finds(row)}
    offers: dict[str, Offer | CostError] = {}
    for code in dict.fromkeys(source.code for source in sources):
        wanted = {
            row.name: source.match(row) for row in rows if (source := found_by_row.get(id(row))) and source.code == code
        }
        if wanted:
            try:
                offers[code] = read_offer(watch(code, prices.chunks(code, region)), wanted)
            except Unreachable:
                raise
            except CostError as problem:
                offers[code] = problem
    problems = [offer for offer in offers.values() if isinstance(offer, CostError)]
    if problems and len(problems) == len(offers):
        raise CostError(f"no bulk price list was found: {problems[0]}")
    return [_change(row, found_by_row.get(id(row)), offers, new=id(row) not in own) for row in rows]


def _rows_of(book: PriceBook, region: str) -> list[Price]:
    """Return the rows of a region, and those that it lacks beside `MODEL_REGION`, without a price yet."""
    rows = book.of_region(region)
    has = {row.name for row in rows}
    lacking = [row for row in book.of_region(MODEL_REGION) if row.name not in has]
    return rows + [replace(row, region=region, read="unknown", certainty="weak", source="") for row in lacking]


def _change(row: Price, source: Source | None, offers: Mapping[str, Offer | CostError], *, new: bool) -> PriceChange:
    if source is None:
        return PriceChange(row, NO_LIST, "no list is known for it; read it by hand")
    offer = offers[source.code]
    if isinstance(offer, CostError):
        return PriceChange(row, NO_LIST, str(offer))
    products = offer.found[row.name]
    if not products:
        return PriceChange(row, NOT_FOUND, f"{source.code} has no such product")
    if mistaken := next(filter(None, (_mistaken(row, one) for one in products)), ""):
        return PriceChange(row, REFUSED, mistaken)
    prices = {tuple(PriceTier(tier.upto, tier.price * row.per) for tier in one.tiers) for one in products}
    if len(prices) > 1:
        return PriceChange(
            row,
            AMBIGUOUS,
            f"{len(products)} products at {len(prices)} prices: {', '.join(one.sku for one in products)}",
        )
    tiers = prices.pop()
    read = offer.published or row.read
    renewed = replace(row, tiers=tiers, read=read, certainty="firm", source=f"AWS price list: {source.code}")
    if new:
        return PriceChange(row, ADDED, renewed.published(), renewed)
    if tiers == row.tiers:
        return PriceChange(row, CONFIRMED, f"{read}", renewed)
    return PriceChange(row, CHANGED, f"{row.published()} becomes {renewed.published()}", renewed)


def _mistaken(row: Price, found: MatchedProducts) -> str:
    """Why a product cannot be the row's: an Aurora price is no RDS MySQL price, nor the other way round."""
    engine = found.attributes.get("databaseEngine", "Any")
    expected = ENGINES.get(row.service)
    if expected and engine not in (expected, "Any"):
        return f"{found.sku} is priced for {engine}, not for {expected}"
    aurora = "Aurora" in found.attributes.get("usagetype", "")
    if row.service.startswith("rds") and aurora:
        return f"{found.sku} is Aurora usage, not RDS"
    return ""


def renewed_rows(book: PriceBook, changes: Sequence[PriceChange], region: str) -> list[Price]:
    """Return all rows of a region: those that the list confirmed or changed as they should be, and those added."""
    news = {id(change.row): change.renewed for change in changes if change.renewed}
    added = [change.renewed for change in changes if change.kind == ADDED and change.renewed]
    return [news.get(id(row)) or row for row in book.of_region(region)] + added
