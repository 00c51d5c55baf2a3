"""The price book: dated prices with their source. Pure; `files.price_book` reads the shipped one.

A row is one service's price of one dimension in one region, as published: so much per so many units, in tiers where the
price falls with the month's volume. An instance size that is not listed is derived from a listed one of its family,
since sizes are priced in proportion, and says so. Nothing is ever derived from another region's row; what holds in all
of them (free tiers, factors) stands under the region `ALL`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from local.cost.errors import CostError, NoPrice
from local.cost.exact import plain
from local.cost.formulas import Amount, Formula, maximum
from local.cost.instances import split, units

STALE_AFTER_DAYS = 180
ZERO = Fraction(0)
CERTAINTIES = ("firm", "weak", "derived")
ALL = "all-regions"
"""The region of rows that hold in all of them."""
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)*(-[0-9])?")


def region_named(name: object) -> str:
    """Return the name of a region.

    Raises:
        CostError: It is not written like one.
    """
    if not isinstance(name, str) or not _REGION.fullmatch(name):
        raise CostError(f"region: {str(name)[:40]!r} must be the name of a region, such as us-east-1")
    return name


class PriceTier(NamedTuple):
    """The price of every unit up to `upto` in a month (None: without end), after those of the tiers before."""

    upto: Fraction | None
    price: Fraction


@dataclass(frozen=True)
class Price:
    """One row of the book."""

    service: str
    dimension: str
    unit: str
    per: int
    """How many units the published price buys: 0.20 per 1,000,000 requests."""
    tiers: tuple[PriceTier, ...]
    region: str
    source: str
    read: str
    """The day (2026-09-19) or month (2026-09) of the list it was read from, or `unknown`."""
    certainty: str
    """`firm`; `weak` where the source is weak or old; `derived` from another size of the family."""
    derived_from: str = ""

    @property
    def name(self) -> str:
        """Its service and dimension."""
        return f"{self.service} {self.dimension}"

    @property
    def single(self) -> Fraction:
        """The published price of a row without tiers."""
        if len(self.tiers) > 1:
            raise CostError(f"{self.name} is priced in tiers")
        return self.tiers[0].price

    def charge(self, volume: Amount, before: Amount = ZERO) -> Amount:
        """Return the cost of `volume` units on top of `before` units that used up the same month's tiers already."""
        if isinstance(before, Formula) or before:
            return self.charge(volume + before) - self.charge(before)
        cost = volume * (self.tiers[0].price / self.per)
        for tier, following in pairwise(self.tiers):
            # Each unit beyond a tier's end costs so much more (or less) than in that tier.
            beyond = maximum(volume - (tier.upto or ZERO), Fraction(0))
            cost = cost + beyond * ((following.price - tier.price) / self.per)
        return cost

    def published(self) -> str:
        """Return the price as people print it, such as `0.20 per 1,000,000 request`."""
        per = f"{self.per:,} " if self.per != 1 else ""
        if len(self.tiers) == 1:
            return f"{plain(self.single)} per {per}{self.unit}"
        steps = [f"{plain(tier.price)} {_upto(tier)}" for tier in self.tiers]
        return f"{', '.join(steps)}, per {per}{self.unit}"

    def age_days(self, today: date) -> int | None:
        """Return days since it was read, from the first day that `read` can mean; None where that is unknown."""
        if self.read == "unknown":
            return None
        day = self.read if len(self.read) > len("2026-09") else f"{self.read}-01"
        return (today - date.fromisoformat(day)).days

    def stale(self, today: date) -> bool:
        """Return whether it should be read again: older than `STALE_AFTER_DAYS`, or of unknown date."""
        age = self.age_days(today)
        return age is None or age > STALE_AFTER_DAYS


def _upto(tier: PriceTier) -> str:
    return "above" if tier.upto is None else f"up to {plain(tier.upto)}"


class PriceBook:
    """All rows, found by service, dimension and region.

    Raises:
        CostError: Two rows price the same thing.
    """

    def __init__(self, rows: Sequence[Price]) -> None:
        self.rows = tuple(rows)
        self._index: dict[tuple[str, str, str], Price] = {}
        for row in rows:
            key = (row.service, row.dimension, row.region)
            if key in self._index:
                raise CostError(f"the price book has two rows for {row.name} in {row.region}")
            self._index[key] = row

    @property
    def regions(self) -> list[str]:
        """The regions that have prices of their own."""
        return sorted({row.region for row in self.rows} - {ALL})

    def of_region(self, region: str) -> list[Price]:
        """Return the rows of a region, without those that hold in all of them."""
        return [row for row in self.rows if row.region == region]

    def price(self, service: str, dimension: str, region: str) -> Price:
        """Return the row.

        Raises:
            NoPrice: There is none in this region, and none can be derived from it.
        """
        row = self._index.get((service, dimension, region)) or self._index.get((service, dimension, ALL))
        row = row or self._derived(service, dimension, region)
        if row is None:
            known = ", ".join(sorted(row.dimension for row in self._of_service(service, region)))
            hint = f"it has {known}" if known else f"the book has nothing of {service} there"
            raise NoPrice(f"no price of {service} {dimension} in {region}: {hint}; {self.remedy(region)}")
        return row

    def remedy(self, region: str) -> str:
        """Return what to do where a price is missing in a region."""
        refresh = f"`crossover prices refresh --region {region} --write` reads it from AWS"
        return refresh if region in self.regions else f"{refresh}, or choose one of {', '.join(self.regions)}"

    def _derived(self, service: str, dimension: str, region: str) -> Price | None:
        wanted = split(dimension)
        if wanted is None:
            return None
        relatives = [
            (abs(units(size) - units(wanted.size)), row, units(size))
            for row in self._of_service(service, region)
            if (parts := split(row.dimension)) and parts.family == wanted.family
            for size in [parts.size]
        ]
        if not relatives:
            return None
        _, near, near_units = min(relatives, key=lambda relative: relative[0])
        price = near.single * units(wanted.size) / near_units
        return replace(
            near, dimension=dimension, tiers=(PriceTier(None, price),), certainty="derived", derived_from=near.dimension
        )

    def _of_service(self, service: str, region: str) -> Iterator[Price]:
        return (row for row in self.rows if (row.service, row.region) == (service, region))
