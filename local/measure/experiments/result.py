"""What the experiments measure, as types: written by an experiment, decoded by its tables and by other commands."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import Struct, field

from local.errors import UserError
from local.measure.results import Result
from local.measure.statistics import Amount, Count, Spread

Data = TypeVar("Data", bound=Struct)


def decode(result: Result, kind: type[Data]) -> Data:
    """Decode the data of an experiment's result. Raises `UserError` where it cannot be used."""
    try:
        return msgspec.convert(result.data, kind)
    except msgspec.ValidationError as problem:
        command = f"crossover experiment {result.kind}"
        raise UserError(f"the result of {command} cannot be used: {problem}; measure again with that command") from None


class SchemaCost(Struct, frozen=True):
    """A request's cost in one schema, in us of CPU."""

    client_us: Amount
    server_us: Amount


class SchemaSizes(Struct, frozen=True):
    """Costs by the number of rows that an answer has."""

    natural_mix: SchemaCost = field(name="natural mix")


class SchemaFigures(Struct, frozen=True):
    """One schema, its requests sent one by one."""

    unbatched: SchemaSizes


class Schemas(Struct, frozen=True):
    """The part of the experiment `schemas` that the cost model uses."""

    schemas: dict[str, SchemaFigures]

    @property
    def packed_server_us(self) -> float:
        """CPU of the database server for one query of the packed schema, the one in use."""
        return self.schemas["packed"].unbatched.natural_mix.server_us


class VariantFigures(Struct, frozen=True, kw_only=True):
    """One variant of the web tier."""

    variant: str
    capacity: Spread
    """Right answers a second in the closed loop."""
    cpu_ms: Spread
    """CPU for a request in the open loop."""
    p50_ms: Spread | None
    p99_ms: Spread | None
    """None where the latencies of every load were discarded."""
    peak_mb: Amount
    right: Count
    refused: Count
    discarded_loads: Count
    """Loads whose latencies do not count."""
    reported: str
    """The report's figures of a like change."""


class BeforeAfter(Struct, frozen=True, kw_only=True):
    """Medians before and after one change."""

    change: str
    capacity_before: Amount
    capacity_after: Amount
    cpu_ms_before: Amount
    cpu_ms_after: Amount
    p99_ms_before: Amount | None
    p99_ms_after: Amount | None
    reported: str


class WebTierResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `web-tier`."""

    variants: list[VariantFigures]
    changes: list[BeforeAfter]
    open_loop_rate: Amount
    base: str
    placing: str
    discarded: list[str]
    """Why latencies of a load do not count."""


class RampLoad(Struct, frozen=True, kw_only=True):
    """One load of the ramp."""

    load: Amount
    """Arrivals over what the worker serves at most, as planned."""
    arrivals: list[Count]
    """In each second."""
    cpu_ms: Amount
    """Of the server, for a request."""
    mean_ms: Amount
    """Latencies count from the planned moment."""
    p50_ms: Amount
    p90_ms: Amount
    p99_ms: Amount


class RampResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `ramp`."""

    handler_ms: Amount
    """CPU of the handler alone, mean over the requests."""
    handler_cv: Amount
    """Its standard deviation over its mean."""
    core_share: Amount
    """Of its core that the server can have at most."""
    loads: list[RampLoad]
    placing: str
    discarded: list[str]
    """Why loads were run again."""


class PackageFigures(Struct, frozen=True, kw_only=True):
    """Cold starts of a service, packaged in one way."""

    service: str
    package: str
    init_ms: Spread
    init_cpu_ms: Spread
    first_answer_ms: Spread
    code_kb: Amount
    layers_kb: Amount


class MemoryFigures(Struct, frozen=True, kw_only=True):
    """Cold starts of a service with one memory size."""

    service: str
    memory_mb: Count
    init_ms: Spread
    first_answer_ms: Spread
    first_invocation_ms: Spread
    warm_ms: Spread


class TrafficFigures(Struct, frozen=True, kw_only=True):
    """Shares of cold requests at one rate, and what an hour costs."""

    service: str
    requests_per_second: Amount
    cold_on_demand: Amount
    cold_pinged: Amount
    cold_provisioned: Amount
    dollars_an_hour_on_demand: Amount
    dollars_an_hour_pinged: Amount
    dollars_an_hour_provisioned: Amount


class ColdStartResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `cold-start`."""

    packages: list[PackageFigures]
    memory: list[MemoryFigures]
    traffic: list[TrafficFigures]
    meaning: dict[str, str]


class ProbeFigures(Struct, frozen=True, kw_only=True):
    """The QR codes that were asked for beside a flood, medians of the rounds."""

    p50_ms: Amount | None
    p99_ms: Amount | None
    right: Amount
    asked: Amount
    server_cores: Amount
    lag_p99_ms: Amount | None
    discarded_rounds: Count
    """Rounds whose latencies are not as planned: the generator was late."""


class FloodFigures(Struct, frozen=True, kw_only=True):
    """The flood's own requests, medians of the rounds."""

    asked: Amount
    right: Amount
    unavailable: Amount


class WayFigures(Struct, frozen=True, kw_only=True):
    """One way to compute, without and with the flood."""

    quiet: ProbeFigures
    flooded: ProbeFigures
    flood: FloodFigures


class FloodResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `flood`."""

    ways: dict[str, WayFigures]
    discarded: list[str]


class ToolFigures(Struct, frozen=True, kw_only=True):
    """One tool for a step of the blockchain service."""

    step: str
    tool: str
    chosen: bool
    cpu_us: Amount
    units: Amount
    """Cost in SHA-256 computations of 60 bytes."""
    import_ms: Amount
    installed_mb: Amount
    zipped_mb: Amount
    bytes: Count | None
    """Bytes that the step makes of a request, where tools differ in that."""


class ToolsResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `tools`."""

    tools: list[ToolFigures]


class ConnectionFigures(Struct, frozen=True, kw_only=True):
    """One step of the experiment `connections`, one way."""

    way: str
    step: str
    asked: Count
    right: Count
    errors: Count
    p50_ms: Amount | None
    p99_ms: Amount | None
    connections_opened: Count
    """Connects that the database took in the step."""
    most_connections: Count
    """The most at once since the server's start."""
    database_cpu_ms: Amount
    proxy_cpu_ms: Amount


class ConnectionsResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `connections`."""

    figures: list[ConnectionFigures]
    wrong_answers: Count
    database_connections: Count
    proxy_settings: str


class StorageFigures(Struct, frozen=True, kw_only=True):
    """The storage tier after one change, with those before it."""

    change: str
    requests_per_second: Amount
    p50_ms: Amount
    p99_ms: Amount
    wrong: Count
    errors: Count
    hit_percent: Amount
    """Reads of pages that the buffer pool had."""
    database_cpu_us: Amount
    proxy_cpu_us: Amount
    """CPU for each record."""
    reported: str
    """The report's figures of a like change, in requests/s."""


class StorageTierResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `storage-tier`."""

    figures: list[StorageFigures]
    records: Count
    store_mb: Amount
    clients: Count


class ClientFigures(Struct, frozen=True, kw_only=True):
    """One client of DynamoDB. Times are CPU."""

    client: str
    chosen: bool
    start_ms: Amount
    """To import and make it."""
    first_read_ms: Amount
    read_us: Amount
    resident_mb: Amount
    installed_mb: Amount
    """Of its packages; Lambda's runtime has boto3's."""


class ClientsResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `dynamodb-clients`."""

    clients: list[ClientFigures]
    rounds: Count
    reads: Count


class StoreFigures(Struct, frozen=True, kw_only=True):
    """One store with one cache, for a request."""

    store: str
    cache: str
    asked: Count
    wrong: Count
    client_us: Amount
    """CPU of the process that answers."""
    database_us: Amount
    """CPU of the database behind; 0 where it is not measured."""
    p50_ms: Amount
    p99_ms: Amount
    answer_bytes: Amount
    read_units: Amount
    hit_ratio: Amount


class TierCost(Struct, frozen=True, kw_only=True):
    """Dollars an hour of a storage tier at each of the rates; None where none of its sizes serves it."""

    tier: str
    dollars: list[Amount | None]


class CheapestFrom(Struct, frozen=True, kw_only=True):
    """The tier that is the cheapest from a rate on."""

    rate: Amount
    tier: str


class ReportedCost(Struct, frozen=True, kw_only=True):
    """A claim of the report, and the least that a tier of that kind costs at its rate."""

    tier: str
    rate: Amount
    reported: Amount
    priced: Amount


class StorageResult(Struct, frozen=True, kw_only=True):
    """The data of a result of the kind `storage`."""

    figures: list[StoreFigures]
    records: Count
    requests: Count
    exponent: Amount
    item_bytes: Amount
    """Of a request, as DynamoDB counts them."""
    read_blocks: Amount
    """Of 4 KB."""
    hit_ratio: Amount
    """That caches are priced with."""
    database_us: Amount
    rates: list[Count]
    costs: list[TierCost]
    cheapest: list[CheapestFrom]
    reported: list[ReportedCost]
