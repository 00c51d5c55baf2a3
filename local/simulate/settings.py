"""What a user of the simulation may set. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.errors import UserError
from local.simulate import rules

PLATFORMS = {
    "lambda": "Lambda",
    "ecs-fargate": "ECS on Fargate",
    "eks-fargate": "EKS on Fargate",
    "eks-nodes": "EKS on nodes",
}
NODE_SCALERS = ("cluster-autoscaler", "karpenter")
MAX_UNITS = 10_000


@dataclass(frozen=True)
class TrackedConcurrency:
    """Provisioned concurrency between two bounds that target tracking moves, to keep so much of it at work."""

    minimum: int
    maximum: int
    target: float = rules.PROVISIONED_TARGET.value

    def __post_init__(self) -> None:
        if not 1 <= self.minimum <= self.maximum:
            raise UserError(f"--provisioned: {self.minimum}-{self.maximum} is no range from 1 up, such as 10-200")
        if not 0.1 <= self.target <= 0.9:
            raise UserError(f"--provisioned-target: {self.target:g} is not from 0.1 to 0.9")


@dataclass(frozen=True)
class Settings:
    """Every setting, with its bounds checked.

    Attributes:
        memory_mb: Of the function.
        provisioned: Provisioned concurrency from a second of the day on, the earliest first.
        tracked: Provisioned concurrency by target tracking, in place of `provisioned`.
        target: CPU utilisation that autoscalers aim at.
        minimum: Fewest tasks or pods.
        maximum: Most tasks or pods.
        instance: Type of a node.
        node_scaler: What launches and removes nodes, of `NODE_SCALERS`.
        consolidate_after: Karpenter's; seconds.
        slow_start: Seconds over which the balancer gives a new task or pod its full share of requests.
        pod_vcpu: vCPU that a pod on a node requests; a task or pod on Fargate has one.
    """

    memory_mb: int = 128
    provisioned: tuple[tuple[int, int], ...] = ()
    concurrency: int = int(rules.LAMBDA_CONCURRENCY.value)
    idle: float = rules.LAMBDA_IDLE.value
    target: float = 0.6
    minimum: int = 2
    maximum: int = 1000
    instance: str = "c8g.large"
    pod_vcpu: float = 0.85
    node_boot: float = rules.NODE_BOOT.value
    pod_start: float = rules.POD_START.value
    fargate_start: float = rules.FARGATE_START.value
    cv: float = rules.SERVICE_CV.value
    timeout: float = rules.CLIENT_TIMEOUT.value
    retries: int = int(rules.CLIENT_RETRIES.value)
    failover: float = rules.FAILOVER.value
    slow_start: float = rules.SLOW_START.value
    tracked: TrackedConcurrency | None = None
    node_scaler: str = NODE_SCALERS[0]
    consolidate_after: float = rules.KARPENTER_CONSOLIDATE.value
    seed: int = 1

    def __post_init__(self) -> None:
        bounds = {
            "memory": (self.memory_mb, 128, 10_240),
            "concurrency": (self.concurrency, 1, 1_000_000),
            "idle": (self.idle, 1, 86_400),
            "target": (self.target, 0.05, 1),
            "minimum": (self.minimum, 1, MAX_UNITS),
            "maximum": (self.maximum, 1, MAX_UNITS),
            "node-boot": (self.node_boot, 0, 3_600),
            "pod-start": (self.pod_start, 0, 3_600),
            "fargate-start": (self.fargate_start, 0, 3_600),
            "cv": (self.cv, 0, 10),
            "timeout": (self.timeout, 0.1, 900),
            "retries": (self.retries, 0, 5),
            "failover": (self.failover, 0, 3_600),
            "slow-start": (self.slow_start, 0, 900),
            "consolidate-after": (self.consolidate_after, 0, 86_400),
        }
        for name, (value, low, high) in bounds.items():
            if not low <= value <= high:
                raise UserError(f"--{name}: {value:g} is not from {low:g} to {high:g}")
        if self.minimum > self.maximum:
            raise UserError(f"--minimum: {self.minimum} is over the maximum of {self.maximum}")
        if self.node_scaler not in NODE_SCALERS:
            raise UserError(f"--node-scaler: {self.node_scaler} is none of {', '.join(NODE_SCALERS)}")
        if 0 < self.slow_start < 30:
            raise UserError(f"--slow-start: {self.slow_start:g} is neither 0 nor from 30 to 900")
        if self.tracked and (self.provisioned or self.tracked.maximum > self.concurrency):
            raise UserError(
                f"--provisioned: a range goes up to the concurrency of {self.concurrency}, without a schedule"
            )
        if any(not 0 <= count <= self.concurrency for _, count in self.provisioned):
            raise UserError(f"--provisioned: must be from 0 to the concurrency of {self.concurrency}")

    def provisioned_at(self, second: float) -> int:
        """Return the provisioned concurrency at a second of the day: of the last entry before it, round midnight."""
        if not self.provisioned:
            return 0
        before = [count for begin, count in self.provisioned if begin <= second % 86_400]
        return before[-1] if before else self.provisioned[-1][1]


def schedule(text: str) -> tuple[tuple[int, int], ...]:
    """Return provisioned concurrency out of a number, or of a list such as `08:00=40,20:00=0`.

    Raises:
        UserError: It is neither.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1 and parts[0].isdecimal() and len(parts[0]) < 8:
        return ((0, int(parts[0])),) if int(parts[0]) else ()
    entries = []
    for part in parts:
        match = re.fullmatch(r"(\d{1,2}):(\d\d)=(\d{1,7})", part)
        if not match or int(match[1]) > 23 or int(match[2]) > 59:
            raise UserError(
                f"--provisioned: {part[:40]!r} is no number, no range and not HH:MM=NUMBER, such as 08:00=40"
            )
        entries.append((int(match[1]) * 3600 + int(match[2]) * 60, int(match[3])))
    return tuple(sorted(entries))


def tracked(text: str, target: float) -> TrackedConcurrency | None:
    """Return the range of provisioned concurrency that a text such as `10-200` gives; None where it is no range."""
    match = re.fullmatch(r"\s*(\d{1,7})-(\d{1,7})\s*", text)
    return TrackedConcurrency(int(match[1]), int(match[2]), target) if match else None
