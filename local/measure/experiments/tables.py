"""The tables of the experiments, each drawn from the data of its result alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from local.formatting import number, spread, table
from local.measure.experiments.result import (
    BeforeAfter,
    ClientsResult,
    ColdStartResult,
    ConnectionsResult,
    FloodResult,
    ProbeFigures,
    RampResult,
    StorageResult,
    StorageTierResult,
    ToolsResult,
    TrafficFigures,
    WebTierResult,
)

LOAD_COLUMNS = ("requests/s", "CPU ms", "p99 ms")


def web_tier(result: WebTierResult) -> Iterator[RenderableType]:
    """Draw every variant, and each change before and after."""
    variants = table(
        "The web tier: medians (lowest to highest round)", ("variant",), (*LOAD_COLUMNS, "peak MB", "refused")
    )
    for row in result.variants:
        cells = (spread(row.capacity), spread(row.cpu_ms), spread(row.p99_ms, "discarded"))
        variants.add_row(row.variant, *cells, f"{row.peak_mb:.0f}", f"{row.refused:,}")
    yield variants
    changes = table("One change at a time, before to after", ("change",), (*LOAD_COLUMNS, "reported"))
    for change in result.changes:
        changes.add_row(change.change, *_before_and_after(change), change.reported.partition(" (")[0] or "-")
    yield changes
    yield f"base: {result.base}"
    yield f"requests/s in a closed loop; CPU and p99 at {result.open_loop_rate:,.0f} requests/s; {result.placing}"
    if result.discarded:
        yield f"latencies of {len(result.discarded)} loads were discarded: {result.discarded[0]}"


def ramp(result: RampResult) -> Iterator[RenderableType]:
    """Draw one row for each load."""
    loads = table(
        "One worker of the container, arrivals by a Poisson schedule",
        ("load",),
        ("arrivals", "CPU ms", "mean ms", "p50 ms", "p90 ms", "p99 ms"),
    )
    for one in result.loads:
        figures = map(number, (one.cpu_ms, one.mean_ms, one.p50_ms, one.p90_ms, one.p99_ms))
        loads.add_row(f"{one.load:.0%}", f"{sum(one.arrivals):,}", *figures)
    yield loads
    yield f"handler alone: {number(result.handler_ms)} ms, standard deviation {result.handler_cv:.0%} of it"
    yield f"{result.placing}; {len(result.discarded)} loads were discarded and run again"
    yield "Beside the queue of the simulation: crossover simulate --validate"


def cold_start(result: ColdStartResult) -> Iterator[RenderableType]:
    """Draw packages, memory and traffic."""
    headings = ("INIT ms", "CPU ms", "first answer ms", "kB in all")
    packages = table("INIT by package", ("service", "package"), headings)
    for package in result.packages:
        cells = map(spread, (package.init_ms, package.init_cpu_ms, package.first_answer_ms))
        packages.add_row(package.service, package.package, *cells, f"{package.code_kb + package.layers_kb:,.0f}")
    yield packages
    sizes = table("The first answer by memory", ("service",), ("MB", "INIT ms", "first answer ms", "warm ms"))
    for size in result.memory:
        cells = map(spread, (size.init_ms, size.first_answer_ms, size.warm_ms))
        sizes.add_row(size.service, f"{size.memory_mb:,}", *cells)
    yield sizes
    traffic = table(
        "Requests that wait for INIT, and dollars an hour",
        ("service",),
        ("one every", "on demand", "pinged", "provisioned"),
    )
    for row in result.traffic:
        traffic.add_row(row.service, _interval(1 / row.requests_per_second), *_shares_and_dollars(row))
    yield traffic


def flood(config: Mapping[str, Any], result: FloodResult) -> Iterator[RenderableType]:
    """Draw one row for each way to compute, before and during the flood, and then what was discarded and why."""
    cores = "one core" if config["one_core"] else "any core"
    ways = table(
        f"{config['rate']:g} QR codes/s from one worker on {cores}, alone | with {config['flood']:g} blocks/s "
        "that cannot be mined",
        ("computing",),
        ("p50", "p99", "p50", "p99", "right", "mined/s", "503/s", "cores"),
        "Medians of the rounds. p50, p99: ms from the planned moment; right: QR codes answered right in the "
        "flood; mined: blocks tried to the last attempt; 503: blocks refused or out of time; cores: CPU of the server"
        + ("; *: the generator was late in a round" if result.discarded else ""),
    )
    for name, way in result.ways.items():
        seconds = way.flood.asked / config["flood"]
        ways.add_row(
            name,
            *_percentiles(way.quiet),
            *_percentiles(way.flooded),
            f"{way.flooded.right:g}/{way.flooded.asked:g}",
            *(f"{count / seconds:.1f}" for count in (way.flood.right, way.flood.unavailable)),
            f"{way.flooded.server_cores:.2f}",
        )
    yield ways
    yield from (f"discarded: {reason}" for reason in result.discarded)


def tools(result: ToolsResult) -> Iterator[RenderableType]:
    """Draw one row for each tool, by the steps of a request; the tool in use is marked."""
    rows = table(
        "Tools for the blockchain service; * is the one in use",
        ("step", "tool"),
        ("us", "units", "import", "MB", "zip", "bytes"),
        "Median CPU of a call over the real requests, and units of one SHA-256 of 60 bytes;\n"
        "CPU of the first import in ms; MB of the package as it is installed here, and zipped;\n"
        "bytes that an answer has before base64.",
    )
    for tool in result.tools:
        rows.add_row(
            tool.step,
            ("* " if tool.chosen else "  ") + tool.tool,
            f"{tool.cpu_us:.2f}",
            f"{tool.units:.1f}",
            f"{tool.import_ms:.1f}" if tool.import_ms else "",
            f"{tool.installed_mb:.2f}" if tool.installed_mb else "",
            f"{tool.zipped_mb:.2f}" if tool.zipped_mb else "",
            "" if tool.bytes is None else str(tool.bytes),
        )
    yield rows


def connections(result: ConnectionsResult) -> Iterator[RenderableType]:
    """Draw every step, straight and through the proxy."""
    columns = ("asked", "right", "errors", "p50 ms", "p99 ms", "connects", "most", "database CPU ms", "proxy CPU ms")
    drawn = table(f"A database of {result.database_connections} connections", ("way", "step"), columns)
    for row in result.figures:
        drawn.add_row(
            row.way,
            row.step,
            *(f"{count:,}" for count in (row.asked, row.right, row.errors)),
            *("-" if figure is None else number(figure) for figure in (row.p50_ms, row.p99_ms)),
            *(f"{count:,}" for count in (row.connections_opened, row.most_connections)),
            number(row.database_cpu_ms),
            number(row.proxy_cpu_ms),
        )
    yield drawn
    yield f"{result.wrong_answers} wrong answers; proxy: {result.proxy_settings}"
    yield "connects: those that the database took; most: at once, since its start; latencies are of right answers"


def storage_tier(result: StorageTierResult) -> Iterator[RenderableType]:
    """Draw each change on top of those before it, next to the report's figures."""
    columns = ("requests/s", "before", "p50 ms", "p99 ms", "hit %", "database us", "proxy us", "errors", "reported")
    drawn = table("The storage tier, one change at a time", ("change",), columns)
    before = "-"
    for row in result.figures:
        rate = f"{row.requests_per_second:,.0f}"
        figures = (row.p50_ms, row.p99_ms, row.hit_percent, row.database_cpu_us, row.proxy_cpu_us)
        drawn.add_row(row.change, rate, before, *map(number, figures), f"{row.errors:,}", row.reported or "-")
        before = rate
    yield drawn
    yield f"{result.records:,} records, {result.store_mb:,.0f} MB; {result.clients} clients; us: CPU for a record"


