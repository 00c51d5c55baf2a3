"""AWS Fargate, under ECS (x86 and ARM) and under EKS (x86 alone)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.errors import CostError
from local.cost.exact import plain
from local.cost.items import Item, Limit, Quantity, Words, nothing, saying
from local.cost.parts.part import Fleet, Part
from local.cost.schema import FIT, fitted, number, switch, text, whole
from local.cost.work import Case

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


def provisioned(vcpu: Fraction, memory_gb: Fraction) -> tuple[Fraction, Fraction]:
    """The smallest valid size that holds both. Raises `CostError` where there is none."""
    for size, memories in VALID_GB.items():
        for memory in memories:
            if size >= vcpu and memory >= memory_gb:
                return size, memory
    raise CostError(f"Fargate has no size for {plain(vcpu)} vCPU and {plain(memory_gb)} GB")


@dataclass(frozen=True, kw_only=True)
class Fargate(Part):
    """`[fargate]`: ECS tasks, or pods of an EKS cluster."""

    orchestrator: str = text("who runs it", among=("ecs", "eks"))
    architecture: str = text("processor", "x86_64", among=("arm64", "x86_64"), open=True)
    vcpu: Fraction = number("vCPUs of a task or pod", low=Fraction(1, 4), high=16, open=True)
    memory_gb: Fraction = number(
        "its memory; 0: the smallest that holds one process for each vCPU", 0, high=120, open=True
    )
    count: int | str = fitted("tasks or pods", FIT)
    spare: int = whole("tasks or pods beyond what the rate needs (N+1)", 1, high=100)
    utilisation: Fraction = number("busy share of their CPU", Fraction(3, 5), low=Fraction(1, 100), high=1)
    speed: Fraction = number(
        "speed of a vCPU, relative to the one the work was measured on", 1, low=Fraction(1, 100), high=100
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

    def items(self, case: Case) -> Iterator[Item]:
        vcpu, memory = self._size(case)
        kind = "arm64" if self.architecture == "arm64" else "x86_64"
        size = self._fleet(case).size(case)
        how = self._how()
        yield Item(
            "fargate-vcpu",
            (size, Quantity("vCPU", vcpu, how=how), case.running()),
            case.price("fargate", f"vcpu-{kind}"),
        )
        yield Item(
            "fargate-memory",
            (size, Quantity("GB", memory, how=how), case.running()),
            case.price("fargate", f"memory-{kind}"),
        )
        if self.orchestrator == "eks":
            yield cluster(case, extended_support=self.extended_support)

    def limits(self, case: Case) -> Iterator[Limit]:
        yield from self._fleet(case).limits(case)
        asked = self.memory_gb or self._needed(case)
        if asked < self._needed(case):
            yield Limit("memory", Fraction(0), saying("a process for each vCPU needs {} GB", self._needed(case)))

    def _needed(self, case: Case) -> Fraction:
        """GB for one process of each service on each vCPU."""
        return Fraction(max(1, math.ceil(self.vcpu)) * case.mix.memory_mb, MB_PER_GB)

    def _size(self, case: Case) -> tuple[Fraction, Fraction]:
        extra = EKS_POD_GB if self.orchestrator == "eks" else Fraction(0)
        return provisioned(self.vcpu, (self.memory_gb or self._needed(case)) + extra)

    def _how(self) -> Words:
        if self.orchestrator == "eks":
            return saying("the smallest valid size that holds the pod and {} GB for Kubernetes", EKS_POD_GB)
        return nothing if self.memory_gb else saying("the smallest valid size that holds the work")

    def _fleet(self, case: Case) -> Fleet:
        noun = "pods" if self.orchestrator == "eks" else "tasks"
        return Fleet(noun, self.count, self.spare, self.utilisation, self._size(case)[0] * self.speed)


def cluster(case: Case, *, extended_support: bool) -> Item:
    """An EKS cluster's hours."""
    price = case.price("eks", "cluster-extended" if extended_support else "cluster")
    return Item("cluster", (Quantity("clusters", Fraction(1)), case.running()), price)


def _span(memories: tuple[Fraction, ...]) -> str:
    step = plain(memories[1] - memories[0])
    return (
        ", ".join(map(plain, memories))
        if len(memories) <= 4
        else f"{plain(memories[0])} to {plain(memories[-1])} in steps of {step}"
    )
