"""The network: NAT gateways, endpoints, public addresses, traffic to the Internet and between zones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.errors import CostError
from local.cost.formulas import Amount, possible
from local.cost.resources.resource import Resource
from local.cost.schema import number, switch, text, whole


@dataclass(frozen=True, kw_only=True)
class Network(Resource):
    """`[network]`: the network."""

    nat_gateways: Amount = whole("NAT gateways", 0, high=1000)
    nat_bytes: Amount = number("bytes a request that go through them", 0)
    public_ipv4: Amount = whole(
        "public IPv4 addresses besides those of the ingress, of nodes for instance", 0, high=1_000_000
    )
    internet: bool = switch("whether responses go out to the Internet", False)
    cdn: str = text(
        "edges of CloudFront through which responses go to the Internet; none: straight from the region",
        "none",
        among=("none", "us", "europe"),
        open=True,
    )
    cross_zone_share: Amount = number(
        "share of a request's bytes that cross zones, behind an NLB for instance", 0, high=1
    )

    cross_zone_bytes: Amount = number(
        "bytes a request that cross zones besides, to a database or a cache for instance", 0
    )
    interface_endpoints: Amount = whole("interface endpoints of the VPC (PrivateLink)", 0, high=1000)
    endpoint_zones: Amount = whole("zones of each of them", 2, low=1, high=6)
    endpoint_bytes: Amount = number("bytes a request that go through them", 0)
    gateway_endpoints: Amount = whole("gateway endpoints of the VPC, for S3 and DynamoDB: free", 0, high=100)

    def __post_init__(self) -> None:
        if self.cdn != "none" and not self.internet:
            raise CostError("cdn: responses go through CloudFront to the Internet; say internet = true")

    @property
    def addresses(self) -> Amount:
        """Public IPv4 addresses besides those of the ingress."""
        return self.public_ipv4

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield gateways, addresses and traffic."""
        if possible(self.nat_gateways):
            gateways = (Quantity("gateways", self.nat_gateways), context.running())
            yield Item("nat", gateways, context.price("vpc", "nat-hours"), when=self.nat_gateways)
        if possible(self.nat_bytes):
            data = (context.gigabytes(self.nat_bytes),)
            yield Item("nat-data", data, context.price("vpc", "nat-data"), when=self.nat_bytes)
        if possible(context.addresses):
            addresses = (Quantity("addresses", context.addresses), context.running())
            yield Item("ipv4", addresses, context.price("vpc", "public-ipv4"), when=context.addresses)
        if self.internet:
            sent = context.gigabytes(context.mix.mean(lambda workload: workload.response_bytes))
            if self.cdn == "none":
                yield Item("internet-out", (sent,), context.price("data-transfer", "internet-out"))
            else:  # what goes from the region to CloudFront is free
                yield Item("cdn-out", (sent,), context.price("cloudfront", f"out-{self.cdn}"))
                requests = context.price("cloudfront", f"https-requests-{self.cdn}")
                yield Item("cdn-requests", (context.requests(),), requests)
        yield from self._endpoints(context)
        if possible(self.cross_zone_share) or possible(self.cross_zone_bytes):
            both_ways = context.mix.mean(lambda workload: workload.bytes_both_ways)
            crossing = both_ways * self.cross_zone_share + self.cross_zone_bytes
            ways = Quantity("ways", Fraction(2), how=explain("billed to the sender and to the receiver"))
            price = context.price("data-transfer", "cross-zone")
            yield Item("cross-zone", (context.gigabytes(crossing), ways), price, when=crossing)

    def _endpoints(self, context: PricingContext) -> Iterator[Item]:
        if possible(self.interface_endpoints):
            zones = Quantity("zones", self.endpoint_zones)
            endpoints = (Quantity("endpoints", self.interface_endpoints), zones, context.running())
            price = context.price("vpc", "endpoint-hours")
            yield Item("interface-endpoints", endpoints, price, when=self.interface_endpoints)
        if possible(self.endpoint_bytes):
            data = (context.gigabytes(self.endpoint_bytes),)
            yield Item("endpoint-data", data, context.price("vpc", "endpoint-data"), when=self.endpoint_bytes)
        if possible(self.gateway_endpoints):
            gateways = (Quantity("endpoints", self.gateway_endpoints), context.running())
            price = context.price("vpc", "gateway-endpoint-hours")
            yield Item("gateway-endpoints", gateways, price, when=self.gateway_endpoints)
