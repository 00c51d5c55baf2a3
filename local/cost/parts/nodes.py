"""Kubernetes on EC2 instances: an EKS managed node group, or a control plane of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.instances import memory_gib, vcpus
from local.cost.items import Item, Limit, Quantity, saying
from local.cost.parts.fargate import cluster
from local.cost.parts.part import Fleet, Part
from local.cost.schema import FIT, fitted, number, switch, text, whole
from local.cost.work import Case

KUBELET_SHARES = ((1, Fraction(6, 100)), (1, Fraction(1, 100)), (2, Fraction(1, 200)))
"""vCPUs, and the share of each that EKS' node image reserves for the kubelet and the system."""
KUBELET_SHARE_ABOVE = Fraction(1, 400)
MB_PER_GIB = 1024


def system_reserve(cores: Fraction) -> Fraction:
    """vCPUs of a node that EKS' image keeps back.

    >>> system_reserve(Fraction(2))
    Fraction(7, 100)
    """
    reserve, rest = Fraction(0), cores
    for step, share in KUBELET_SHARES:
        part = min(rest, Fraction(step))
        reserve += part * share
        rest -= part
    return reserve + rest * KUBELET_SHARE_ABOVE


@dataclass(frozen=True, kw_only=True)
class Nodes(Part):
    """`[nodes]`: a node group with one pod of each service on every node, a process for each vCPU."""

    instance: str = text("EC2 instance type", open=True)
    count: int | str = fitted("nodes", FIT)
    control_plane: str = text("whose", "eks", among=("eks", "self-managed"))
    extended_support: bool = switch("whether the cluster's Kubernetes version is out of standard support", False)
    disk_gb: Fraction = number("root volume of a node, gp3", 20, high=16_384)
    spare: int = whole("nodes beyond what the rate needs (N+1)", 1, high=100)
    utilisation: Fraction = number(
        "busy share of what is left for pods; the rest is headroom", Fraction(3, 5), low=Fraction(1, 100), high=1
    )
    daemon_vcpu: Fraction = number("vCPUs of a node for its DaemonSets", Fraction(3, 20), high=16)
    system_mb: int = whole("memory of a node for the system and DaemonSets", 700, high=16_384)
    speed: Fraction = number(
        "speed of a vCPU, relative to the one the work was measured on", 1, low=Fraction(1, 100), high=100
    )

    def items(self, case: Case) -> Iterator[Item]:
        size = self._fleet().size(case)
        if self.control_plane == "eks":
            yield cluster(case, extended_support=self.extended_support)
        yield Item("nodes", (size, case.running()), case.price("ec2", self.instance), given=(self._allocatable(),))
        if self.disk_gb:
            disk = Quantity("GB", self.disk_gb, "GB")
            yield Item("node-disks", (size, disk, case.kept()), case.price("ebs", "gp3"))

    def limits(self, case: Case) -> Iterator[Limit]:
        yield from self._fleet().limits(case)
        free = memory_gib(self.instance) * MB_PER_GIB - self.system_mb
        needed = vcpus(self.instance) * case.mix.memory_mb
        if free < needed:
            yield Limit(
                "node memory", Fraction(0), saying("a process for each vCPU needs {} MB of {} MB", needed, free)
            )

    def _allocatable(self) -> Quantity:
        cores = vcpus(self.instance)
        left = max(Fraction(1, 100), cores - system_reserve(cores) - self.daemon_vcpu)
        how = saying("{} − {} system − {} DaemonSets", cores, system_reserve(cores), self.daemon_vcpu)
        return Quantity("vCPU left for pods", left, "vCPU", how)

    def _fleet(self) -> Fleet:
        return Fleet("nodes", self.count, self.spare, self.utilisation, self._allocatable().value * self.speed)
