"""Where requests come in: a Function URL, API Gateway, or a load balancer billed by capacity units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.exact import GB, SECONDS_PER_HOUR
from local.cost.formulas import Amount, ceiling, maximum
from local.cost.resources.resource import Resource
from local.cost.schema import switch, text, whole

KINDS = ("function-url", "http-api", "rest-api", "alb", "nlb")
HTTP_API_UNIT = 512 * 1024
"""Bytes that an HTTP API meters as one request (API Gateway pricing)."""
API_GATEWAY_REQUESTS = 10_000
"""Requests/s of API Gateway in an account and region by default (API Gateway quotas)."""
FREE_RULES = 10
"""Listener rules that an ALB does not bill (Elastic Load Balancing pricing)."""


@dataclass(frozen=True)
class CapacityUnit:
    """What one capacity unit of a load balancer holds (Elastic Load Balancing pricing).

    Attributes:
        connections: New connections/s.
        active: Connections open at once.
        gigabytes: GB an hour.
        rules: Rule evaluations/s; 0: not a dimension.
    """

    connections: int
    active: int
    gigabytes: Fraction
    rules: int = 0


ALB = CapacityUnit(25, 3_000, Fraction(1), 1_000)
ALB_TO_LAMBDA = CapacityUnit(25, 3_000, Fraction(2, 5), 1_000)
NLB_TCP = CapacityUnit(800, 100_000, Fraction(1))
NLB_TLS = CapacityUnit(50, 3_000, Fraction(1))


@dataclass(frozen=True, kw_only=True)
class Ingress(Resource):
    """`[ingress]`: where requests come in."""

    kind: str = text("what it is", among=KINDS, open=True)
    zones: Amount = whole("availability zones of a load balancer, each with a public IPv4 address", 2, low=1, high=6)
    internal: bool = switch("whether a load balancer has no public address", False)
    rules: Amount = whole("listener rules that a request is compared with (ALB)", 3, high=1_000)
    tls: bool = switch("whether an NLB ends TLS", False)

    @property
    def addresses(self) -> Amount:
        """Public IPv4 addresses: one in each zone of a load balancer."""
        return self.zones if self.kind in ("alb", "nlb") and not self.internal else Fraction(0)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the fee for each request, or the load balancer's hours and capacity units."""
        match self.kind:
            case "function-url":
                yield Item("function-url", (context.requests(),), context.price("lambda", "function-url"))
            case "http-api":
                units = Quantity(
                    "units per request",
                    context.mix.mean(
                        lambda workload: maximum(Fraction(1), ceiling(workload.bytes_both_ways / HTTP_API_UNIT))
                    ),
                    how=explain("request and response in units of {} bytes, rounded up", HTTP_API_UNIT),
                )
                yield Item("http-api", (context.requests(), units), context.price("api-gateway", "http-requests"))
            case "rest-api":
                yield Item("rest-api", (context.requests(),), context.price("api-gateway", "rest-requests"))
            case "alb":
                yield from self._balancer(context, ALB_TO_LAMBDA if context.on_lambda else ALB)
            case "nlb":
                yield from self._balancer(context, NLB_TLS if self.tls else NLB_TCP)

    def quotas(self, context: PricingContext) -> Iterator[Quantity]:
        """Yield the requests/s that API Gateway must be allowed."""
        if self.kind in ("http-api", "rest-api"):
            how = explain("an account and region has {} by default", API_GATEWAY_REQUESTS)
            yield Quantity("API Gateway requests/s", context.rate, how=how)

    def _balancer(self, context: PricingContext, unit: CapacityUnit) -> Iterator[Item]:
        hours = (Quantity("balancers", Fraction(1)), context.running())
        yield Item(self.kind, hours, context.price("elb", f"{self.kind}-hours"))
        dimensions = tuple(self._dimensions(context, unit))
        largest: Amount = Fraction(0)
        for dimension in dimensions:
            largest = maximum(largest, dimension.amount)
        units = Quantity("capacity units", largest, how=explain("the largest of the dimensions below"))
        price = context.price("elb", f"{self.kind}-capacity")
        yield Item(f"{self.kind}-capacity", (units, context.running()), price, inputs=dimensions)

    def _dimensions(self, context: PricingContext, unit: CapacityUnit) -> Iterator[Quantity]:
        rate, mix = context.mean_rate, context.mix
        opened = mix.mean(lambda workload: 1 / workload.requests_per_connection)
        how = explain("{}/s × {} / {}", rate, opened, unit.connections)
        yield Quantity("units for new connections", rate * (opened / unit.connections), how=how)
        held = mix.mean(lambda workload: workload.connection_seconds / workload.requests_per_connection)
        how = explain("{}/s × {} s / {}", rate, held, unit.active)
        yield Quantity("units for active connections", rate * (held / unit.active), how=how)
        size = mix.mean(lambda workload: workload.bytes_both_ways)
        how = explain("{}/s × {} s × {} bytes / {} / {} GB an hour", rate, SECONDS_PER_HOUR, size, GB, unit.gigabytes)
        yield Quantity("units for processed bytes", rate * (size * (SECONDS_PER_HOUR / GB / unit.gigabytes)), how=how)
        if unit.rules:
            billed = maximum(Fraction(0), self.rules - FREE_RULES)
            how = explain("{}/s × {} rules beyond the first {} / {}", rate, billed, FREE_RULES, unit.rules)
            yield Quantity("units for rule evaluations", rate * (billed / Fraction(unit.rules)), how=how)
