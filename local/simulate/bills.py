"""The bill of a simulated period: the cost model's own items for the fleet's mean size and the mean rate."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from local.cost.bill import Bill
from local.cost.configuration import Configuration, parse
from local.cost.exact import HOURS_PER_MONTH
from local.cost.model import Usage, cheapest
from local.cost.price_book import PriceBook
from local.cost.workload import Mix
from local.simulate.settings import Settings

HOURS = float(HOURS_PER_MONTH)
DOCUMENTS = {
    "lambda": '[lambda]\nmemory_mb = {memory}\nprovisioned = {count}\n[ingress]\nkind = "function-url"\n',
    "ecs-fargate": '[fargate]\npublic_addresses = true\norchestrator = "ecs"\narchitecture = "arm64"\nvcpu = 1\n'
    'count = {count}\n[ingress]\nkind = "alb"\n',
    "eks-fargate": '[fargate]\norchestrator = "eks"\nvcpu = 1\ncount = {count}\n[ingress]\nkind = "alb"\n'
    "[network]\nnat_gateways = 1\n",
    "eks-nodes": '[nodes]\npublic_addresses = true\ninstance = "{instance}"\ncount = {count}\n'
    '[ingress]\nkind = "alb"\n',
}
"""The shipped configurations, with a count of their fleet in place of a fit."""
INTERNET = "internet = true\n"


@dataclass(frozen=True)
class Money:
    """Dollars of a month of 730 hours like the period, by item, and what an hour would cost at other loads."""

    items: dict[str, float]
    standing: float
    per_unit: float
    per_request: float

    @property
    def month(self) -> float:
        """Dollars a month."""
        return sum(self.items.values())

    @property
    def day(self) -> float:
        """Dollars in 24 hours."""
        return self.month / HOURS * 24

    def hour(self, units: float, requests: float) -> float:
        """Return the dollars of an hour with so many units and requests."""
        return self.standing + self.per_unit * units + self.per_request * requests


Parts = Sequence[tuple[int, float, float]]


class Biller:
    """Prices periods of one platform."""

    def __init__(self, platform: str, settings: Settings, mix: Mix, book: PriceBook, region: str) -> None:
        self.platform, self.settings, self.mix, self.book, self.region = platform, settings, mix, book, region

    def money(
        self, units: float, rate: float, cold_share: float, provisioned: Sequence[tuple[int, float, float]] = ()
    ) -> Money:
        """Return the money of a period.

        Args:
            units: Mean number of tasks, pods' nodes or provisioned environments that are paid.
            rate: Mean requests/s that are served.
            cold_share: Share of the requests that started an environment.
            provisioned: Where provisioned concurrency changes: how much, its share of the time, and the mean rate
                there. What each part adds to the bill without any is added; so free amounts count once a month.
        """
        mix = self._with_cold(cold_share)
        if len(provisioned) > 1:
            items = self._bill(mix, 0, rate)
            for count, share, part_rate in provisioned:
                with_it, without = (self._bill(mix, many, part_rate, share) for many in (count, 0))
                for name in {**with_it, **without}:
                    more = with_it.get(name, 0.0) - without.get(name, 0.0)
                    items[name] = items.get(name, 0.0) + more
        else:
            items = self._between(mix, units, rate)
        return self._money(mix, items, units, rate)

    def _money(self, mix: Mix, items: dict[str, float], units: float, rate: float) -> Money:
        low = math.floor(units)
        base = max(low, 0 if self.platform == "lambda" else 1)
        here, more = (sum(self._bill(mix, count, rate).values()) for count in (base, base + 1))
        idle = sum(self._bill(mix, base, 0.0).values())
        per_unit = (more - here) / HOURS
        if self.platform == "lambda":  # provisioned environments also make durations cheaper: take what they cost idle
            without, beside = (sum(self._bill(mix, count, 0.0).values()) for count in (0, 1))
            per_unit, idle, base = (beside - without) / HOURS, without, 0
        per_request = (here - sum(self._bill(mix, base, 0.0).values())) / HOURS / (rate * 3600) if rate else 0.0
        return Money(items, idle / HOURS - per_unit * base, per_unit, max(0.0, per_request))

    def _between(self, mix: Mix, units: float, rate: float) -> dict[str, float]:
        """Return the items at a mean size, which need not be whole: bills are straight lines between whole ones."""
        low = math.floor(units)
        share = units - low
        if self.platform != "lambda" and low == 0:
            low, share = 1, 0.0
        first = self._bill(mix, low, rate)
        if not share:
            return first
        second = self._bill(mix, low + 1, rate)
        return {
            name: first.get(name, 0.0) * (1 - share) + second.get(name, 0.0) * share for name in {**first, **second}
        }

    def _bill(self, mix: Mix, count: int, rate: float, hours_share: float = 1.0) -> dict[str, float]:
        usage = Usage(max(Fraction(1, 60), Fraction(round(hours_share * HOURS * 3600), 3600)))
        bill: Bill = cheapest(self._configuration(count), mix, Fraction(round(rate * 1000), 1000), self.book, usage)
        return {item.name: float(item.month) for item in bill.items}

    def _configuration(self, count: int) -> Configuration:
        text = DOCUMENTS[self.platform].format(
            count=count, memory=self.settings.memory_mb, instance=self.settings.instance
        )
        text += INTERNET if "[network]" in text else f"[network]\n{INTERNET}"
        heading = f'name = "{self.platform}"\nregion = "{self.region}"\n'
        return parse(tomllib.loads(heading + text, parse_float=Decimal), self.platform)

    def _with_cold(self, share: float) -> Mix:
        exact = Fraction(round(min(1.0, max(0.0, share)) * 10**9), 10**9)
        return Mix(tuple((replace(work, cold_share=exact), weight) for work, weight in self.mix.shares))
