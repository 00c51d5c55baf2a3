"""Plan a deployment: the best rate under a budget, and the cheapest deployment for a rate. Pure.

Web tiers and storage tiers are priced apart and added: every candidate follows the rate with a spare (N+1) at its
utilisation target, so its cost only rises with the rate, and the best rate is found by halving.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from local.cost.bill import Bill, CapacityLimit, OpenBill
from local.cost.candidates import (
    STORAGE_TIERS,
    WEB_TIERS,
    connections_of,
    decimals,
    network_of,
    speed_of_tier,
)
from local.cost.configuration import DEFAULT_REGION, in_region, parse
from local.cost.connections import DatabaseConnections
from local.cost.errors import CostError, NoPrice
from local.cost.exact import dollars, plain
from local.cost.formulas import known
from local.cost.instances import Speed
from local.cost.model import MAX_RATE, price_all
from local.cost.price_book import PriceBook
from local.cost.workload import Mix

HALVINGS = 30
PRECISION = Fraction(1, 1000)


@dataclass(frozen=True)
class Tier:
    """A web tier or a storage tier with the open bills of its choices.

    Attributes:
        connections: What its database has for the web tier; None where it has no such limit.
        speed: What is known of its processor; None where it has none of its own.
    """

    name: str
    choices: tuple[OpenBill, ...]
    connections: DatabaseConnections | None = None
    speed: Speed | None = None

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

    @property
    def why_not(self) -> str:
        """What keeps it from serving anything, where something does."""
        limits = [limit for choice in self.choices if (limit := choice.limit) is not None]
        never = next((limit for limit in limits if not known(limit.rate)), None)
        return f"{never.name}: {never.why}" if never and len(limits) == len(self.choices) else ""


@dataclass(frozen=True)
class Plan:
    """A web tier and a storage tier at the rate they are planned for.

    Attributes:
        loses: Why it is not the best, in a phrase; empty for the best.
    """

    web: Tier
    storage: Tier | None
    rate: Fraction
    loses: str = ""

    @property
    def name(self) -> str:
        """Both tiers."""
        return self.web.name + (f" + {self.storage.name}" if self.storage else "")

    @cached_property
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
    def items(self) -> dict[str, Fraction]:
        """Dollars an hour of each item."""
        return {item.name: item.month / bill.hours for bill in self.bills for item in bill.items}

    @property
    def dearest(self) -> str:
        """The three items that cost most, with dollars an hour."""
        items = sorted(((hour, name) for name, hour in self.items.items()), reverse=True)
        return ", ".join(f"{name} {dollars(hour, 3)}" for hour, name in items[:3])


class Planner:
    """Prices every candidate for a mix. A mix without reads and queries needs no storage tier.

    Attributes:
        left_out: One line for each candidate that is not possible, or needs a price that the book lacks in the region.

    Raises:
        NoPrice: The book can price no web tier, or no storage tier where one is needed.
    """

    def __init__(self, mix: Mix, book: PriceBook, *, internet: bool = False, region: str = DEFAULT_REGION) -> None:
        self.mix, self.book, self.internet, self._region = mix, book, internet, region
        self.left_out: list[str] = []
        self._ordered: dict[Fraction, list[Tier]] = {}
        web = {name: {**tables, **network_of(tables, internet)} for name, tables in WEB_TIERS.items()}
        self.web = []
        for tier in self._tiers(web, book, region):
            if tier.why_not:
                self.left_out.append(f"{tier.name}: {tier.why_not}")
            else:
                self.web.append(tier)
        stores = any(workload.queries or workload.reads for workload, _ in mix.shares)
        self.storage = self._tiers(STORAGE_TIERS, book, region) if stores else []

    def _tiers(self, candidates: Mapping[str, Mapping[str, Any]], book: PriceBook, region: str) -> list[Tier]:
        tiers = []
        for name, tables in candidates.items():
            document = {"name": name, **{key: decimals(table) for key, table in tables.items()}}
            try:
                priced = price_all(in_region(parse(document, name), region), self.mix, book)
            except NoPrice as problem:
                self.left_out.append(str(problem))
                continue
            self.left_out += priced.left_out
            bills = tuple(bill for _, bill in priced.bills)
            tiers.append(Tier(name, bills, connections_of(tables), speed_of_tier(tables)))
        if not tiers:
            raise NoPrice(self.left_out[-1])
        return tiers

    def cheapest(self, rate: Fraction) -> list[Plan]:
        """Return the cheapest plan of each web tier that serves the rate, the cheapest first."""
        plans = [plan for web in self.web if (plan := self._plan(web, rate)) is not None]
        ordered = sorted(plans, key=lambda plan: plan.hour)
        return [*ordered[:1], *(replace(plan, loses=_dearer(plan, ordered[0])) for plan in ordered[1:])]

    def within(self, budget: Fraction) -> list[Plan]:
        """Return for each web tier the plan with its best rate under a budget in dollars an hour, the best first.

        Raises:
            CostError: The budget is not enough for anything.
        """
        plans = [plan for web in self.web if (plan := self._best(web, budget)) is not None]
        if not plans:
            raise CostError("the budget is not enough for any deployment before its first request")
        best, *others = sorted(plans, key=lambda plan: plan.rate, reverse=True)
        return [best, *(replace(plan, loses=self._why(plan, best)) for plan in others)]

    def at_speed(self, plan: Plan, speed: Fraction, budget: Fraction | None) -> Plan | None:
        """Return a plan as it would be if a vCPU of its web tier had another speed, in units of Graviton4."""
        if plan.web.speed is None:
            return plan
        tables = {key: dict(table) for key, table in WEB_TIERS[plan.web.name].items()}
        part = tables["nodes" if "nodes" in tables else "fargate"]
        part["speed"] = speed / plan.web.speed.ratio
        tables.update(network_of(tables, self.internet))
        tier = self._tiers({plan.web.name: tables}, self.book, self._region)[0]
        return self._plan(tier, plan.rate) if budget is None else self._best(tier, budget)

    def hour(self, web: Tier, rate: Fraction) -> Fraction | None:
        """Return the dollars an hour of a web tier with the storage tier that it needs; None where none serves."""
        plan, hour = self._plan(web, rate), web.hour(rate)
        if plan is None or hour is None:
            return None
        return hour + ((plan.storage.hour(rate) or Fraction(0)) if plan.storage else 0)

    def _plan(self, web: Tier, rate: Fraction) -> Plan | None:
        """Return a web tier with the cheapest storage tier that serves the rate and has the connections for it."""
        if web.hour(rate) is None:
            return None
        if not self.storage:
            return Plan(web, None, rate)
        bill = None
        for storage in self._by_cost(rate):
            if storage.connections is None:
                return Plan(web, storage, rate)
            bill = bill or web.at(rate)
            if bill is not None and storage.connections.fit(bill, self.mix):
                return Plan(web, storage, rate)
        return None

    def _by_cost(self, rate: Fraction) -> list[Tier]:
        """Return the storage tiers that serve a rate, the cheapest first."""
        if rate not in self._ordered:
            priced = [(hour, tier.name, tier) for tier in self.storage if (hour := tier.hour(rate)) is not None]
            self._ordered[rate] = [tier for _, _, tier in sorted(priced)]
        return self._ordered[rate]

    def _best(self, web: Tier, budget: Fraction) -> Plan | None:
        def fits(rate: Fraction) -> bool:
            alone = web.hour(rate)
            hour = None if alone is None or alone > budget else self.hour(web, rate)
            return hour is not None and hour <= budget

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
        return self._plan(web, low)

    def _why(self, plan: Plan, best: Plan) -> str:
        """Return why a plan has a lower rate than the best, by what it would cost at that rate."""
        there = self._plan(plan.web, best.rate)
        if there is None:
            limit = max((choice.limit for choice in plan.web.choices if choice.limit), key=_rate, default=None)
            return f"serves at most {plain(known(limit.rate), 5)}/s: {limit.name}" if limit else "no storage tier fits"
        return _dearer(there, best)


def _rate(limit: CapacityLimit) -> Fraction:
    return known(limit.rate)


def _dearer(plan: Plan, best: Plan) -> str:
    """Return how much more a plan costs than the best at its rate, and the item that makes most of it."""
    mine, theirs = plan.items, best.items
    more = {name: hour - theirs.get(name, Fraction(0)) for name, hour in mine.items()}
    worst = max(more, key=lambda name: more[name])
    instead = f" against {dollars(theirs[worst], 3)}" if worst in theirs else ""
    extra = dollars(plan.hour - best.hour, 3)
    return f"{extra} more an hour at {plain(best.rate)}/s: {worst} {dollars(mine[worst], 3)}{instead}"


def front_rates(until: Fraction, steps: Sequence[int] = (10, 20, 50)) -> list[Fraction]:
    """Return whole rates from 10 requests/s up to a rate, in the same steps in every power of ten."""
    rates = [Fraction(step * 10**power) for power in range(7) for step in steps]
    return [rate for rate in rates if rate < until] + [until]


def front(planner: Planner, rates: Sequence[Fraction]) -> Iterator[Plan]:
    """Yield the cheapest plan at each rate: the Pareto front of rate and cost."""
    for rate in rates:
        yield from planner.cheapest(rate)[:1]
