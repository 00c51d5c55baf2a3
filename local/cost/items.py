"""A bill and its items. Every item carries its formula, its inputs and the price rows it used.

An item is a product of named quantities and a price. Whoever doubts it redoes it with a pocket calculator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from local.cost.book import Price
from local.cost.exact import MILLION, SECONDS_PER_HOUR, plain
from local.cost.linear import Amount, Linear, constant, larger, total, value_of

MEANINGS = {
    "lambda-requests": "the fee for each invocation",
    "lambda-duration": "GB-seconds of the time that the function really ran",
    "lambda-rounding": "GB-seconds that only the rounding up to whole milliseconds adds",
    "lambda-init": "GB-seconds of the INIT phase of cold starts",
    "provisioned-idle": "GB-seconds for which environments are kept ready",
    "provisioned-duration": "GB-seconds of time run in those environments, rounded up to milliseconds",
    "snapstart-cache": "GB-seconds of the cached snapshot, at least 3 hours a version",
    "snapstart-restore": "GB restored at cold starts",
    "managed-instances": "the EC2 instances under Lambda Managed Instances",
    "managed-fee": "the management fee on those instances",
    "managed-requests": "the fee for each invocation on managed instances",
    "function-url": "the Function URL, which is free",
    "http-api": "API Gateway HTTP API, a request for each 512 KB begun",
    "rest-api": "API Gateway REST API, each request",
    "alb": "the Application Load Balancer's hours",
    "alb-capacity": "its capacity units (LCU): the largest of four dimensions",
    "nlb": "the Network Load Balancer's hours",
    "nlb-capacity": "its capacity units (NLCU): the largest of three dimensions",
    "fargate-vcpu": "vCPU-hours of the tasks or pods",
    "fargate-memory": "GB-hours of the tasks or pods",
    "cluster": "the EKS cluster's hours",
    "nodes": "the EC2 instances of the node group",
    "node-disks": "the root volumes of the nodes",
    "nat": "NAT gateway hours",
    "nat-data": "GB through the NAT gateway",
    "ipv4": "public IPv4 address-hours",
    "internet-out": "GB of responses out to the Internet",
    "cross-zone": "GB between availability zones, billed each way",
    "database": "the database instance",
    "database-standby": "what Multi-AZ adds to the instance",
    "database-replicas": "read replicas",
    "database-storage": "the database's volume",
    "database-backup": "backups beyond the free share",
    "database-io": "Aurora's storage requests",
    "proxy": "RDS Proxy, by the target's vCPUs, at least two",
    "dynamodb-reads": "read request units, or read capacity units",
    "dynamodb-writes": "write request units, or write capacity units",
    "dynamodb-storage": "the table's GB",
    "dax": "DynamoDB Accelerator nodes",
    "cache": "ElastiCache nodes",
    "secrets": "secrets kept",
    "secret-calls": "calls to read them, by the hour",
    "secret-calls-cold": "calls of Lambda environments as they start",
    "logs-in": "GB of logs taken in",
    "logs-stored": "GB of logs kept",
    "registry": "GB of images kept in ECR",
}
"""Every item that a bill can have. An audit's claim has to name one of them."""


Words = Callable[[], str]
"""A sentence that is only put together when somebody reads it: lines are drawn from thousands of bills."""


def nothing() -> str:
    """No words."""
    return ""


def saying(template: str, *values: Fraction | int | str) -> Words:
    """Words with numbers in their places, written exactly.

    >>> saying("{} of {}", 3, Fraction(1, 2))()
    '3 of 0.5'
    """
    return lambda: template.format(*(value if isinstance(value, str) else plain(Fraction(value)) for value in values))


@dataclass(frozen=True)
class Quantity:
    """A named number that an item is computed from; `how` tells where it came from, unless it was simply given."""

    name: str
    amount: Amount
    unit: str = ""
    how: Words = nothing
    row: Price | None = None

    @property
    def value(self) -> Fraction:
        return value_of(self.amount)


