"""Kubernetes on EC2 instances: an EKS managed node group, or a self-managed control plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from local.cost.bill import CapacityLimit, Item, Quantity, explain
from local.cost.context import PricingContext
from local.cost.formulas import Amount, maximum, minimum, possible
from local.cost.instances import baseline, max_pods, memory_gib, speed_of, vcpus
from local.cost.resources.fargate import cluster, container_insights
from local.cost.resources.resource import ComputeFleet, Resource
from local.cost.schema import FIT, fitted, number, switch, text, whole

KUBELET_SHARES = ((1, Fraction(6, 100)), (1, Fraction(1, 100)), (2, Fraction(1, 200)))
"""vCPUs, and the share of each that EKS' node image reserves for the kubelet and the system."""
KUBELET_SHARE_ABOVE = Fraction(1, 400)
MB_PER_GIB = 1024


def system_reserve(cores: Fraction) -> Fraction:
    """Return the vCPUs of a node that EKS' image reserves.

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
class Nodes(Resource):
    """`[nodes]`: a node group with one pod of each service on every node, a process for each vCPU."""

    instance: str = text("EC2 instance type", open=True)
    count: Amount | str = fitted("nodes", FIT)
    control_plane: str = text("whose", "eks", among=("eks", "self-managed"))
    control_plane_nodes: Amount = whole("nodes of a self-managed control plane", 3, low=1, high=9)
    control_plane_instance: str = text("their instance type", "t3.medium")
    control_plane_disk_gb: Amount = number("root volume of one of them, gp3", 64, high=16_384)
    etcd_gb: Amount = number("etcd volumes of one of them, gp3: two of 20 GB as kOps makes them", 40, high=16_384)
    container_insights: bool = switch("whether Container Insights counts its metrics", False)
    extended_support: bool = switch("whether the cluster's Kubernetes version is out of standard support", False)
    disk_gb: Amount = number("root volume of a node, gp3", 20, high=16_384)
    spare: Amount = whole("nodes beyond what the rate needs (N+1)", 1, high=100)
    utilisation: Amount = number(
        "busy share of what is left for pods; the rest is headroom", Fraction(3, 5), low=Fraction(1, 100), high=1
    )
    daemon_vcpu: Amount = number("vCPUs of a node for its DaemonSets", Fraction(3, 20), high=16)
    public_addresses: bool = switch("whether each node has a public IPv4 address; else it needs a NAT gateway", False)
    system_mb: Amount = whole("memory of a node for the system and DaemonSets", 700, high=16_384)
    system_pods: Amount = whole("pods of Kubernetes itself that a node may have: DaemonSets, CoreDNS, controllers", 6)
    speed: Amount = number("speed of a vCPU over what its processor is taken for", 1, low=Fraction(1, 100), high=100)

    def items(self, context: PricingContext) -> Iterator[Item]:
        """Yield the control plane, the instances and their disks."""
        size = self._fleet().size(context)
        if self.control_plane == "eks":
            yield cluster(context, extended_support=self.extended_support)
        else:
            yield from self._control_plane(context)
        price = context.price("ec2", self.instance)
        inputs = [self._allocatable(), self._speed()]
        if len(context.mix.shares) > 1:
            inputs.append(Quantity("CPU of a request", context.mix.cpu_ms, "ms", context.mix.cpu_explained))
        yield Item("nodes", (size, context.running()), price, inputs=tuple(inputs))
        if possible(self.disk_gb):
            disks = (size, Quantity("GB", self.disk_gb, "GB"), context.kept())
            yield Item("node-disks", disks, context.price("ebs", "gp3"), when=self.disk_gb)
        if self.public_addresses:
            yield Item("fleet-addresses", (size, context.running()), context.price("vpc", "public-ipv4"))
        if self.container_insights:
            yield container_insights(context, nodes=size.amount)

    def _control_plane(self, context: PricingContext) -> Iterator[Item]:
        """Yield the machines and volumes of a control plane that is the owner's, as kOps makes it."""
        nodes = Quantity("control plane nodes", self.control_plane_nodes)
        price = context.price("ec2", self.control_plane_instance)
        yield Item("control-plane", (nodes, context.running()), price)
        size = self.control_plane_disk_gb + self.etcd_gb
        how = explain("{} GB of root volume + {} GB of etcd volumes", self.control_plane_disk_gb, self.etcd_gb)
        disks = (nodes, Quantity("GB", size, "GB", how), context.kept())
        yield Item("control-plane-disks", disks, context.price("ebs", "gp3"), when=size)

    def limits(self, context: PricingContext) -> Iterator[CapacityLimit]:
        """Yield the limit of a fixed fleet, and 0 where a node's memory or its addresses are too few."""
        yield from self._fleet().limits(context)
        free = memory_gib(self.instance) * MB_PER_GIB - self.system_mb
        needed = vcpus(self.instance) * context.mix.memory_mb
        why = explain("a process for each vCPU needs {} MB of {} MB", needed, free)
        yield CapacityLimit("node memory", Fraction(0), why, when=needed - free)
        allowed, pods = max_pods(self.instance), context.mix.services * vcpus(self.instance) + self.system_pods
        why = explain("{} pods with those of the system, and addresses for {}", pods, allowed)
        yield CapacityLimit("pods of a node", Fraction(0), why, when=pods - allowed)

    def _allocatable(self) -> Quantity:
        cores = vcpus(self.instance)
        left = maximum(Fraction(1, 100), cores - system_reserve(cores) - self.daemon_vcpu)
        how = explain("{} − {} system − {} DaemonSets", cores, system_reserve(cores), self.daemon_vcpu)
        return Quantity("vCPU left for pods", left, "vCPU", how)

    def _speed(self) -> Quantity:
        speed = speed_of(self.instance)
        how = explain("of Graviton4, from {} to {}: {}", speed.low, speed.high, speed.source)
        return Quantity("vCPU speed", speed.ratio * self.speed, how=how)

    def _fleet(self) -> ComputeFleet:
        vcpu = self._allocatable().amount * speed_of(self.instance).ratio * self.speed
        busy = minimum(self.utilisation, baseline(self.instance))
        return ComputeFleet("nodes", self.count, self.spare, busy, vcpu)
