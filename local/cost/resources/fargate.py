"""AWS Fargate, under ECS (x86 and ARM) and under EKS (x86 alone)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import NamedTuple

from local.cost.bill import NO_EXPLANATION, BillSentence, CapacityLimit, Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.errors import CostError
from local.cost.exact import plain
from local.cost.formulas import Amount, Formula, choose, known, maximum, positive, possible, total
from local.cost.instances import FARGATE_SPEEDS
from local.cost.resources.resource import ComputeFleet, Resource
from local.cost.schema import FIT, fitted, number, switch, text, whole
from local.cost.workload import Mix

EKS_POD_GB = Fraction(1, 4)
"""Memory that EKS adds to each pod for the kubelet, kube-proxy and containerd (EKS user guide)."""
MB_PER_GB = 1024
SYSTEM_POD = (Fraction(1, 4), Fraction(1, 2))
"""vCPU and GB of a pod of Kubernetes itself: the smallest size, which holds what CoreDNS asks for (EKS user guide)."""


def _steps(low: int, high: int, step: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(size) for size in range(low, high + 1, step))


VALID_GB = {
    Fraction(1, 4): (Fraction(1, 2), Fraction(1), Fraction(2)),
    Fraction(1, 2): _steps(1, 4, 1),
    Fraction(1): _steps(2, 8, 1),
    Fraction(2): _steps(4, 16, 1),
    Fraction(4): _steps(8, 30, 1),
    Fraction(8): _steps(16, 60, 4),
    Fraction(16): _steps(32, 120, 8),
}
"""vCPUs, and the GB of memory that go with them (ECS developer guide, EKS user guide)."""


def _fitting(vcpu: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Return the valid sizes with at least so many vCPUs, vCPUs and GB, from the smallest."""
    return [(size, memory) for size, memories in VALID_GB.items() if size >= vcpu for memory in memories]


def provisioned(vcpu: Fraction, memory_gb: Amount) -> tuple[Amount, Amount]:
    """Return vCPUs and GB of the smallest valid size that holds both.

    Raises:
        CostError: There is none.
    """
    sizes = _fitting(vcpu)
    if not isinstance(memory_gb, Formula) and all(memory < memory_gb for _, memory in sizes):
        raise CostError(f"Fargate has no size for {plain(vcpu)} vCPU and {plain(known(memory_gb))} GB")
    result: tuple[Amount, Amount] = sizes[-1]
    for size, memory in reversed(sizes[:-1]):
        too_small = memory_gb - memory
        result = (choose(too_small, result[0], size), choose(too_small, result[1], memory))
    return result