@dataclass(frozen=True)
class Item:
    """One line of a bill, for a month: the product of `factors`, priced by `price`."""

    name: str
    factors: tuple[Quantity, ...]
    price: Price
    given: tuple[Quantity, ...] = ()
    """What the factors were derived from."""
    before: Amount = 0
    """Units that used up the same month's tiers before."""
    free: Fraction = field(default_factory=Fraction)
    """Units that the free tier takes off, before any tier."""

    def __post_init__(self) -> None:
        if self.name not in MEANINGS:
            raise KeyError(f"{self.name} is no item of a bill")

    @cached_property
    def volume(self) -> Amount:
        """Units billed at the price: all factors multiplied."""
        product: Amount = Fraction(1)
        for factor in self.factors:
            product = factor.amount * product
        return product

    @cached_property
    def cost(self) -> Linear:
        """The month's cost in dollars."""
        if not self.free:
            return self.price.charge(self.volume, self.before)
        return self._beyond_free(self.volume + self.before) - self._beyond_free(self.before)

    def _beyond_free(self, volume: Amount) -> Linear:
        paid = (volume if isinstance(volume, Linear) else constant(volume, Fraction(0))) - self.free
        return self.price.charge(larger(paid, 0))

    @property
    def rows(self) -> tuple[Price, ...]:
        """The price rows used, the item's own first."""
        return (self.price, *(factor.row for factor in (*self.factors, *self.given) if factor.row is not None))

    @property
    def formula(self) -> str:
        """The formula in names."""
        price = "graduated price" if len(self.price.tiers) > 1 else "price"
        names = " × ".join(factor.name for factor in self.factors)
        if self.free:
            names = f"({names} − free tier)"
        per = f" / {self.price.per:,}" if self.price.per != 1 else ""
        return f"{names} × {price}{per}"

    @property
    def arithmetic(self) -> str:
        """The formula in numbers, to be redone by hand."""
        factors = " × ".join(plain(factor.value) for factor in self.factors)
        volume, before = value_of(self.volume), value_of(self.before)
        per = f" / {self.price.per:,}" if self.price.per != 1 else ""
        simple = len(self.price.tiers) == 1 and not self.free
        if simple:
            return f"{factors} × {plain(self.price.single)}{per} = {plain(self.cost.value)}"
        steps = " + ".join(
            f"{plain(part)} × {plain(price)}"
            for part, price in self._spread(max(before - self.free, Fraction(0)), volume + before - self.free)
        )
        off = f"; less {plain(self.free)} free" if self.free else ""
        after = f"; after {plain(before)} in the same tiers" if before else ""
        return f"{factors} = {plain(volume)}{after}{off}; ({steps or '0'}){per} = {plain(self.cost.value)}"

    def _spread(self, low: Fraction, high: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
        floor = Fraction(0)
        for tier in self.price.tiers:
            top = high if tier.upto is None else min(high, tier.upto)
            part = top - max(low, floor)
            if part > 0:
                yield part, tier.price
            if tier.upto is None:
                return
            floor = tier.upto


@dataclass(frozen=True)
class Limit:
    """A rate up to which a part of a configuration serves, with the utilisation target and its spare."""

    name: str
    rate: Fraction
    why: Words


@dataclass(frozen=True)
class Bill:
    """What a configuration costs at a rate, in a month in which it runs `hours` hours."""

    configuration: str
    work: str
    rate: Linear
    hours: Fraction
    items: tuple[Item, ...]
    limits: tuple[Limit, ...] = ()
    quotas: tuple[Quantity, ...] = ()
    """What the account must be allowed, such as concurrent Lambda environments."""
    duty: Fraction = Fraction(1)
    """The share of the hours in which the rate is asked for."""

    @cached_property
    def month(self) -> Linear:
        return total((item.cost for item in self.items), self.rate.value)

    @property
    def hour(self) -> Linear:
        return self.month / self.hours

    @property
    def requests(self) -> Fraction:
        """Requests in the month."""
        return self.rate.value * SECONDS_PER_HOUR * self.hours * self.duty

    def per_million(self, month: Fraction) -> Fraction | None:
        """A month's amount as dollars per million requests; None where there are none."""
        return month / self.requests * MILLION if self.requests else None

    @property
    def limit(self) -> Limit | None:
        """The limit that binds first, if any does."""
        return min(self.limits, key=lambda limit: limit.rate, default=None)

    @property
    def serves(self) -> bool:
        """Whether the configuration is enough for the rate."""
        return self.limit is None or self.rate.value <= self.limit.rate