STORE_COLUMNS = ("client us", "database us", "p50 ms", "p99 ms", "answer bytes", "read units", "hit %", "wrong")


def store_rows(result: StorageResult) -> Iterator[tuple[str, ...]]:
    """Yield one row for each store and cache."""
    for row in result.figures:
        figures = (row.client_us, row.database_us, row.p50_ms, row.p99_ms, row.answer_bytes)
        hits = f"{row.hit_ratio:.1%}".rstrip("%") if row.cache != "bare" else "-"
        units = f"{row.read_units:.3f}" if row.store.startswith("DynamoDB") else "-"
        shown = (number(figure) if figure else "-" for figure in figures)
        yield row.store, row.cache, *shown, units, hits, f"{row.wrong:,}"


def tier_rows(result: StorageResult) -> Iterator[tuple[str, ...]]:
    """Yield dollars an hour of one tier for each row, the cheapest of a rate marked."""
    by_rate = zip(*(tier.dollars for tier in result.costs), strict=True)
    least = [min(cost for cost in costs if cost is not None) for costs in by_rate]
    for tier in result.costs:
        priced = zip(tier.dollars, least, strict=True)
        cells = ("-" if cost is None else f"{'*' * (cost == low)}{cost:,.3f}" for cost, low in priced)
        yield tier.tier, *cells


