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
