"""The parts of a comparison's data that other commands go on from: a result may come from a file that anybody wrote."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import msgspec

from local.cost.errors import CostError
from local.errors import UserError
from local.measure.comparison import works
from local.measure.results import Result

Size = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,5}$")]
"""Memory in MB."""


class Spread(TypedDict):
    """A figure."""

    median: float
    low: float
    high: float
    runs: int


class Container(TypedDict):
    """One server under load."""

    cpu_us: Spread
    rate: float
    right: int
    latency_ms: dict[str, float]
    peak_mb: float
    void: list[str]


class Duration(TypedDict):
    """A function of one size."""

    duration_ms: Spread
    billed_ms: float


class Function(TypedDict, total=False):
    """One function."""

    memory: dict[Size, Duration]
    split_ms: dict[str, Spread]
    cpu_ms: Spread
    init_ms: Spread
    right: int


class Rounds(TypedDict):
    """How the comparison ended."""

    done: int
    seconds: float
    ended: str
    bound: float
    unsettled: list[str]


class Calibrated(TypedDict):
    """What lines of a log stand behind a function's durations."""

    file: str
    lines: int
    memory: dict[Size, int]


Data = TypedDict(
    "Data",
    {
        "works": dict[str, dict[str, Any]],
        "container": dict[str, Container],
        "lambda": dict[str, Function],
        "rounds": Rounds,
        "placing": str,
        "calibrated": dict[str, Calibrated],
    },
    total=False,
)


def check(result: Result) -> None:
    """Raises `UserError` where a comparison's data lacks its works, or has a part that cannot be read."""
    try:
        data = msgspec.convert(result.data, Data)
        if not data.get("works"):
            raise UserError("the comparison's result holds no works; measure anew with: make compare")
        for name, work in data["works"].items():
            works.checked(work, f"works.{name}")
    except (msgspec.ValidationError, CostError) as problem:
        raise UserError(f"the comparison's result cannot be used: {problem}; measure anew with: make compare") from None
