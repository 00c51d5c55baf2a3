"""The tables of the schema comparison, drawn from its result alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

REPORT = {"three-tables": "at most 700", "wide": "almost 2,000", "packed": ""}
"""Requests/s, as the report that this project grew from gives them, of a service in Go on 14 vCPU with RDS MySQL
db.r7g.xlarge (4 vCPU)."""
TARGETS = (
    ("unbatched", "1-5", 2.0),
    ("unbatched", "6-8", 2.5),
    ("unbatched", "190+", 8.0),
    ("merged", "natural mix", 4.0),
)
"""How many times less packed is meant to cost than wide."""


def draw(result: dict[str, Any]) -> list[Table]:
    """Return what every cell cost, by how much packed is ahead, and what is on disk."""
    return [_costs(result), _ahead(result["schemas"]), _disk(result["schemas"])]


def _costs(result: dict[str, Any]) -> Table:
    headings = ("SQL", "client", "repack", "server", "wall", "req/s")
    table = _table(
        f"us of CPU for a request, answer included: {result['records']['natural mix']:,} records"
        f" of {result['configuration']['tweets']:,} tweets",
        ("schema", "rows"),
        headings,
        "SQL: statements; repack: of the client's CPU, what the relational schemas need to make the same record of "
        "rows at every read; wall: us of time; req/s: for each core that client and server use together",
    )
    for name, schema in result["schemas"].items():
        for at, (how, size, cost) in enumerate(_cells(schema)):
            table.add_row(
                "" if at else name,
                _rows(how, size),
                f"{cost['queries']:.2f}",
                *(f"{cost[field]:,.0f}" for field in ("client_us", "rebuilding_us", "server_us", "wall_us")),
                f"{1e6 / cost['cpu_us']:,.0f}",
            )
        table.add_section()
    return table


def _ahead(schemas: dict[str, Any]) -> Table:
    headings = ("wide", "three-tables", "wide, meant to be at least")
    table = _table("CPU of client and server, times that of packed", ("rows",), headings)
    targets = {(how, size): f"{target:g}" for how, size, target in TARGETS}
    for how, size, _ in _cells(schemas["packed"]):
        times = [f"{schemas[name][how][size]['times_packed']:.1f}" for name in ("wide", "three-tables")]
        table.add_row(_rows(how, size), *times, targets.get((how, size), ""))
    return table


def _disk(schemas: dict[str, Any]) -> Table:
    table = _table("On disk", ("schema",), ("MB", "requests/s in the report"))
    for name, schema in schemas.items():
        table.add_row(name, f"{schema['disk_bytes'] / 1e6:,.0f}", REPORT[name])
    return table


def _table(title: str, names: tuple[str, ...], headings: tuple[str, ...], caption: str | None = None) -> Table:
    table = Table(title=title, caption=caption, box=SIMPLE, collapse_padding=True)
    for name in names:
        table.add_column(name, no_wrap=True)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _cells(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for how in ("unbatched", "merged"):
        for size, cost in schema[how].items():
            yield how, size, cost


def _rows(how: str, size: str) -> str:
    size = size.removeprefix("natural ")
    return f"{size}, {how}" if how == "merged" else size
