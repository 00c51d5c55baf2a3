"""The tables of the schema comparison, drawn from its result alone."""

from __future__ import annotations

from typing import Any

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
    """What every cell cost, and by how much packed is ahead."""
    schemas = result["schemas"]
    table = Table(title=f"{result['records']['natural mix']:,} records of {result['configuration']['tweets']:,} tweets")
    for heading in ("schema", "requests", "rows"):
        table.add_column(heading)
    headings = ("queries", "client CPU us", "server CPU us", "wall us", "requests/s a core")
    for heading in (*headings, "disk MB", "report: requests/s"):
        table.add_column(heading, justify="right")
    for name, schema in schemas.items():
        first = True
        for how in ("unbatched", "merged"):
            for size, cost in schema[how].items():
                table.add_row(
                    name if first else "",
                    how,
                    size,
                    f"{cost['queries']:.2f}",
                    *(f"{cost[field]:,.0f}" for field in ("client_us", "server_us", "wall_us")),
                    f"{1e6 / cost['cpu_us']:,.0f}",
                    f"{schema['disk_bytes'] / 1e6:,.0f}" if first else "",
                    REPORT[name] if first else "",
                )
                first = False
        table.add_section()
    ahead = Table(title="CPU of client and server, times that of packed")
    for heading in ("requests", "rows"):
        ahead.add_column(heading)
    for heading in ("wide", "three-tables", "wide, meant to be at least"):
        ahead.add_column(heading, justify="right")
    targets = {(how, size): target for how, size, target in TARGETS}
    for how in ("unbatched", "merged"):
        for size in schemas["packed"][how]:
            times = {name: schema[how][size]["times_packed"] for name, schema in schemas.items()}
            target = targets.get((how, size))
            meant = f"{target:g}" if target else ""
            ahead.add_row(how, size, f"{times['wide']:.1f}", f"{times['three-tables']:.1f}", meant)
    return [table, ahead]
