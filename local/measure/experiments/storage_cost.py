"""What a storage tier costs at a rate, for what the requests of an experiment read: priced by the cost model."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from local.cost import files
from local.cost.bill import OpenBill
from local.cost.configuration import parse
from local.cost.formulas import known
from local.cost.model import price_all
from local.cost.price_book import PriceBook
from local.cost.workload import Mix, ServiceWork
from local.measure.experiments.result import CheapestFrom, ReportedCost, TierCost
from local.measure.statistics import rounded

RATES = (10, 100, 1_000, 5_000, 10_000, 100_000)
"""Requests/s."""
REPORTED = (("RDS MySQL", 5_834, 0.56), ("DynamoDB", 7_284, 4.50))
"""The report's claims: a tier, its requests/s, its dollars an hour."""
SHIPPED = files.PACKAGE / "storage"
HALVINGS = 40
STEPS_OF_TEN = 40
"""Rates that are looked at between one and ten times it."""
SIGNIFICANT = 3


class Reads(NamedTuple):
    """What a request reads."""

    item_bytes: float
    read_blocks: float
    """Blocks of 4 KB."""
    database_us: float
    """CPU of the database for one query."""
    hit_ratio: float
    """Of a cache."""


class StorageBills(NamedTuple):
    """A storage tier, and the bills of its sizes."""

    name: str
    bills: tuple[OpenBill, ...]

    def dollars(self, rate: Fraction) -> Fraction | None:
        """Return dollars an hour at a rate, of the cheapest of its sizes that serve it; None where none does."""
        able = [bill for bill in self.bills if bill.limit is None or rate <= known(bill.limit.rate)]
        return min((bill.hour_at(rate).value for bill in able), default=None)


def tiers_of(reads: Reads, book: PriceBook) -> list[StorageBills]:
    """Return the shipped storage tiers, those with a cache at the measured hit ratio."""
    workload = ServiceWork(
        name="storage",
        source="crossover experiment storage",
        cpu_ms=Fraction(1),
        queries=Fraction(1),
        queries_per_vcpu=_exact(1e6 / reads.database_us) if reads.database_us else Fraction(0),
        reads=Fraction(1),
        item_bytes=_exact(reads.item_bytes),
        read_blocks=_exact(reads.read_blocks),
    )
    mix = Mix.of([(workload, Fraction(1))])
    tiers_priced = []
    for path in sorted(SHIPPED.glob("*.toml")):
        document = files.toml(path)
        if "cache" in document:
            document["cache"]["hit_ratio"] = Decimal(repr(round(reads.hit_ratio, 4)))
        configuration = parse(document, path.name)
        tiers_priced.append(
            StorageBills(configuration.name, tuple(bill for _, bill in price_all(configuration, mix, book).bills))
        )
    return tiers_priced


def cost_of_tiers(reads: Reads) -> dict[str, Any]:
    """Return, for `StorageResult`, dollars an hour at each rate, and which tier is the cheapest from which rate on."""
    book = files.price_book()
    tiers = tiers_of(reads, book)
    costs = [
        TierCost(tier=tier.name, dollars=[_rounded(tier.dollars(Fraction(rate))) for rate in RATES]) for tier in tiers
    ]
    reported = [
        ReportedCost(
            tier=name,
            rate=rate,
            reported=said,
            priced=min(
                ((found, tier.name) for tier in tiers if tier.name.startswith(name)
                 and (found := _rounded(tier.dollars(Fraction(rate)))) is not None),
            )[0],
        )
        for name, rate, said in REPORTED
    ]  # fmt: skip
    return {"rates": list(RATES), "costs": costs, "cheapest": _cheapest(tiers), "reported": reported}


def _cheapest(tiers: list[StorageBills]) -> list[CheapestFrom]:
    def best(rate: Fraction) -> str:
        prices = [(dollars, tier.name) for tier in tiers if (dollars := tier.dollars(rate)) is not None]
        return min(prices)[1]

    rates = [Fraction(round(10 ** (step / STEPS_OF_TEN) * 1000), 1000) for step in range(5 * STEPS_OF_TEN + 1)]
    steps = [CheapestFrom(rate=1.0, tier=best(rates[0]))]
    for low, high in pairwise(rates):
        here, there = steps[-1].tier, best(high)
        if here == there:
            continue
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if best(middle) == here else (low, middle)
        steps.append(CheapestFrom(rate=float(f"{float(high):.{SIGNIFICANT}g}"), tier=there))
    return steps


def _exact(value: float) -> Fraction:
    return Fraction(Decimal(repr(round(value, 4))))


def _rounded(dollars: Fraction | None) -> float | None:
    return None if dollars is None else rounded(float(dollars))
