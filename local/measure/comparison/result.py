"""What a comparison measures, as one tree of types: `crossover compare` writes it, each reader decodes it once.

CPU is in milliseconds of one vCPU for a request, everywhere. `Result.data` of the kind `compare` is this tree in JSON.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from local.errors import UserError
from local.measure.results import Result
from local.measure.statistics import Amount, Count, Spread

Megabytes = Annotated[str, Meta(pattern=r"^[0-9]{1,5}$")]
"""Memory of a function, as a key of a JSON table."""


class Latency(Struct, frozen=True):
    """Latencies in ms, from the planned moment of a request to its whole answer."""

    p50: Amount
    p90: Amount
    p99: Amount
    p999: Amount = field(name="p99.9")
    max: Amount
    mean: Amount = 0.0


class ContainerFigures(Struct, frozen=True, kw_only=True):
    """A container server under load."""

    cpu_ms: Spread
    """CPU of the server for a request."""
    rate: Amount
    """Requests/s of the loads, on average."""
    requests: Count
    right: Count
    wrong: Count
    errors: Count
    latency_ms: Latency | None = None
    """None where every load's latencies were discarded."""
    peak_mb: Amount
    start_ms: Amount = 0.0
    bytes_in: Count
    bytes_out: Count
    discarded: list[str] = []
    """Why latencies of a load, or a whole load, do not count."""


class SizeFigures(Struct, frozen=True, kw_only=True):
    """A function with one memory size."""

    duration_ms: Spread
    billed_ms: Amount
    """Mean of what a warm invocation is billed."""
    peak_mb: Amount = 0
    calibrated: Count = 0
    """Invocations on Lambda that the durations are from; 0 where they are emulated."""


class CpuSplit(Struct, frozen=True, kw_only=True):
    """Where the CPU time of a warm invocation goes, in ms."""

    handler: Spread
    adapter: Spread
    runtime: Spread


class Burst(Struct, frozen=True, kw_only=True):
    """How a function scales out when it is invoked several times at the same moment."""

    concurrent: Count
    environments_before: Count
    environments_after: Count
    cold_starts: Count
    throttled: Count
    requests: Count
    right: Count
    wrong: Count
    errors: Count


class FunctionFigures(Struct, frozen=True, kw_only=True):
    """A function on Lambda. What only a measurement knows is None where a calibration is all there is."""

    memory: dict[Megabytes, SizeFigures]
    cpu_ms: Spread | None = None
    """CPU of the environment for a request, with the most memory."""
    split_ms: CpuSplit | None = None
    init_ms: Spread | None = None
    init_cpu_ms: Spread | None = None
    requests: Count = 0
    right: Count = 0
    wrong: Count = 0
    errors: Count = 0
    event_bytes: Amount = 0.0
    answer_bytes: Amount = 0.0
    burst: Burst | None = None


class Read(Struct, frozen=True):
    """What one request of a service reads, on average over a mix."""

    reads: Amount
    item_bytes: Amount
    """Of an item that exists."""
    read_blocks: Amount
    """Of any item, in blocks of 4 KB: one that is missing costs a block all the same."""


class Storage(Struct, frozen=True, kw_only=True):
    """The items of the store, as DynamoDB would count them, and what a request reads of them."""

    items: Count = 0
    item_bytes: Amount = 0.0
    max_item_bytes: Count = 0
    read_units: Amount = 0.0
    by_request: Read | None = None


class Assumption(Struct, frozen=True):
    """A figure that is not measured, named with its value and the reason, so that it can be contested."""

    name: str
    value: float | str
    unit: str
    why: str


class Finding(Struct, frozen=True):
    """Something that an application meets on Lambda and not in a container."""

    kind: str
    detail: str


class Rounds(Struct, frozen=True, kw_only=True):
    """How the comparison ended."""

    done: Count
    ended: str
    seconds: Amount
    tolerance: Amount
    unconverged: list[str] = []


class Calibration(Struct, frozen=True, kw_only=True):
    """The REPORT lines of Lambda behind a function's durations."""

    file: str
    lines: Count
    cold: Count = 0
    failed: Count = 0
    unread: Count = 0
    memory: dict[Megabytes, Count]
    """Lines by memory size."""


class Comparison(Struct, frozen=True, kw_only=True):
    """Everything that one comparison measured."""

    works: dict[str, dict[str, Any]]
    """The workload of each service, as `local.cost` reads it."""
    mix: dict[str, Amount] = {}
    container: dict[str, ContainerFigures] = {}
    """By service, and `mix` for all of them together."""
    functions: dict[str, FunctionFigures] = field(name="lambda", default_factory=dict)
    storage: Storage | None = None
    assumptions: list[Assumption] = []
    rounds: Rounds | None = None
    placing: str = ""
    """On which cores, and with which priority, server and generator ran."""
    emulator: str = ""
    calibrated: dict[str, Calibration] = {}
    findings: list[Finding] = []
    """What an application of another project meets on Lambda; none for the bundle's own services."""

    def as_data(self) -> dict[str, Any]:
        """Return the tree as plain JSON values."""
        data: dict[str, Any] = msgspec.to_builtins(self)
        return data


def comparison_of(result: Result) -> Comparison:
    """Decode the data of a `compare` result. Raises `UserError` where it cannot be used."""
    try:
        comparison = msgspec.convert(result.data, Comparison)
    except msgspec.ValidationError as problem:
        raise UserError(
            f"the comparison's result cannot be used: {problem}; measure again with: crossover compare"
        ) from None
    if not comparison.works:
        raise UserError("the comparison's result holds no workloads; measure again with: crossover compare")
    return comparison