def storage(result: StorageResult) -> Iterator[RenderableType]:
    """Draw every store, then what each tier costs, and the report's claims."""
    drawn = table("The same requests of every store", ("store", "cache"), STORE_COLUMNS)
    for row in store_rows(result):
        drawn.add_row(*row)
    yield drawn
    yield (
        f"{result.requests:,} requests by Zipf {result.exponent:g} over {result.records:,} records, one by one; "
        "us: CPU for a request, the database's without the proxy's"
    )
    costs = table(
        "Dollars an hour by requests/s; * is the least", ("storage tier",), [f"{rate:,}" for rate in result.rates]
    )
    for row in tier_rows(result):
        costs.add_row(*row)
    yield costs
    yield from storage_sentences(result)


def storage_sentences(result: StorageResult) -> Iterator[str]:
    """Say which tier is the cheapest where, and what became of the report's claims."""
    ranges = [f"{step.tier} from {step.rate:,g}/s" for step in result.cheapest]
    yield f"The cheapest: {', '.join(ranges)}."
    for claim in result.reported:
        yield (
            f"The report: {claim.tier}, {claim.rate:,.0f} requests/s for ${claim.reported:.2f} an hour; "
            f"the cheapest of that kind costs ${claim.priced:.2f} at this rate."
        )


def dynamodb_clients(result: ClientsResult) -> Iterator[RenderableType]:
    """Draw one row for each client; the one in use is marked."""
    columns = ("start ms", "first read ms", "read us", "resident MB", "installed MB")
    drawn = table("Clients of DynamoDB, in CPU; * is the one in use", ("client",), columns)
    for row in result.clients:
        figures = (row.start_ms, row.first_read_ms, row.read_us, row.resident_mb, row.installed_mb)
        drawn.add_row(("* " if row.chosen else "  ") + row.client, *map(number, figures))
    yield drawn
    yield f"medians of {result.rounds} rounds of {result.reads} reads; start: import and making in a function"


def _before_and_after(change: BeforeAfter) -> Iterator[str]:
    pairs = (
        (change.capacity_before, change.capacity_after),
        (change.cpu_ms_before, change.cpu_ms_after),
        (change.p99_ms_before, change.p99_ms_after),
    )
    for before, after in pairs:
        yield "-" if before is None or after is None else f"{number(before)} to {number(after)}"


def _shares_and_dollars(row: TrafficFigures) -> Iterator[str]:
    pairs = (
        (row.cold_on_demand, row.dollars_an_hour_on_demand),
        (row.cold_pinged, row.dollars_an_hour_pinged),
        (row.cold_provisioned, row.dollars_an_hour_provisioned),
    )
    yield from (f"{share:.3%}  ${dollars:.6f}" for share, dollars in pairs)


def _percentiles(probe: ProbeFigures) -> Iterator[str]:
    for value in (probe.p50_ms, probe.p99_ms):
        yield ("none" if value is None else f"{value:.2f}") + "*" * (probe.discarded_rounds > 0)


def _interval(seconds: float) -> str:
    if seconds >= 60:
        return f"{seconds / 60:,.0f} min"
    return f"{seconds:,.0f} s" if seconds >= 1 else f"{seconds * 1000:,.0f} ms"
