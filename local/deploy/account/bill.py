"""What an environment costs, by the cost model: one bill for what platforms share and one for each platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from local.cost.bill import Bill
from local.cost.configuration import parse
from local.cost.errors import CostError
from local.cost.model import Usage, cheapest
from local.cost.price_book import PriceBook
from local.cost.workload import Mix
from local.deploy.account.environment import Environment

NAT_GATEWAYS = {"nat": 1, "nat-per-zone": 2}
FUNCTION_MB = 256
"""As template.yaml has it."""


@dataclass(frozen=True)
class EnvironmentBill:
    """The bills by what they are for, and what the model does not price."""

    bills: Mapping[str, Bill]
    left_out: tuple[str, ...]
    region: str

    @property
    def hour(self) -> Fraction:
        """Dollars an hour, of all together."""
        return sum((bill.hour for bill in self.bills.values()), Fraction(0))

    @property
    def month(self) -> Fraction:
        """Dollars for its hours of a month."""
        return sum((bill.month for bill in self.bills.values()), Fraction(0))


def priced(environment: Environment, mix: Mix, book: PriceBook) -> EnvironmentBill:
    """Return the bill of an environment; a region without prices in the book is priced as us-east-1.

    Raises:
        CostError: The book lacks a price.
    """
    usage = Usage(environment.load.hours)
    bills = {}
    region = environment.heading.region
    for name, tables, rate in _configurations(environment):
        for where in dict.fromkeys((region, "us-east-1")):
            configuration = parse({"name": name, "region": where, **tables}, f"{environment.name}: {name}")
            try:
                bills[name] = cheapest(configuration, mix, rate, book, usage)
                region = where
                break
            except CostError:
                if where == "us-east-1":
                    raise
    return EnvironmentBill(bills, tuple(_left_out(environment)), region)


def _configurations(environment: Environment) -> Iterator[tuple[str, dict[str, Any], Fraction]]:
    """Yield the name, the tables and the rate of what is priced."""
    network, database, load = environment.network, environment.database, environment.load
    shared: dict[str, Any] = {"registry": {"gb": 1}}
    if environment.networked and network.access in NAT_GATEWAYS:
        shared["network"] = {"nat_gateways": NAT_GATEWAYS[network.access]}
    if database is not None:
        shared["secrets"] = {"count": 1}
        shared["database"] = {
            "engine": "rds-mysql",
            "instance": database.instance,
            "multi_az": database.multi_az,
            "replicas": int(database.replicas),
            "storage_gb": int(database.storage_gb),
            "proxy": True,
        }
    yield "shared", shared, load.rate if database is not None else Fraction(0)
    public = network.access == "public"
    internet = {"internet": environment.heading.public}
    if "lambda" in environment.platforms:
        function = {"memory_mb": FUNCTION_MB, "architecture": "arm64"}
        yield "lambda", {"lambda": function, "ingress": {"kind": "http-api"}, "network": internet}, load.rate
    if "eks" in environment.platforms:
        yield "eks", {**_pods(environment, public), "ingress": {"kind": "alb"}, "network": internet}, load.rate
    if "ecs" in environment.platforms:
        ecs = environment.ecs
        tasks = {
            "orchestrator": "ecs",
            "architecture": "arm64",
            "vcpu": _decimal(ecs.vcpu),
            "memory_gb": _decimal(ecs.memory_gb),
            "count": int(ecs.min) * (3 if database is not None else 2),
            "public_addresses": public,
        }
        yield "ecs", {"fargate": tasks, "ingress": {"kind": "alb"}, "network": internet}, load.rate


def _pods(environment: Environment, public: bool) -> dict[str, Any]:
    eks = environment.eks
    if eks.compute == "fargate":
        # The chart's pods: 1 vCPU, two of each service.
        return {
            "fargate": {"orchestrator": "eks", "vcpu": 1, "memory_gb": 2, "count": 6 if environment.database else 4}
        }
    nodes = {"instance": eks.instance, "count": int(eks.min), "disk_gb": int(eks.disk_gb), "public_addresses": public}
    return {"nodes": nodes}


def _left_out(environment: Environment) -> Iterator[str]:
    """Yield what is billed and not priced here."""
    yield "alarms, the dashboard and the alarm topic's key"
    yield "log lines and traffic through a NAT gateway, which follow what is logged and pulled"
    if environment.network.access == "endpoints" and environment.networked:
        yield "VPC endpoints (9 in 2 zones, each billed by the hour)"
    if environment.monitoring.container_insights:
        yield "Container Insights, by the metric"


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
