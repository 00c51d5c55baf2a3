"""AWS Fargate, under ECS (x86 and ARM) and under EKS (x86 alone)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import NO_EXPLANATION, CapacityLimit, Explanation, Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.errors import CostError
from local.cost.exact import plain
from local.cost.formulas import Amount, Formula, choose, known, maximum
from local.cost.resources.resource import ComputeFleet, Resource
from local.cost.schema import FIT, fitted, number, switch, text, whole

EKS_POD_GB = Fraction(1, 4)
"""Memory that EKS adds to each pod for the kubelet, kube-proxy and containerd (EKS user guide)."""
MB_PER_GB = 1024


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
    speed: Amount = number(
        "speed of a vCPU, relative to the one the workload was measured on", 1, low=Fraction(1, 100), high=100
    )
    extended_support: bool = switch("whether the cluster's Kubernetes version is out of standard support", False)

    def __post_init__(self) -> None:
        if self.orchestrator == "eks" and self.architecture == "arm64":
            raise CostError("Fargate under EKS has no ARM; use x86_64, or the orchestrator ecs")
        if self.orchestrator == "ecs":
            memories = VALID_GB.get(self.vcpu)
            if memories is None:
                raise CostError(f"vcpu {plain(self.vcpu)} is none of {', '.join(plain(size) for size in VALID_GB)}")
            if self.memory_gb and self.memory_gb not in memories:
                valid = f"{plain(self.vcpu)} vCPU; valid are {_span(memories)}"
                raise CostError(f"memory_gb {plain(self.memory_gb)} does not go with {valid}")

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield vCPU-hours, GB-hours and an EKS cluster."""
        vcpu, memory = self._size(context)
        size, how = self._fleet(context).size(context), self._how()
        price = context.price("fargate", f"vcpu-{self.architecture}")
        yield Item("fargate-vcpu", (size, Quantity("vCPU", vcpu, how=how), context.running()), price)
        price = context.price("fargate", f"memory-{self.architecture}")
        yield Item("fargate-memory", (size, Quantity("GB", memory, how=how), context.running()), price)
        if self.orchestrator == "eks":
            yield cluster(context, extended_support=self.extended_support)

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the limit of a fixed fleet, and 0 where the memory does not hold the processes."""
        yield from self._fleet(context).limits(context)
        needed = self._needed_gb(context)
        available = self.memory_gb or maximum(_fitting(self.vcpu)[-1][1] - self._system_gb, Fraction(0))
        why = explain("a process for each vCPU needs {} GB", needed)
        yield CapacityLimit("memory", Fraction(0), why, when=needed - available)

    def _needed_gb(self, context: PricingContext) -> Amount:
        """Return GB for one process of each service on each vCPU."""
        return context.mix.memory_mb * Fraction(max(1, math.ceil(self.vcpu)), MB_PER_GB)

    @property
    def _system_gb(self) -> Fraction:
        return EKS_POD_GB if self.orchestrator == "eks" else Fraction(0)

    def _size(self, context: PricingContext) -> tuple[Amount, Amount]:
        return provisioned(self.vcpu, (self.memory_gb or self._needed_gb(context)) + self._system_gb)

    def _how(self) -> Explanation:
        if self.orchestrator == "eks":
            return explain("the smallest valid size that holds the pod and {} GB for Kubernetes", EKS_POD_GB)
        return NO_EXPLANATION if self.memory_gb else explain("the smallest valid size that holds the workload")

    def _fleet(self, context: PricingContext) -> ComputeFleet:
        noun = "pods" if self.orchestrator == "eks" else "tasks"
        return ComputeFleet(noun, self.count, self.spare, self.utilisation, self._size(context)[0] * self.speed)


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
