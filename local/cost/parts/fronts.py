"""What stands in front: a Function URL, API Gateway, or a load balancer billed by capacity units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.exact import GB, SECONDS_PER_HOUR
from local.cost.items import Item, Quantity, saying
from local.cost.linear import Linear, constant, larger
from local.cost.parts.part import Part
from local.cost.schema import switch, text, whole
from local.cost.work import Case

KINDS = ("function-url", "http-api", "rest-api", "alb", "nlb")
HTTP_API_UNIT = 512 * 1024
"""Bytes that an HTTP API meters as one request (API Gateway pricing)."""
API_REQUESTS = 10_000
"""Requests/s of API Gateway in an account and region by default (API Gateway quotas)."""
FREE_RULES = 10


@dataclass(frozen=True)
class Capacity:
    """What one capacity unit of a load balancer holds (Elastic Load Balancing pricing)."""

    connections: int
    """New connections/s."""
    active: int
    """Connections open at once."""
    gigabytes: Fraction
    """GB an hour."""
    rules: int = 0
    """Rule evaluations/s; 0: not a dimension."""


ALB = Capacity(25, 3_000, Fraction(1), 1_000)
ALB_TO_LAMBDA = Capacity(25, 3_000, Fraction(2, 5), 1_000)
NLB_TCP = Capacity(800, 100_000, Fraction(1))
NLB_TLS = Capacity(50, 3_000, Fraction(1))


@dataclass(frozen=True, kw_only=True)
class Front(Part):
    """`[front]`: where requests come in."""

    kind: str = text("what it is", among=KINDS, open=True)
    zones: int = whole("availability zones of a load balancer, each with a public IPv4 address", 2, low=1, high=6)
    internal: bool = switch("whether a load balancer has no public address", False)
    rules: int = whole("listener rules that a request is held against (ALB)", 3, high=1_000)
    tls: bool = switch("whether an NLB ends TLS", False)

    @property
    def addresses(self) -> int:
        return self.zones if self.kind in ("alb", "nlb") and not self.internal else 0

    def items(self, case: Case) -> Iterator[Item]:
        match self.kind:
            case "function-url":
                yield Item("function-url", (case.count_of_requests(),), case.price("lambda", "function-url"))
            case "http-api":
                units = Quantity(
                    "units per request",
                    case.mix.mean(lambda work: Fraction(max(1, -(-work.bytes_both_ways // HTTP_API_UNIT)))),
                    how=saying("request and response in units of {} bytes, rounded up", HTTP_API_UNIT),
                )
                yield Item("http-api", (case.count_of_requests(), units), case.price("api-gateway", "http-requests"))
            case "rest-api":
                yield Item("rest-api", (case.count_of_requests(),), case.price("api-gateway", "rest-requests"))
            case "alb":
                yield from self._balancer(case, ALB_TO_LAMBDA if case.lambda_behind else ALB)
            case "nlb":
                yield from self._balancer(case, NLB_TLS if self.tls else NLB_TCP)

    def quotas(self, case: Case) -> Iterator[Quantity]:
        if self.kind in ("http-api", "rest-api"):
            yield Quantity(
                "API Gateway requests/s", case.rate, how=saying("an account and region has {} by default", API_REQUESTS)
            )

    def _balancer(self, case: Case, unit: Capacity) -> Iterator[Item]:
        yield Item(
            self.kind, (Quantity("balancers", Fraction(1)), case.running()), case.price("elb", f"{self.kind}-hours")
        )
        dimensions = tuple(self._dimensions(case, unit))
        most: Linear = constant(0, case.rate.at)
        for dimension in dimensions:
            most = larger(most, constant(0, case.rate.at) + dimension.amount)
        largest = max(dimensions, key=lambda dimension: dimension.value)
        units = Quantity("capacity units", most, how=saying("the largest dimension: {}", largest.name))
        yield Item(
            f"{self.kind}-capacity",
            (units, case.running()),
            case.price("elb", f"{self.kind}-capacity"),
            given=dimensions,
        )

    def _dimensions(self, case: Case, unit: Capacity) -> Iterator[Quantity]:
        rate, mix, shown = case.mean_rate, case.mix, case.mean_rate.value
        opened = mix.mean(lambda work: 1 / work.requests_per_connection)
        how = saying("{}/s × {} / {}", shown, opened, unit.connections)
        yield Quantity("units for new connections", rate * (opened / unit.connections), how=how)
        held = mix.mean(lambda work: work.connection_seconds / work.requests_per_connection)
        how = saying("{}/s × {} s / {}", shown, held, unit.active)
        yield Quantity("units for active connections", rate * (held / unit.active), how=how)
        size = mix.mean(lambda work: work.bytes_both_ways)
        how = saying("{}/s × {} s × {} bytes / {} / {} GB an hour", shown, SECONDS_PER_HOUR, size, GB, unit.gigabytes)
        yield Quantity("units for processed bytes", rate * (SECONDS_PER_HOUR * size / GB / unit.gigabytes), how=how)
        if unit.rules:
            billed = max(0, self.rules - FREE_RULES)
            how = saying("{}/s × {} rules beyond the first {} / {}", shown, billed, FREE_RULES, unit.rules)
            yield Quantity("units for rule evaluations", rate * Fraction(billed, unit.rules), how=how)
