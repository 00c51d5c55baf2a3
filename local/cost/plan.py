"""Plan a deployment: the best rate under a budget, and the cheapest deployment for a rate. Pure.

Web tiers and storage tiers are priced apart and added: every candidate follows the rate with a spare (N+1) at its
utilisation target, so its cost only rises with the rate, and the best rate is found by halving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from local.cost.bill import Bill, OpenBill
from local.cost.configuration import DEFAULT_REGION, in_region, parse
from local.cost.errors import CostError, NoPrice
from local.cost.exact import dollars, plain
from local.cost.model import MAX_RATE, price_all
from local.cost.price_book import PriceBook
from local.cost.workload import Mix

ALB = {"ingress": {"kind": "alb"}}
FARGATE_VCPU = [Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4), Fraction(8), Fraction(16)]
WEB_TIERS: Mapping[str, Mapping[str, Any]] = {
    **{
        f"EKS, {instance}": {"nodes": {"instance": instance, "public_addresses": True}, **ALB}
        for instance in ("c8g.large", "c8g.xlarge", "c8g.2xlarge", "c7g.large", "m8g.large", "c9g.large", "c7i.large")
    },
    "ECS on Fargate": {
        "fargate": {"orchestrator": "ecs", "architecture": "arm64", "vcpu": FARGATE_VCPU, "public_addresses": True},
        **ALB,
    },
    "EKS on Fargate": {"fargate": {"orchestrator": "eks", "vcpu": FARGATE_VCPU}, "network": {"nat_gateways": 1}, **ALB},
    "Lambda, Function URL": {"lambda": {"memory_mb": [128, 256, 512, 1024, 1769]}, "ingress": {"kind": "function-url"}},
}
DATABASES = ("db.t4g.medium", "db.r7g.large", "db.r7g.xlarge", "db.r7g.2xlarge", "db.r7g.4xlarge")
STORAGE_TIERS: Mapping[str, Mapping[str, Any]] = {
    **{
        f"RDS MySQL {instance}{f' + {replicas} replicas' if replicas else ''}": {
            "database": {
                "engine": "rds-mysql",
                "instance": instance,
                "replicas": replicas,
                "storage_gb": 100,
                "proxy": True,
            },
            "secrets": {},
        }
        for instance in DATABASES
        for replicas in (0, 1, 2)
    },
    "DynamoDB provisioned": {"dynamodb": {"mode": "provisioned", "storage_gb": 1}},
    "DynamoDB on demand": {"dynamodb": {"storage_gb": 1}},
}
HALVINGS = 30
PRECISION = Fraction(1, 1000)


@dataclass(frozen=True)
class Tier:
    """A web tier or a storage tier with the open bills of its choices."""

    name: str
    choices: tuple[OpenBill, ...]

    def at(self, rate: Fraction) -> Bill | None:
        """Return the cheapest bill that serves the rate, if one does."""
        serving = [bill for choice in self.choices if (bill := choice.at(rate)).serves]
        return min(serving, key=lambda bill: bill.hour, default=None)

    def hour(self, rate: Fraction) -> Fraction | None:
        """Return the dollars an hour of that bill."""
        hours = [
            choice.hour_at(rate).value
            for choice in self.choices
            if choice.limit is None or rate <= choice.limit.rate  # type: ignore[operator]
        ]
        return min(hours, default=None)


@dataclass(frozen=True)
class Plan:
    """A web tier and a storage tier at the rate they are planned for."""

    web: Tier
    storage: Tier | None
    rate: Fraction

    @property
    def name(self) -> str:
        """Both tiers."""
        return self.web.name + (f" + {self.storage.name}" if self.storage else "")

    @property
    def bills(self) -> tuple[Bill, ...]:
        """The bills of its tiers."""
        tiers = (self.web, self.storage) if self.storage else (self.web,)
        return tuple(bill for tier in tiers if (bill := tier.at(self.rate)) is not None)

    @property
    def hour(self) -> Fraction:
        """Dollars an hour."""
        return sum((bill.hour for bill in self.bills), Fraction(0))

    @property
    def size(self) -> str:
        """How many machines, tasks or pods the web tier has."""
        for item in self.bills[0].items:
            for quantity in item.quantities:
                if quantity.name in ("nodes", "tasks", "pods") and item.name != "system-vcpu":
                    return f"{plain(quantity.value)} {quantity.name}"
        return ""

    @property
    def dearest(self) -> str:
        """The three items that cost most, with dollars an hour."""
        items = [(item.month / bill.hours, item.name) for bill in self.bills for item in bill.items]
        return ", ".join(f"{name} {dollars(hour, 3)}" for hour, name in sorted(items, reverse=True)[:3])


class Planner:
    """Prices every candidate for a mix. A mix without reads and queries needs no storage tier.

    Attributes:
        left_out: One line for each candidate that needs a price that the book lacks in the region.

    Raises:
        NoPrice: The book can price no web tier, or no storage tier where one is needed.
    """

    def __init__(self, mix: Mix, book: PriceBook, *, internet: bool = False, region: str = DEFAULT_REGION) -> None:
        self.left_out: list[str] = []
        web = {name: {**tables, **_network(tables, internet)} for name, tables in WEB_TIERS.items()}
        self.web = self._tiers(web, mix, book, region)
        stores = any(workload.queries or workload.reads for workload, _ in mix.shares)
        self.storage = self._tiers(STORAGE_TIERS, mix, book, region) if stores else []

    def _tiers(self, candidates: Mapping[str, Mapping[str, Any]], mix: Mix, book: PriceBook, region: str) -> list[Tier]:
        tiers = []
        for name, tables in candidates.items():
            document = {"name": name, **{key: _decimals(table) for key, table in tables.items()}}
            try:
                priced = price_all(in_region(parse(document, name), region), mix, book)
            except NoPrice as problem:
                self.left_out.append(str(problem))
                continue
            self.left_out += priced.left_out
            tiers.append(Tier(name, tuple(bill for _, bill in priced.bills)))
        if not tiers:
            raise NoPrice(self.left_out[-1])
        return tiers

    def cheapest(self, rate: Fraction) -> list[Plan]:
        """Return a plan for each web tier that serves the rate, the cheapest first."""
        storage = self._storage(rate)
        if self.storage and storage is None:
            return []
        plans = [Plan(web, storage, rate) for web in self.web if web.hour(rate) is not None]
        return sorted(plans, key=lambda plan: plan.hour)

    def within(self, budget: Fraction) -> list[Plan]:
        """Return for each web tier the plan with its best rate under a budget in dollars an hour, the best first.

        Raises:
            CostError: The budget is not enough for anything.
        """
        plans = [plan for web in self.web if (plan := self._best(web, budget)) is not None]
        if not plans:
            raise CostError("the budget is not enough for any deployment before its first request")
        return sorted(plans, key=lambda plan: plan.rate, reverse=True)

    def _storage(self, rate: Fraction) -> Tier | None:
        priced = [(hour, tier.name, tier) for tier in self.storage if (hour := tier.hour(rate)) is not None]
        return min(priced)[2] if priced else None

    def _best(self, web: Tier, budget: Fraction) -> Plan | None:
        def fits(rate: Fraction) -> bool:
            hour, storage = web.hour(rate), self._storage(rate)
            if hour is None or hour > budget or (self.storage and storage is None):
                return False
            return hour + (storage.hour(rate) or 0 if storage else 0) <= budget

        low, high = Fraction(0), Fraction(64)
        if not fits(low):
            return None
        while fits(high) and high < MAX_RATE:
            low, high = high, high * 4
        for _ in range(HALVINGS):
            middle = Fraction(round((low + high) / 2))
            if high - low <= max(Fraction(1), low * PRECISION):
                break
            low, high = (middle, high) if fits(middle) else (low, middle)
        return Plan(web, self._storage(low), low)


def front_rates(until: Fraction) -> list[Fraction]:
    """Return whole rates from 10 requests/s in steps of about 1, 2, 5 up to a rate."""
    rates = [Fraction(step * 10**power) for power in range(1, 8) for step in (1, 2, 5)]
    return [rate for rate in rates if rate < until] + [until]


def front(planner: Planner, rates: Sequence[Fraction]) -> Iterator[Plan]:
    """Yield the cheapest plan at each rate: the Pareto front of rate and cost."""
    for rate in rates:
        yield from planner.cheapest(rate)[:1]


def _network(tables: Mapping[str, Any], internet: bool) -> dict[str, Any]:
    return {"network": {**tables.get("network", {}), "internet": internet}}


def _decimals(table: Mapping[str, Any]) -> dict[str, Any]:
    from decimal import Decimal

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(part) for part in value]
        return Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else value

    return {key: plain(value) for key, value in table.items()}