@dataclass(frozen=True, kw_only=True)
class Fargate(Resource):
    """`[fargate]`: ECS tasks, or pods of an EKS cluster."""

    orchestrator: str = text("what runs it", among=("ecs", "eks"))
    architecture: str = text("processor", "x86_64", among=("arm64", "x86_64"), open=True)
    vcpu: Fraction = number("vCPUs of a task or pod", low=Fraction(1, 4), high=16, open=True)
    memory_gb: Fraction = number(
        "its memory; 0: the smallest that holds one process for each vCPU", 0, high=120, open=True
    )
    count: Amount | str = fitted("tasks or pods", FIT)
    spare: Amount = whole("tasks or pods beyond what the rate needs (N+1)", 1, high=100)
    utilisation: Amount = number("busy share of their CPU", Fraction(3, 5), low=Fraction(1, 100), high=1)
    speed: Amount = number("speed of a vCPU over what its processor is taken for", 1, low=Fraction(1, 100), high=100)
    public_addresses: bool = switch("whether each task has a public IPv4 address (ECS); else it needs a NAT", False)
    system_pods: Amount = whole("pods of Kubernetes itself (EKS): CoreDNS, balancer controller, metrics", 5, high=100)
    extended_support: bool = switch("whether the cluster's Kubernetes version is out of standard support", False)
    container_insights: bool = switch("whether Container Insights counts its metrics", False)

    def __post_init__(self) -> None:
        if self.orchestrator == "eks" and self.architecture == "arm64":
            raise CostError("Fargate under EKS has no ARM; use x86_64, or the orchestrator ecs")
        if self.orchestrator == "eks" and self.public_addresses:
            raise CostError("pods on Fargate run in private subnets only; give the network a NAT gateway")
        if self.orchestrator == "ecs":
            memories = VALID_GB.get(self.vcpu)
            if memories is None:
                raise CostError(f"vcpu {plain(self.vcpu)} is none of {', '.join(plain(size) for size in VALID_GB)}")
            if self.memory_gb and self.memory_gb not in memories:
                valid = f"{plain(self.vcpu)} vCPU; valid are {_span(memories)}"
                raise CostError(f"memory_gb {plain(self.memory_gb)} does not go with {valid}")

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield vCPU-hours, GB-hours, addresses, an EKS cluster and its own pods."""
        fleets = self._fleets(context)
        count, how = self._count(fleets), self._how()
        vcpu_price = context.price("fargate", f"vcpu-{self.architecture}")
        memory_price = context.price("fargate", f"memory-{self.architecture}")
        derived: tuple[Quantity, ...] = ()
        if len(fleets) == 1:
            vcpu: tuple[Quantity, ...] = (count, Quantity("vCPU", fleets[0].vcpu, how=how))
            memory: tuple[Quantity, ...] = (count, Quantity("GB", fleets[0].memory_gb, how=how))
        else:
            derived, how = (count,), explain("the sum over the services, each with its own {}", self._noun)
            vcpu = (Quantity("vCPU", total(fleet.size.amount * fleet.vcpu for fleet in fleets), how=how),)
            memory = (Quantity("GB", total(fleet.size.amount * fleet.memory_gb for fleet in fleets), how=how),)
        yield Item("fargate-vcpu", (*vcpu, context.running()), vcpu_price, inputs=derived)
        yield Item("fargate-memory", (*memory, context.running()), memory_price)
        if self.public_addresses:
            yield Item("fleet-addresses", (count, context.running()), context.price("vpc", "public-ipv4"))
        if self.orchestrator == "eks":
            yield cluster(context, extended_support=self.extended_support)
        if self.container_insights:
            yield container_insights(context, ecs=self.orchestrator == "ecs")
        if self.orchestrator == "eks" and possible(self.system_pods):
            pods, present = Quantity("pods", self.system_pods), self.system_pods
            vcpu = (pods, Quantity("vCPU", SYSTEM_POD[0]))
            memory = (pods, Quantity("GB", SYSTEM_POD[1]))
            yield Item("system-vcpu", (*vcpu, context.running()), vcpu_price, when=present)
            yield Item("system-memory", (*memory, context.running()), memory_price, when=present)

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the limit of a fixed fleet, and 0 where the memory does not hold the processes."""
        for fleet in self._fleets(context):
            yield from fleet.limits
        needed = self._needed_gb(context.mix.memory_mb)
        if isinstance(self.count, str):
            alone = (self._needed_gb(positive(share) * service.memory_mb) for service, share in context.mix.shares)
            needed = reduce(maximum, alone)
        available = self.memory_gb or maximum(_fitting(self.vcpu)[-1][1] - self._system_gb, Fraction(0))
        why = explain("a process for each vCPU needs {} GB", needed)
        yield CapacityLimit("memory", Fraction(0), why, when=needed - available)

    def _needed_gb(self, memory_mb: Amount) -> Amount:
        """Return GB for one process of so many MB on each vCPU."""
        return memory_mb * Fraction(max(1, math.ceil(self.vcpu)), MB_PER_GB)

    @property
    def _system_gb(self) -> Fraction:
        return EKS_POD_GB if self.orchestrator == "eks" else Fraction(0)

    @property
    def _noun(self) -> str:
        return "pods" if self.orchestrator == "eks" else "tasks"

    def _how(self) -> BillSentence:
        if self.orchestrator == "eks":
            return explain("the smallest valid size that holds the pod and {} GB for Kubernetes", EKS_POD_GB)
        return NO_EXPLANATION if self.memory_gb else explain("the smallest valid size that holds the workload")

    def _fleets(self, context: PricingContext) -> list[_ServiceFleet]:
        """Return the fleets of the services.

        A fleet that follows the rate has tasks of one service each, as the chart has pods; so many tasks that are given
        by number run all services alike.
        """
        if not isinstance(self.count, str):
            return [self._fleet(context, context.mix.memory_mb, Fraction(1))]
        return [
            self._fleet(
                replace(context, mix=Mix(((service, Fraction(1)),)), rate=context.rate * share),
                service.memory_mb,
                positive(share),
            )
            for service, share in context.mix.shares
        ]

    def _fleet(self, context: PricingContext, memory_mb: Amount, present: Amount) -> _ServiceFleet:
        vcpu, memory_gb = provisioned(self.vcpu, (self.memory_gb or self._needed_gb(memory_mb)) + self._system_gb)
        speed = FARGATE_SPEEDS[self.architecture].ratio * self.speed
        fleet = ComputeFleet(self._noun, self.count, self.spare, self.utilisation, vcpu * speed)
        size = fleet.size(context)
        return _ServiceFleet(replace(size, amount=present * size.amount), vcpu, memory_gb, tuple(fleet.limits(context)))

    def _count(self, fleets: list[_ServiceFleet]) -> Quantity:
        if len(fleets) == 1:
            return fleets[0].size
        how = explain("for each service what its rate needs, rounded up, + {} spare", self.spare)
        return Quantity(self._noun, total(fleet.size.amount for fleet in fleets), how=how)


