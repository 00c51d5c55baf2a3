"""What an instance type is: its family, its size, its vCPUs and its memory.

Source: the instance type tables of Amazon EC2. Within a family every size is twice the one before, in vCPUs, in memory
and in price; burstable families (t) keep two vCPUs below `xlarge`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NamedTuple

from local.cost.errors import CostError

LARGE_UNITS = {
    "nano": Fraction(1, 16),
    "micro": Fraction(1, 8),
    "small": Fraction(1, 4),
    "medium": Fraction(1, 2),
    "large": Fraction(1),
    "xlarge": Fraction(2),
}
GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8, "t": 4}
VCPU_OF_LARGE = 2
BURSTABLE_VCPU = 2
_TYPE = re.compile(
    r"(?:(?P<prefix>db|cache|dax)\.)?(?P<family>(?P<kind>[cmrt])\d[a-z]*)\.(?P<size>(?:\d{1,2}x)?[a-z]+)"
)


class Speed(NamedTuple):
    """Speed of a vCPU relative to Graviton4, on which the report measured: the ratio taken, and its bounds."""

    ratio: Fraction
    low: Fraction
    high: Fraction
    source: str


def _speed(percent: int, low: int, high: int, source: str) -> Speed:
    return Speed(Fraction(percent, 100), Fraction(low, 100), Fraction(high, 100), source)


PROCESSORS = {
    "8g": _speed(100, 100, 100, "Graviton4, the reference"),
    "9g": _speed(130, 120, 136, "Graviton5: users report up to 36 % over Graviton4 (2026-06, weak)"),
    "7g": _speed(80, 75, 90, "Graviton3: ClickBench 1.25 (2026-03), AWS claims up to 1.30 for Graviton4"),
    "6g": _speed(63, 57, 70, "Graviton2: ClickBench 1.27 for Graviton3 (2022-05), AWS claims 1.25"),
    "4g": _speed(63, 57, 70, "Graviton2, as 6g"),
    "8i": _speed(79, 70, 90, "Granite Rapids: ClickBench 1.27 for Graviton4 (2026-03)"),
    "7i": _speed(60, 55, 75, "Sapphire Rapids: ClickBench 1.34 for Graviton3 (2024-02)"),
    "6i": _speed(64, 55, 70, "Ice Lake: ClickBench 1.57 for Graviton4 (2026-03)"),
}
"""By the generation in an instance type's name. ClickBench: geometric means over 43 queries on whole machines."""
UNKNOWN_PROCESSOR = _speed(100, 50, 140, "no figure is known for this processor; taken as Graviton4")
FARGATE_SPEEDS = {
    "arm64": _speed(63, 34, 100, "AWS does not say what Fargate runs on; taken as Graviton2"),
    "x86_64": _speed(60, 34, 80, "AWS does not say; the report's own ratio to its nodes is 0.34"),
}


LAMBDA_SPEEDS = {
    "arm64": _speed(63, 57, 100, "Graviton2, as AWS says of Lambda on ARM"),
    "x86_64": _speed(53, 45, 70, "AWS claims 19 % more for ARM (2021-09); others measured 1.0 to 1.28"),
}
"""Of estimates from the CPU and of emulated durations; a duration that was measured on Lambda is taken as it is."""


def speed_of(name: str) -> Speed:
    """Return the speed of an instance type's vCPU.

    Raises:
        CostError: The name is not one of an instance type.
    """
    family = _known(name).family.rsplit(".", 1)[-1]
    return PROCESSORS.get(family[1:3], UNKNOWN_PROCESSOR)


MAX_PODS = {
    "medium": 8, "large": 29, "xlarge": 58, "2xlarge": 58, "4xlarge": 234, "8xlarge": 234, "12xlarge": 234,
    "16xlarge": 737, "24xlarge": 737, "48xlarge": 737,
}  # fmt: skip
"""Pods of a node by its network interfaces: interfaces × (addresses − 1) + 2 (awslabs/amazon-eks-ami, 2026-07-01)."""
BURSTABLE_MAX_PODS = {
    "nano": 4, "micro": 4, "small": 11, "medium": 17, "large": 35, "xlarge": 58, "2xlarge": 58,
}  # fmt: skip
MANAGED_MAX_PODS = (110, 250)
"""Pods that a managed node group allows on nodes of fewer than 30 vCPUs, and on larger ones (EKS user guide)."""
BASELINES = {
    "nano": 5, "micro": 10, "small": 20, "medium": 20, "large": 30, "xlarge": 40, "2xlarge": 40,
}  # fmt: skip
"""Percent of each vCPU that a burstable instance (t3, t4g) may use without end (EC2 and RDS user guides)."""


def max_pods(name: str) -> Fraction:
    """Return the pods that a node has addresses for, as a managed node group allows them.

    Raises:
        CostError: The name is not one of an instance type.
    """
    instance = _known(name)
    by_size = BURSTABLE_MAX_PODS if instance.kind == "t" else MAX_PODS
    small, large = MANAGED_MAX_PODS
    allowed = small if vcpus(name) < 30 else large
    return Fraction(min(allowed, by_size.get(instance.size, allowed)))


def baseline(name: str) -> Fraction:
    """Return the share of its vCPUs that an instance may use without end: all, but of burstable ones less.

    Raises:
        CostError: The name is not one of an instance type.
    """
    instance = _known(name)
    return Fraction(BASELINES.get(instance.size, 100) if instance.kind == "t" else 100, 100)


class InstanceType(NamedTuple):
    """An instance type's name, taken apart: `db.r7g.xlarge` is family `db.r7g`, kind `r`, size `xlarge`."""

    family: str
    kind: str
    size: str


def split(name: str) -> InstanceType | None:
    """Return the name taken apart, or None where it is not that of an instance type."""
    match = _TYPE.fullmatch(name)
    if match is None or not _is_size(match["size"]):
        return None
    prefix = f"{match['prefix']}." if match["prefix"] else ""
    return InstanceType(prefix + match["family"], match["kind"], match["size"])


def _is_size(size: str) -> bool:
    return size in LARGE_UNITS or re.fullmatch(r"([2-9]|[1-4]\d)xlarge", size) is not None


def units(size: str) -> Fraction:
    """Return a size counted in `large`: `2xlarge` is 4."""
    if size in LARGE_UNITS:
        return LARGE_UNITS[size]
    return LARGE_UNITS["xlarge"] * int(size.removesuffix("xlarge"))


def vcpus(name: str) -> Fraction:
    """Return the vCPUs of an instance type.

    Raises:
        CostError: The name is not one of an instance type.
    """
    instance = _known(name)
    if instance.kind == "t" and units(instance.size) <= 1:
        return Fraction(BURSTABLE_VCPU)
    return units(instance.size) * VCPU_OF_LARGE


def memory_gib(name: str) -> Fraction:
    """Return the memory of an instance type in GiB.

    Raises:
        CostError: The name is not one of an instance type.
    """
    instance = _known(name)
    return units(instance.size) * VCPU_OF_LARGE * GIB_PER_VCPU[instance.kind]


def _known(name: str) -> InstanceType:
    instance = split(name)
    if instance is None:
        raise CostError(f"{name!r} is no instance type of the families c, m, r and t, such as c8g.large")
    return instance
