"""An outcome as people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rich.table import Table

from local.console import console
from local.load.latencies import PERCENTILES
from local.load.outcome import LoadOutcome

ADVICE = "For rates and latencies take more --processes, a lower --rate, or a machine with less else to do."
Cell = Callable[[dict[str, Any]], str]
"""Reads one figure off a service's data."""


def show(outcome: LoadOutcome, server_cpu_us: float | None) -> None:
    """Print a table with a column for each service, remarks, and why rates and latencies are discarded, if they are."""
    data = outcome.as_data()
    columns = dict(data["services"]) if len(data["services"]) == 1 else {**data["services"], "all": data}
    table = Table("", *columns)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, cell in _rows(timed=not outcome.plan.behaviour):
        table.add_row(name, *(cell(cell_of) for cell_of in columns.values()))
    console.print(table)
    for line in remarks(data, server_cpu_us):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    for reason in data["discarded"]:
        console.print(
            f"DISCARDED, rates and latencies: {reason}", style="bold red", highlight=False, markup=False, soft_wrap=True
        )
    if data["discarded"]:
        console.print(ADVICE, highlight=False, markup=False, soft_wrap=True)


def _rows(*, timed: bool) -> Iterator[tuple[str, Cell]]:
    """Yield the table's rows: a name, and how to read it off a service's data."""
    yield from ((name, _count(name)) for name in ("asked", "right", "wrong"))
    yield "errors", lambda data: f"{sum(data['errors'].values()):,}"
    yield from ((name.replace("_", " "), _count(name)) for name in ("bytes_in", "bytes_out"))
    if timed:
        yield "requests/s", lambda data: f"{data['requests_per_second'] or 0:,.1f}"
        yield from ((f"{name} ms", _latency(name)) for name in (*PERCENTILES, "max"))


def _count(name: str) -> Cell:
    return lambda data: f"{data[name]:,}"


def _latency(name: str) -> Cell:
    return lambda data: f"{data['latency_ms'][name]:,.2f}" if data["latency_ms"] else "-"


def remarks(data: dict[str, Any], server_cpu_us: float | None) -> Iterator[str]:
    """Yield what `LoadOutcome.as_data` says beside its columns, a line each."""
    if data["errors"]:
        yield f"errors: {', '.join(f'{name} {count:,}' for name, count in data['errors'].items())}"
    for difference, count in data.get("differences", {}).items():
        yield f"wrong {count:,} times: {difference} (recorded, under load)"
    if list(data["statuses"]) not in ([], ["200"]):
        yield f"statuses: {', '.join(f'{status} {count:,}' for status, count in data['statuses'].items())}"
    connections = data["connections"]
    setup = f", {connections['setup_ms']['p50']:.2f} ms each at p50" if connections["setup_ms"] else ""
    failed = f", {connections['failed']:,} failed" if connections["failed"] else ""
    yield f"connections: {connections['opened']:,} opened{setup}{failed}"
    generator = data["generator"]
    shares = ", ".join(f"{share:.0%}" for share in generator["cpu_shares"])
    late = "" if generator["lag_p99_ms"] is None else f", {generator['lag_p99_ms']:.2f} ms late at p99"
    yield f"generator: {shares} of a core, {generator['cpu_us_per_request'] or 0:,.1f} us a request{late}"
    if server_cpu_us is not None:
        yield f"server: {server_cpu_us:,.1f} us of CPU a request"