class _ServiceFleet(NamedTuple):
    """The tasks or pods of one service, with vCPUs and GB of one of them."""

    size: Quantity
    vcpu: Amount
    memory_gb: Amount
    limits: tuple[CapacityLimit, ...]


EKS_METRICS = (24, 8, 9, 6)
"""Metrics of Container Insights for a cluster, a node, a pod's name and a service (AWS, as quoted in containers-roadmap
issue 672)."""
ECS_METRICS = (8, 6, 11)
"""For a cluster, a task's family and a service (unconfirmed: remembered from CloudWatch's pricing page)."""


def container_insights(context: PricingContext, *, nodes: Amount = Fraction(0), ecs: bool = False) -> Item:
    """Return the metrics of Container Insights, which bills them as custom metrics; one deployment for each service."""
    services = context.mix.services
    if ecs:
        cluster, task, service = ECS_METRICS
        metrics = cluster + services * (task + service)
        how = explain("{} of the cluster + {} services × ({} + {})", cluster, services, task, service)
    else:
        cluster, node, pod, service = EKS_METRICS
        metrics = cluster + nodes * node + services * (pod + service)
        template = "{} of the cluster + {} nodes × {} + {} services × ({} + {})"
        how = explain(template, cluster, nodes, node, services, pod, service)
    factors = (Quantity("metrics", metrics, how=how), context.kept())
    return Item("container-insights", factors, context.price("cloudwatch", "metrics"))


def cluster(context: PricingContext, *, extended_support: bool) -> Item:
    """Return an EKS cluster's hours."""
    price = context.price("eks", "cluster-extended" if extended_support else "cluster")
    return Item("cluster", (Quantity("clusters", Fraction(1)), context.running()), price)


def _span(memories: tuple[Fraction, ...]) -> str:
    step = plain(memories[1] - memories[0])
    return (
        ", ".join(map(plain, memories))
        if len(memories) <= 4
        else f"{plain(memories[0])} to {plain(memories[-1])} in steps of {step}"
    )
