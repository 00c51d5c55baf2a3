"""The network around it all: NAT gateways, public addresses, traffic out and between zones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.items import Item, Quantity, saying
from local.cost.parts.part import Part
from local.cost.schema import number, switch, whole
from local.cost.work import Case


@dataclass(frozen=True, kw_only=True)
class Network(Part):
    """`[network]`."""

    nat_gateways: int = whole("NAT gateways", 0, high=1000)
    nat_bytes: Fraction = number("bytes a request that go through them", 0)
    public_ipv4: int = whole(
        "public IPv4 addresses besides those of the front, of nodes for instance", 0, high=1_000_000
    )
    internet: bool = switch("whether responses go out to the Internet", False)
    cross_zone_share: Fraction = number(
        "share of a request's bytes that cross zones, behind an NLB for instance", 0, high=1
    )

    @property
    def addresses(self) -> int:
        return self.public_ipv4

    def items(self, case: Case) -> Iterator[Item]:
        if self.nat_gateways:
            yield Item(
                "nat",
                (Quantity("gateways", Fraction(self.nat_gateways)), case.running()),
                case.price("vpc", "nat-hours"),
            )
        if self.nat_bytes:
            yield Item("nat-data", (case.gigabytes(self.nat_bytes),), case.price("vpc", "nat-data"))
        if case.addresses:
            yield Item(
                "ipv4",
                (Quantity("addresses", Fraction(case.addresses)), case.running()),
                case.price("vpc", "public-ipv4"),
            )
        if self.internet:
            sent = case.mix.mean(lambda work: work.response_bytes)
            yield Item("internet-out", (case.gigabytes(sent),), case.price("data-transfer", "internet-out"))
        if self.cross_zone_share:
            crossing = case.mix.mean(lambda work: work.bytes_both_ways) * self.cross_zone_share
            ways = Quantity("ways", Fraction(2), how=saying("billed to the sender and to the receiver"))
            yield Item("cross-zone", (case.gigabytes(crossing), ways), case.price("data-transfer", "cross-zone"))
